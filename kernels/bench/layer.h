// A layer of an artifact on a device: prepared there, multiplied, held against the host's float64, and timed.
//
// The canonical bytes are uploaded as the file has them, the device brings them into fragment order itself, and the
// product reads what the device made: a layer that comes out right says that all three steps are. Equal shapes take
// equal times, so a layer is either timed too, over copies that fill the caches, or only checked, over one copy.
// Tested by tests/bench/layer_test.cc.
#pragma once

#include <optional>
#include <string>

#include "kernels/bench/choice.h"
#include "kernels/bench/measure.h"
#include "kernels/bench/oracle.h"
#include "kernels/bench/product.h"
#include "kernels/layers.h"

namespace assay::kernels::bench {

/// Holds an output against elements that the host computed, and all of it against NaN and infinity.
class ElementOracle final : public Oracle {
 public:
  ElementOracle(const Problem& problem, std::vector<Element> elements)
      : problem_(problem), elements_(std::move(elements)) {}
  Result<Opinion> judge(std::span<const std::byte> output) override;

 private:
  std::string unwritten(std::span<const std::uint16_t> codes) const;

  Problem problem_;
  std::vector<Element> elements_;
};

/// Holds an output against bytes that the host computed.
class ByteOracle final : public Oracle {
 public:
  explicit ByteOracle(std::vector<std::uint8_t> expected) : expected_(std::move(expected)) {}
  Result<Opinion> judge(std::span<const std::byte> output) override;

 private:
  std::vector<std::uint8_t> expected_;
};

struct LayerOutcome {
  std::string choice;         ///< The plan's, in words.
  std::int64_t compared = 0;  ///< Elements.
  Measured measured;          ///< Without a time where none was asked for.
  /// The preparation by itself, every byte of it compared; where a time was asked for and weights are prepared.
  std::optional<Measured> prepared;
};

/// One problem of a layer. Without options it is checked and not timed. Error: a file, the device or a compiler; a
/// wrong result is none.
Result<LayerOutcome> measure_layer(const artifact::Checkpoint&, const Layer&, std::int64_t m, const gate::Seed&,
                                   const Choice&, const DeviceLimits&, const BenchTools&,
                                   const std::optional<TurnOptions>&);

}  // namespace assay::kernels::bench
