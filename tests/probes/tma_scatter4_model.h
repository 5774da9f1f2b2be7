// The kernel of ptx/tma_scatter4.ptx on the CPU, byte by byte of the tensor, and what single faults would give.
// Used by tests/probes/tma_scatter4_test.cc.
#pragma once

#include <algorithm>

#include "tests/probes/tma_engine_model.h"

namespace assay::probes::model {

enum class ScatterFault {
  none,
  rows_in_sequence,        ///< A box of four rows from the first on.
  rows_swapped,            ///< The second and third.
  last_row_missing,        ///< The tensor keeps its poison there.
  column_last,             ///< The coordinates read the other way round: four rows, then the column.
  column_ignored,          ///< Every row from its first element on.
  swizzle_ignored,         ///< Rows are read as they lie.
  swizzle_from_the_place,  ///< The pattern starts anew at each scatter.
  outside_clamped,         ///< A row past the last lands in the last.
  padding_written,         ///< Elements past the end of a row land behind it.
  gaps_closed,             ///< Scatters read without the step between them.
  poison_lost,             ///< What no row covers is zero.
};

class ScatterModel {
 public:
  ScatterModel(const gate::Case& launch_case, ScatterFault fault)
      : fault_(fault),
        map_(map_of(launch_case)),
        image_(part<gate::Input>(launch_case, "image").bytes),
        rows_(values_of<std::int32_t>(part<gate::Input>(launch_case, "rows").bytes)),
        column_(scalar_of<std::int32_t>(launch_case, "column")),
        row_bytes_(map_.box[0] * size_of(map_.type)),
        step_(fault == ScatterFault::gaps_closed ? 4 * row_bytes_ : scalar_of(launch_case, "step")),
        tensor_bytes_(scalar_of(launch_case, "tensor_bytes")),
        poison_(scalar_of(launch_case, "poison")) {
    if (fault == ScatterFault::column_ignored) column_ = 0;
  }

  /// The outputs in argument order.
  std::vector<Bytes> answer() const {
    Bytes tensor(tensor_bytes_);
    for (std::uint32_t at = 0; at < tensor_bytes_; ++at) tensor[at] = tensor_byte(at);
    return {tensor, status_words(1)};
  }

 private:
  std::byte tensor_byte(std::uint32_t at) const {
    const auto pitch = static_cast<std::uint32_t>(map_.strides[0]), size = size_of(map_.type);
    const std::uint32_t row = at / pitch, byte = at % pitch;
    const bool in_row = byte < map_.dims[0] * size || fault_ == ScatterFault::padding_written;
    if (in_row && row < map_.dims[1])
      for (std::uint32_t i = 0; i < rows_.size(); ++i)
        if (const auto from = source(i, row, byte, size)) return image_.at(*from);
    return fault_ == ScatterFault::poison_lost ? std::byte{0} : poison_byte(poison_, at);
  }

  /// The byte of the image that instruction i / 4's row i % 4 puts here.
  std::optional<std::uint32_t> source(std::uint32_t i, std::int64_t row, std::int64_t byte, std::uint32_t size) const {
    if (i % 4 == 3 && fault_ == ScatterFault::last_row_missing) return std::nullopt;
    const auto [column, target] = coordinates(i);
    const std::int64_t offset = byte - column * size;
    if (target != row || offset < 0 || offset >= row_bytes_) return std::nullopt;
    return physical(i / 4 * step_, i % 4 * row_bytes_ + static_cast<std::uint32_t>(offset));
  }

  std::uint32_t physical(std::uint32_t place, std::uint32_t offset) const {
    if (fault_ == ScatterFault::swizzle_ignored) return place + offset;
    if (fault_ == ScatterFault::swizzle_from_the_place) return place + exchanged(map_.swizzle, offset);
    return exchanged(map_.swizzle, place + offset);
  }

  std::pair<std::int64_t, std::int64_t> coordinates(std::uint32_t i) const {
    const std::int32_t* four = rows_.data() + i / 4 * 4;
    const std::uint32_t row = i % 4;
    switch (fault_) {
      case ScatterFault::rows_in_sequence:
        return {column_, four[0] + static_cast<std::int64_t>(row)};
      case ScatterFault::rows_swapped:
        return {column_, four[row == 1 ? 2 : row == 2 ? 1 : row]};
      case ScatterFault::column_last:
        return {four[3], row == 0 ? column_ : four[row - 1]};
      case ScatterFault::outside_clamped:
        return {column_, std::min<std::int64_t>(four[row], static_cast<std::int64_t>(map_.dims[1]) - 1)};
      default:
        return {column_, four[row]};
    }
  }

  ScatterFault fault_;
  cuda::TiledMap map_;
  Bytes image_;
  std::vector<std::int32_t> rows_;
  std::int32_t column_;
  std::uint32_t row_bytes_, step_, tensor_bytes_, poison_;
};

}  // namespace assay::probes::model
