// What a kernel's record is of: inputs from the challenge, and what must come out of them.
//
// A task is one problem. Its first trial is of wide range; a product that is no gated pair has a second of exact range;
// the operations that only move or convert have one, compared byte by byte. `changed` is the last trial again with one
// input changed, for the negative control. All of it is a pure function of problem and seed, so a verifier makes it
// again without a GPU. Tested by tests/kernels/trial_test.cc.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/gate/challenge_stream.h"
#include "harness/gate/probe.h"
#include "kernels/inputs.h"
#include "kernels/kernel.h"
#include "kernels/w4a16_reference.h"

namespace assay::kernels {

/// An array that the kernel writes. Either all its bytes are known, or some of its elements are, each within its bound,
/// or, if `exact`, rounded to the output type and bit for bit.
struct Expected {
  Role role = Role::y;
  std::size_t size = 0;  ///< Of the array in bytes.
  gate::Output whole;    ///< Its bytes; empty if it is known by elements.
  std::vector<Element> elements;
  bool exact = false;
};

struct Trial {
  std::string name;
  Inputs inputs;
  std::vector<Expected> outputs;
};

/// One input changed in the last trial.
struct Change {
  Role role = Role::x;              ///< The array of which an element is changed.
  Trial trial;                      ///< With what comes out then.
  std::vector<Expected> wrong;      ///< The same places by the unchanged oracle, which must be rejected.
  std::optional<std::int64_t> row;  ///< Of y: no other row may change.
};

struct Task {
  Operation operation;
  Problem problem;
  std::vector<Trial> trials;
};

Task make_task(Operation, const Problem&, const gate::Seed&);

/// The negative control of a task; a verifier does not need it.
Change make_change(const Task&, const gate::Seed&);

/// What the array of a role holds before the launch, if it is an input.
std::vector<std::byte> array_of(Role, const Operation&, const Problem&, const Inputs&);

}  // namespace assay::kernels
