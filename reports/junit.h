// A check as JUnit XML, for the test pages of CI systems.
//
// The shape is the one that Jenkins, GitLab and GitHub's actions read: testsuites, a testsuite a family, a testcase a
// row. A row that is not met is never a bare pass: failed and unproven ones are failures (the type is what was found),
// a driver that did not answer is an error, waived and inapplicable ones are skipped and say why. Suites of an emulated
// device are called so. Tested by tests/reports/junit_test.cc.
#pragma once

#include <string>

#include "reports/check.h"

namespace assay::reports {

std::string to_junit(const CheckReport&);

}  // namespace assay::reports
