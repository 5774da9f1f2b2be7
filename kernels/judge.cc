#include "kernels/judge.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "harness/base/digest.h"
#include "harness/gate/compare.h"
#include "kernels/fast_stream.h"

namespace assay::kernels {
namespace {

using evidence::CaseDigests;
using evidence::CaseResult;

constexpr std::string_view kTogether = "error of all together", kWritten = "every element written",
                           kAgain = "a second launch";

std::string named(const Trial& trial, std::string_view what) { return fmt::format("{}: {}", trial.name, what); }

// --- digests --------------------------------------------------------------------------------------------------------

void digest_piece(Sha256& sha, std::string_view name, std::span<const std::byte> bytes) {
  sha.update(name);
  sha.update(std::string_view("\0", 1));
  sha.update(bytes);
}

std::string inputs_digest(const Inputs& inputs) {
  Sha256 sha;
  digest_piece(sha, "codes", std::as_bytes(std::span(inputs.codes)));
  digest_piece(sha, "scales", std::as_bytes(std::span(inputs.scales)));
  digest_piece(sha, "x", std::as_bytes(std::span(inputs.x)));
  digest_piece(sha, "bias", std::as_bytes(std::span(inputs.bias)));
  digest_piece(sha, "tensor scale", std::as_bytes(std::span(inputs.tensor_scale)));
  return hex(sha.finish());
}

/// Places, and values rounded to the output type. The bounds follow from inputs and version; an exponential's last bit,
/// which differs between hosts, is not digested.
std::vector<std::byte> bytes_of_elements(const Expected& expected, const Problem& problem) {
  std::vector<std::int64_t> words;
  for (const Element& element : expected.elements) {
    words.push_back(element.row);
    words.push_back(element.column);
    words.push_back(nearest(problem.activation, element.value));
  }
  return gate::bytes_of(words);
}

std::string expected_digest(const Trial& trial, const Problem& problem) {
  Sha256 sha;
  for (const Expected& expected : trial.outputs) {
    if (expected.elements.empty())
      digest_piece(sha, expected.whole.name, expected.whole.expected);
    else
      digest_piece(sha, expected.exact ? "y, bit for bit" : "y, within bounds", bytes_of_elements(expected, problem));
  }
  return hex(sha.finish());
}

std::string observed_digest(const Trial& trial, const Observed& observed) {
  Sha256 sha;
  for (const Expected& expected : trial.outputs)
    digest_piece(sha, fmt::format("{}", static_cast<int>(expected.role)), observed.at(expected.role));
  return hex(sha.finish());
}

std::string rule_digest(std::string_view rule) { return hex(sha256(rule)); }

// --- elements -------------------------------------------------------------------------------------------------------

std::uint16_t bits_at(std::span<const std::byte> y, std::size_t index) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, y.data() + index * sizeof bits, sizeof bits);
  return bits;
}

std::size_t index_of(const Problem& problem, const Element& element) {
  return static_cast<std::size_t>(element.row * problem.n + element.column);
}

bool agrees(const Problem& problem, const Element& element, bool exact, std::uint16_t bits) {
  if (exact) return bits == nearest(problem.activation, element.value);
  // False for NaN, as it must be.
  return std::fabs(static_cast<double>(value_of(problem.activation, bits)) - element.value) <= element.bound;
}

std::string told(const Problem& problem, const Element& element, bool exact, std::uint16_t bits) {
  const double got = static_cast<double>(value_of(problem.activation, bits));
  if (exact)
    return fmt::format("y[{}][{}]: expected {:#06x}, observed {:#06x}", element.row, element.column,
                       nearest(problem.activation, element.value), bits);
  return fmt::format("y[{}][{}]: expected {:.6g} within {:.3g}, observed {:.6g}", element.row, element.column,
                     element.value, element.bound, got);
}

/// Counts into a case; the first mismatch is told.
void compare_elements(const Problem& problem, const Expected& expected, std::span<const std::byte> y,
                      CaseResult& result) {
  for (const Element& element : expected.elements) {
    ++result.compared;
    const std::uint16_t bits = bits_at(y, index_of(problem, element));
    if (agrees(problem, element, expected.exact, bits)) continue;
    if (result.mismatches++ == 0) result.first_mismatch = told(problem, element, expected.exact, bits);
  }
}

CaseResult compare_trial(const Task& task, const Trial& trial, std::span<const Expected> outputs,
                         const Observed& observed) {
  CaseResult result{.name = trial.name};
  for (const Expected& expected : outputs) {
    const std::span<const std::byte> bytes = observed.at(expected.role);
    if (!expected.elements.empty()) {
      compare_elements(task.problem, expected, bytes, result);
      continue;
    }
    const gate::Comparison comparison = gate::compare(expected.whole, bytes);
    result.compared += comparison.compared;
    result.mismatches += static_cast<std::int64_t>(comparison.mismatches.size());
    if (result.first_mismatch.empty()) result.first_mismatch = comparison.first;
  }
  return result;
}

double frobenius_error(const Problem& problem, const Expected& expected, std::span<const std::byte> y) {
  double off = 0, all = 0;
  for (const Element& element : expected.elements) {
    const double got = static_cast<double>(value_of(problem.activation, bits_at(y, index_of(problem, element))));
    if (!std::isfinite(got)) return std::numeric_limits<double>::infinity();
    off += (got - element.value) * (got - element.value);
    all += element.value * element.value;
  }
  return std::sqrt(off / all);
}

CaseResult together(const Task& task, const Trial& trial, const Observed& observed) {
  CaseResult result{.name = named(trial, kTogether), .expected_sha256 = rule_digest(kTogether), .compared = 1};
  const double error = frobenius_error(task.problem, trial.outputs.front(), observed.at(Role::y));
  if (error <= kLargestFrobenius) return result;
  result.mismatches = 1;
  result.first_mismatch = fmt::format("relative Frobenius error {:.3g}, at most {:.3g}", error, kLargestFrobenius);
  return result;
}

CaseResult written(const Task& task, const Trial& trial, const Observed& observed) {
  const std::span<const std::byte> y = observed.at(Role::y);
  CaseResult result{.name = named(trial, kWritten),
                    .expected_sha256 = rule_digest(kWritten),
                    .compared = task.problem.m * task.problem.n};
  for (std::size_t i = 0; i < y.size() / sizeof(std::uint16_t); ++i) {
    const std::uint16_t bits = bits_at(y, i);
    if (std::isfinite(value_of(task.problem.activation, bits))) continue;
    if (result.mismatches++ == 0)
      result.first_mismatch = fmt::format("y[{}][{}] is {:#06x}, not finite: not written, or wrong",
                                          static_cast<std::int64_t>(i) / task.problem.n,
                                          static_cast<std::int64_t>(i) % task.problem.n, bits);
  }
  return result;
}

bool of_elements(const Trial& trial) { return !trial.outputs.front().elements.empty(); }
bool of_wide_product(const Trial& trial) { return of_elements(trial) && !trial.outputs.front().exact; }
/// Whether there are enough elements for their common error to say something.
bool is_judged_together(const Trial& trial) {
  return of_wide_product(trial) && deciding_elements(trial.outputs.front().elements) >= kFewestTogether;
}

// --- what a verifier makes again -------------------------------------------------------------------------------------

std::int64_t words_of(const Trial& trial) {
  std::int64_t words = 0;
  for (const Expected& expected : trial.outputs) words += static_cast<std::int64_t>((expected.size + 3) / 4);
  return words;
}

/// The comparison itself. Of bytes also what a right device returns is known.
CaseDigests first_digests(const Task& task, const Trial& trial, const std::string& inputs) {
  CaseDigests result{.name = trial.name,
                     .compared = words_of(trial),
                     .inputs_sha256 = inputs,
                     .expected_sha256 = expected_digest(trial, task.problem),
                     .exact = !of_elements(trial),
                     .observed_if_right = {}};
  if (of_elements(trial)) {
    result.compared = static_cast<std::int64_t>(trial.outputs.front().elements.size());
    return result;
  }
  Observed right;
  for (const Expected& expected : trial.outputs) right[expected.role] = expected.whole.expected;
  result.observed_if_right = observed_digest(trial, right);
  return result;
}

/// The first launch's output, whatever it was, must have come out again.
CaseDigests again_digests(const Trial& trial, const std::string& inputs, const evidence::Record& record) {
  const std::string first = record.cases.empty() ? "" : record.cases.front().observed_sha256;
  return {.name = named(trial, kAgain),
          .compared = words_of(trial),
          .inputs_sha256 = inputs,
          .expected_sha256 = first,
          .exact = true,
          .observed_if_right = first};
}

// --- the changed operand --------------------------------------------------------------------------------------------

/// Places where the right oracle and the wrong one cannot both be met. Elements within bounds are known to differ only
/// where the bounds do not meet.
std::int64_t predicted_moves(const Task& task, const Change& change) {
  std::int64_t moves = 0;
  for (std::size_t i = 0; i < change.wrong.size(); ++i) {
    const Expected &right = change.trial.outputs[i], &wrong = change.wrong[i];
    if (right.elements.empty())
      moves += static_cast<std::int64_t>(gate::differing_words(right.whole.expected, wrong.whole.expected).size());
    for (std::size_t j = 0; j < right.elements.size(); ++j) {
      const Element &a = right.elements[j], &b = wrong.elements[j];
      const bool apart = right.exact
                             ? nearest(task.problem.activation, a.value) != nearest(task.problem.activation, b.value)
                             : std::fabs(a.value - b.value) > a.bound + b.bound;
      moves += apart ? 1 : 0;
    }
  }
  return moves;
}

std::string moved_elsewhere(const Problem& problem, std::int64_t row, std::span<const std::byte> before,
                            std::span<const std::byte> after) {
  const auto count = static_cast<std::size_t>(problem.m * problem.n);
  for (std::size_t i = 0; i < count; ++i) {
    const auto at = static_cast<std::int64_t>(i);
    if (at / problem.n == row || bits_at(before, i) == bits_at(after, i)) continue;
    return fmt::format("a changed activation of row {} moved y[{}][{}]", row, at / problem.n, at % problem.n);
  }
  return "";
}

}  // namespace

std::vector<CaseResult> judge(const Task& task, const Trial& trial, const Observed& observed) {
  std::vector<CaseResult> cases = {compare_trial(task, trial, trial.outputs, observed)};
  cases.front().expected_sha256 = expected_digest(trial, task.problem);
  if (of_wide_product(trial)) cases.push_back(written(task, trial, observed));
  if (is_judged_together(trial)) cases.push_back(together(task, trial, observed));
  const std::string inputs = inputs_digest(trial.inputs), came_out = observed_digest(trial, observed);
  for (CaseResult& one : cases) {
    one.inputs_sha256 = inputs;
    one.observed_sha256 = came_out;
  }
  return cases;
}

CaseResult judge_again(const Trial& trial, const Observed& first, const Observed& second) {
  CaseResult result{.name = named(trial, kAgain), .inputs_sha256 = inputs_digest(trial.inputs)};
  result.expected_sha256 = observed_digest(trial, first);
  result.observed_sha256 = observed_digest(trial, second);
  for (const Expected& expected : trial.outputs) {
    const gate::Output once{"first launch", first.at(expected.role), {}};
    const gate::Comparison comparison = gate::compare(once, second.at(expected.role));
    result.compared += comparison.compared;
    result.mismatches += static_cast<std::int64_t>(comparison.mismatches.size());
    if (result.first_mismatch.empty()) result.first_mismatch = comparison.first;
  }
  return result;
}

std::string fault_of(const Task& task, const Change& change, const Observed& before, const Observed& after) {
  const std::int64_t predicted = predicted_moves(task, change);
  if (predicted == 0) return "the changed operand is predicted to move nothing";
  const CaseResult right = compare_trial(task, change.trial, change.trial.outputs, after);
  if (right.mismatches > 0)
    return fmt::format("a changed operand gave other values than predicted: {}", right.first_mismatch);
  const CaseResult wrong = compare_trial(task, change.trial, change.wrong, after);
  const bool bounded = of_wide_product(change.trial);
  if (bounded ? wrong.mismatches < predicted : wrong.mismatches != predicted)
    return fmt::format("a changed operand moved {} places, predicted were {}{}", wrong.mismatches,
                       bounded ? "at least " : "", predicted);
  if (!change.row) return "";
  return moved_elsewhere(task.problem, *change.row, before.at(Role::y), after.at(Role::y));
}

std::vector<CaseDigests> digests(const Task& task, const evidence::Record& record) {
  std::vector<CaseDigests> all;
  for (const Trial& trial : task.trials) {
    const std::string inputs = inputs_digest(trial.inputs);
    all.push_back(first_digests(task, trial, inputs));
    const auto by_rule = [&](std::string_view rule, std::int64_t compared) {
      all.push_back({.name = named(trial, rule),
                     .compared = compared,
                     .inputs_sha256 = inputs,
                     .expected_sha256 = rule_digest(rule),
                     .exact = false,
                     .observed_if_right = {}});
    };
    if (of_wide_product(trial)) by_rule(kWritten, task.problem.m * task.problem.n);
    if (is_judged_together(trial)) by_rule(kTogether, 1);
    if (&trial == &task.trials.front()) all.push_back(again_digests(trial, inputs, record));
  }
  return all;
}

std::vector<std::byte> poison(std::size_t bytes, const gate::Seed& seed, std::string_view label) {
  FastStream stream(seed, label);
  std::vector<std::uint16_t> words((bytes + 1) / 2);
  // 0x7f81..0x7fff: all exponent bits of both types, and a fraction that is not zero in either.
  for (std::uint16_t& word : words)
    word = static_cast<std::uint16_t>(0x7f81 + stream.below(0x7f) + (stream.below(2) << 15));
  std::vector<std::byte> filled = gate::bytes_of(words);
  filled.resize(bytes);
  return filled;
}

}  // namespace assay::kernels
