// The kernel of ptx/tma_gather4.ptx on the CPU, byte by byte of what comes back, and what single faults would give.
// Used by tests/probes/tma_gather4_test.cc.
#pragma once

#include <algorithm>

#include "tests/probes/tma_engine_model.h"

namespace assay::probes::model {

enum class GatherFault {
  none,
  rows_in_sequence,        ///< A box of four rows from the first on.
  rows_swapped,            ///< The second and third.
  last_row_missing,        ///< Keeps its poison.
  column_last,             ///< The coordinates read the other way round: four rows, then the column.
  column_ignored,          ///< Every row from its first element.
  swizzle_ignored,         ///< Rows lie as they are.
  swizzle_from_the_place,  ///< The pattern starts anew at each gather.
  outside_clamped,         ///< The nearest row in place of one outside.
  outside_kept,            ///< Elements outside leave the poison.
  pitch_without_padding,   ///< Rows follow each other without their padding.
  gaps_closed,             ///< Gathers follow each other without the step.
  tail_overwritten,        ///< Eight rows land for four.
  copied_out_short,        ///< The kernel gives back no tail.
};

class GatherModel {
 public:
  GatherModel(const gate::Case& launch_case, GatherFault fault)
      : fault_(fault),
        map_(map_of(launch_case)),
        tensor_(part<gate::Input>(launch_case, "tensor").bytes),
        rows_(values_of<std::int32_t>(part<gate::Input>(launch_case, "rows").bytes)),
        column_(scalar_of<std::int32_t>(launch_case, "column")),
        gathers_(scalar_of(launch_case, "gathers")),
        bytes_(scalar_of(launch_case, "bytes")),
        step_(fault == GatherFault::gaps_closed ? bytes_ : scalar_of(launch_case, "step")),
        end_(gathers_ * scalar_of(launch_case, "step") + 256),
        poison_(scalar_of(launch_case, "poison")) {
    if (fault == GatherFault::pitch_without_padding) map_.strides[0] = map_.dims[0] * size_of(map_.type);
  }

  /// The outputs in argument order.
  std::vector<Bytes> answer() const { return {copied_out(), status_words(128)}; }

 private:
  /// Lane by lane, word by word, as the loop behind the wait goes.
  Bytes copied_out() const {
    Bytes out(end_, std::byte{0});
    const std::uint32_t end = fault_ == GatherFault::copied_out_short ? end_ - 256 : end_;
    for (std::uint32_t lane = 0; lane < 128; ++lane)
      for (std::uint32_t at = 4 * lane; at < end; at += 512)
        for (std::uint32_t byte = 0; byte < 4; ++byte) out[at + byte] = shared_byte(at + byte);
    return out;
  }

  std::byte shared_byte(std::uint32_t at) const {
    const std::uint32_t place = logical(at), gather = place / step_, offset = place % step_;
    const std::uint32_t landed = fault_ == GatherFault::tail_overwritten ? 2 * bytes_ : bytes_;
    const bool last_spills = gather == gathers_ && fault_ == GatherFault::tail_overwritten;
    if ((gather >= gathers_ && !last_spills) || offset >= landed) return poison_byte(poison_, at);
    const std::uint32_t row = offset / (bytes_ / 4) % 4, byte = offset % (bytes_ / 4);
    if (row == 3 && fault_ == GatherFault::last_row_missing) return poison_byte(poison_, at);
    return source_byte(std::min(gather, gathers_ - 1), row, byte, at);
  }

  std::uint32_t logical(std::uint32_t at) const {
    if (fault_ == GatherFault::swizzle_ignored) return at;
    if (fault_ != GatherFault::swizzle_from_the_place) return exchanged(map_.swizzle, at);
    return at / step_ * step_ + exchanged(map_.swizzle, at % step_);
  }

  std::byte source_byte(std::uint32_t gather, std::uint32_t row, std::uint32_t byte, std::uint32_t at) const {
    const std::uint32_t size = size_of(map_.type);
    const auto [column, tensor_row] = coordinates(gather, row);
    const std::int64_t x = column + byte / size;
    std::int64_t y = tensor_row;
    if (fault_ == GatherFault::outside_clamped)
      y = std::clamp<std::int64_t>(y, 0, static_cast<std::int64_t>(map_.dims[1]) - 1);
    const auto from = tensor_place(map_, x, y, byte % size);
    if (from) return tensor_.at(*from);
    return fault_ == GatherFault::outside_kept ? poison_byte(poison_, at) : std::byte{0};
  }

  std::pair<std::int64_t, std::int64_t> coordinates(std::uint32_t gather, std::uint32_t row) const {
    const std::int32_t* four = rows_.data() + 4 * gather;
    const std::int64_t column = fault_ == GatherFault::column_ignored ? 0 : column_;
    switch (fault_) {
      case GatherFault::rows_in_sequence:
        return {column, four[0] + static_cast<std::int64_t>(row)};
      case GatherFault::rows_swapped:
        return {column, four[row == 1 ? 2 : row == 2 ? 1 : row]};
      case GatherFault::column_last:
        return {four[3], row == 0 ? column : four[row - 1]};
      default:
        return {column, four[row]};
    }
  }

  GatherFault fault_;
  cuda::TiledMap map_;
  Bytes tensor_;
  std::vector<std::int32_t> rows_;
  std::int32_t column_;
  std::uint32_t gathers_, bytes_, step_, end_, poison_;
};

}  // namespace assay::probes::model
