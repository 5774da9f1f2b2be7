// What a bundle shows, under the keys by which profiles expect it.
//
// Most keys are those of measurements. What the loader said to an image, and whether an instruction ran, stand in
// records of their own: a table says which record answers for which key. Tested by
// tests/reports/profile_differences_test.cc.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "harness/base/json.h"
#include "harness/evidence/verify.h"

namespace assay::reports {

struct Observation {
  Json value;
  std::string unit;
  std::string record;  ///< Id of the record that it stands in.
};

/// By key; of two records that show a key, the first counts. A value that could not be read is none.
using Observations = std::map<std::string, Observation, std::less<>>;
Observations observations(const evidence::VerifyReport&);

}  // namespace assay::reports
