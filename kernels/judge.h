// What came out of a launch, held against a trial; and what a record keeps of a trial.
//
// Of a product's first trial there are up to four cases, because one comparison of a sample would leave too much
// unsaid:
//
//     wide range                          every compared element within its bound
//     wide range: every element written   no element of y, compared or not, is NaN or infinite. The poison is NaN in
//                                         both output types, so what a kernel leaves out is seen wherever it is
//     wide range: error of all together   the relative Frobenius error of what is compared, where enough elements
//     decide wide range: a second launch         the same bits again, all of y
//
// An exact trial is one case. Of the other operations all bytes are one case, and a second launch is another.
// Everything here is pure. Tested by tests/kernels/judge_test.cc.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "harness/evidence/record.h"
#include "harness/evidence/verify.h"
#include "kernels/trial.h"

namespace assay::kernels {

/// Arrays as they were read back after a launch.
using Observed = std::map<Role, std::vector<std::byte>>;

/// The cases of a trial after its first launch.
std::vector<evidence::CaseResult> judge(const Task&, const Trial&, const Observed&);

/// The case of a second launch with the same inputs.
evidence::CaseResult judge_again(const Trial&, const Observed& first, const Observed& second);

/// What the changed operand did otherwise than predicted; empty if nothing. `before` is of the last trial's launch.
std::string fault_of(const Task&, const Change&, const Observed& before, const Observed& after);

/// The cases that a right record of the task has, in order, as far as they are known without the device. A second
/// launch's are held against what the record says of the first.
std::vector<evidence::CaseDigests> digests(const Task&, const evidence::Record&);

/// A NaN in BF16 and in FP16 alike, for every element, drawn from the challenge.
std::vector<std::byte> poison(std::size_t bytes, const gate::Seed&, std::string_view label);

}  // namespace assay::kernels
