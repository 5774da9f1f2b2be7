// What a child said to its parent: the lines of attempt.h, understood one by one. Tested by tests/gate/runner_test.cc.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/child.h"
#include "harness/base/json.h"
#include "harness/evidence/record.h"
#include "harness/gate/attempt.h"

namespace assay::gate {

/// What a child said, line by line.
struct Reply {
  std::vector<evidence::Record> finished;
  std::optional<evidence::Record> begun;           ///< The record as it was when the last stage began...
  evidence::Stage at = evidence::Stage::assemble;  ///< ...and that stage; cleared when the record is finished.
  std::optional<Survey> survey;
  Json tools = Json::array();
  std::string fault;  ///< A line that was not understood.
  ChildResult child;
};

/// Whether the child ended as a program should: by itself, with nothing left open.
bool ended_well(const Reply&);

/// Takes one line; what is not understood becomes the reply's fault.
void understand(std::string_view line, Reply&);

}  // namespace assay::gate
