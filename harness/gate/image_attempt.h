// An image for a loader to judge: how it is built, what is edited in it, and whether it may ever run.
//
// A gate that asks about the loader, and not about an instruction, makes a list of these. Each is one attempt and one
// record. As plain data the list can be audited: every edit single and named, every image from a text of this
// repository, nothing launched that its row does not let be launched. How an attempt unfolds: run_image.h. Tested by
// tests/probes/cubin_arch_patch_test.cc.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/target.h"
#include "harness/gate/challenge_stream.h"
#include "harness/gate/probe.h"

namespace assay::gate {

/// What is handed to the driver.
enum class Container {
  cubin,   ///< CUDA C++ compiled by NVRTC, whose images equal nvcc's.
  fatbin,  ///< The cubin as the only entry of a fatbin.
  ptx      ///< Text, for the driver's own assembler.
};

/// Which launches of edited images were asked for. The order is one of daring.
enum class PatchedLaunch {
  none,
  baseline,  ///< The plain arithmetic kernel.
  all        ///< Also images of other instructions; for a person on a machine of their own.
};

/// What the toolchain builds for this device.
struct Native {
  std::vector<std::byte> image;  ///< Of the attempt's own text; empty where there is none for this device.
  int sm = 0;                    ///< The SM number of its header; the device's own where there is no image.
};

/// Edits a copy of an image. Error: the image is not as the edit expects, so nothing is edited.
using EditImage = std::function<Result<std::vector<std::byte>>(std::span<const std::byte> image, const Native&)>;

/// What a launch may show, beside what it then tells of the copy of the code that ran.
struct Reading {
  std::string executed;  ///< "the edited .text"; empty where the images differ in nothing that could tell.
  Case expected;
  Case negative;  ///< `expected` with one operand changed.
};

struct ImageAttempt {
  std::string variant;  ///< Unique in the gate, never renamed: "sm-byte.arithmetic.sm_100a".
  std::string asks;     ///< One line for people: what is edited, and what the answer may tell.
  Container container = Container::cubin;
  std::string text;                ///< CUDA C++, or PTX with its directives filled in.
  Target source;                   ///< What the image is built for; with PTX what it says of itself.
  std::string ptx_beside;          ///< In a fatbin: PTX for sm_80 with a kernel of the same name; empty: none.
  std::string entry;               ///< Name of the kernel.
  EditImage edit;                  ///< Empty: as built.
  bool broken_on_purpose = false;  ///< PTX that no assembler takes: only the loader's code for it is asked.
  PatchedLaunch launched_by = PatchedLaunch::none;
  std::vector<Reading> readings;  ///< Of a launch: the first that agrees is what happened.
};

/// Whether the row is one of those that such leave lets be launched.
inline bool may_launch(const ImageAttempt& image, PatchedLaunch allowed) {
  return image.launched_by != PatchedLaunch::none && image.launched_by <= allowed;
}

/// A gate's attempts for a device of this target: pure, the same on every host. The first one speaks for the gate.
using MakeImages = std::vector<ImageAttempt> (*)(const Seed&, Target device);

}  // namespace assay::gate
