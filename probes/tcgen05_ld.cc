#include "probes/tcgen05_ld.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "ptx/texts.h"

namespace assay::probes {
namespace {

using gate::ChallengeStream;
using enum TmemOperation;
using enum TmemShape;

constexpr std::uint32_t kThreads = 128, kLanes = 128, kColumns = 512, kRegisters = 32;
constexpr std::uint32_t kWindow = 64;  // columns
constexpr std::uint32_t kImageBytes = 16384, kLeastImageBytes = 2048;
constexpr std::size_t kSlotWords = kThreads * kRegisters;

constexpr TmemForm kForms[] = {{load, s32x32b, 1},   {load, s32x32b, 2},   {load, s32x32b, 4},    {load, s32x32b, 8},
                               {load, s32x32b, 16},  {load, s32x32b, 32},  {load, s16x64b, 1},    {load, s16x64b, 2},
                               {load, s16x64b, 4},   {load, s16x64b, 8},   {load, s16x64b, 16},   {load, s16x64b, 32},
                               {load, s16x128b, 1},  {load, s16x128b, 2},  {load, s16x128b, 4},   {load, s16x128b, 8},
                               {load, s16x128b, 16}, {load, s16x256b, 1},  {load, s16x256b, 2},   {load, s16x256b, 4},
                               {load, s16x256b, 8},  {store, s32x32b, 1},  {store, s32x32b, 32},  {store, s16x64b, 2},
                               {store, s16x64b, 32}, {store, s16x128b, 1}, {store, s16x128b, 16}, {store, s16x256b, 1},
                               {store, s16x256b, 8}, {copy, c32x128b, 1},  {copy, c128x128b, 1},  {copy, c128x256b, 1}};

std::uint32_t form_number(TmemOperation operation, TmemShape shape, std::uint32_t count) {
  const auto form = std::ranges::find_if(
      kForms, [&](const TmemForm& f) { return f.operation == operation && f.shape == shape && f.count == count; });
  return static_cast<std::uint32_t>(form - std::begin(kForms));
}

/// What one step of a shape, .x1, takes of tensor memory, and of each thread's registers.
struct Extent {
  std::uint32_t lanes, columns, registers;
};

Extent extent(TmemShape shape) {
  switch (shape) {
    case s32x32b:
      return {32, 1, 1};
    case s16x64b:
      return {16, 2, 1};
    case s16x128b:
      return {16, 4, 2};
    case s16x256b:
      return {16, 8, 4};
    case c32x128b:
      return {32, 4, 0};
    case c128x128b:
      return {128, 4, 0};
    case c128x256b:
      return {128, 8, 0};
  }
  return {};
}

/// Where a copy finds its rows in the image, in bytes.
struct Rows {
  std::uint32_t start = 0, leading = 0, stride = 0;
};

struct Step {
  std::uint32_t form = 0;
  std::uint32_t slot = 0;              // of `data`: the registers before the step
  std::uint32_t lane = 0, column = 0;  // relative to what the warp reaches, and to the allocation
  std::uint32_t out = 0;               // of a load
  Rows rows;                           // of a copy
};

struct Cell {
  std::uint32_t lane, column;
};

/// The cell of a thread's register, relative to the address of a load or store (PTX ISA 9.7.16.2.3).
Cell cell(TmemShape shape, std::uint32_t thread, std::uint32_t i) {
  switch (shape) {
    case s32x32b:
      return {thread, i};
    case s16x64b:
      return {thread / 4 + 8 * (thread % 2), 2 * i + thread / 2 % 2};
    case s16x128b:
      return {thread / 4 + 8 * (i % 2), 4 * (i / 2) + thread % 4};
    default:
      return {thread / 4 + 8 * (i / 2 % 2), 8 * (i / 4) + 2 * (thread % 4) + i % 2};
  }
}

struct Script {
  std::string name;
  std::vector<Step> steps;
  std::vector<std::uint32_t> data;  // slots of registers
  std::vector<std::byte> image;
};

// --- The oracle: tensor memory as rows of words, the script step by step ---

class TensorMemory {
 public:
  std::uint32_t& at(std::uint32_t lane, std::uint32_t column) { return words_.at(lane * kColumns + column); }

 private:
  std::vector<std::uint32_t> words_ = std::vector<std::uint32_t>(kLanes * kColumns);
};

/// Calls visit(word of the register file, cell) for each register that a load or store names.
template <class Visit>
void for_each_register(const Step& step, Visit visit) {
  const TmemForm& form = kForms[step.form];
  for (std::uint32_t thread = 0; thread < kThreads; ++thread)
    for (std::uint32_t i = 0; i < form.count * extent(form.shape).registers; ++i) {
      const Cell relative = cell(form.shape, thread % 32, i);
      visit(thread * kRegisters + i, Cell{thread / 32 * 32 + step.lane + relative.lane, step.column + relative.column});
    }
}

std::uint32_t image_word(const std::vector<std::byte>& image, std::uint32_t byte) {
  std::uint32_t word = 0;
  std::memcpy(&word, image.data() + byte, sizeof word);
  return word;
}

void copy_rows(const Script& script, const Step& step, TensorMemory& memory) {
  const Extent rows = extent(kForms[step.form].shape);
  for (std::uint32_t lane = 0; lane < kLanes; ++lane)
    for (std::uint32_t column = 0; column < rows.columns; ++column) {
      const std::uint32_t row = lane % rows.lanes;  // 32 rows go to all four quarters
      memory.at(lane, step.column + column) =
          image_word(script.image, step.rows.start + row / 8 * step.rows.stride + row % 8 * 16 +
                                       column / 4 * step.rows.leading + column % 4 * 4);
    }
}

std::vector<std::uint32_t> slot_words(const Script& script, const Step& step) {
  const auto first = script.data.begin() + static_cast<std::ptrdiff_t>(step.slot * kSlotWords);
  return {first, first + kSlotWords};
}

/// The registers of all threads after each load.
std::vector<std::uint32_t> loaded(const Script& script) {
  TensorMemory memory;
  std::vector<std::uint32_t> out;
  for (const Step& step : script.steps) {
    std::vector<std::uint32_t> registers = slot_words(script, step);
    switch (kForms[step.form].operation) {
      case store:
        for_each_register(step, [&](std::size_t i, Cell at) { memory.at(at.lane, at.column) = registers[i]; });
        break;
      case copy:
        copy_rows(script, step, memory);
        break;
      case load:
        for_each_register(step, [&](std::size_t i, Cell at) { registers[i] = memory.at(at.lane, at.column); });
        out.insert(out.end(), registers.begin(), registers.end());
    }
  }
  return out;
}

// --- Scripts from the challenge ---

class Writer {
 public:
  Writer(ChallengeStream& stream, std::string name, std::uint32_t image_bytes)
      : stream_(stream), base_(8 * stream.below((kColumns - kWindow) / 8 + 1)) {
    script_.name = std::move(name);
    script_.image = stream.bytes(image_bytes);
  }

  /// A step in the window at this lane and column of it.
  void add(std::uint32_t form, std::uint32_t lane, std::uint32_t column) {
    Step step{.form = form, .slot = 0, .lane = lane, .column = base_ + column, .out = 0, .rows = {}};
    if (kForms[form].operation == store) step.slot = stores_++;
    if (kForms[form].operation == load) step.out = loads_++;
    if (kForms[form].operation == copy) step.rows = draw_rows(kForms[form].shape);
    script_.steps.push_back(step);
  }

  /// A step somewhere in the window, on a multiple of the shape's columns.
  void add_somewhere(std::uint32_t form) {
    const Extent one = extent(kForms[form].shape);
    const std::uint32_t columns = one.columns * kForms[form].count;
    // One draw a statement: the order of two in one argument list differs between hosts.
    const std::uint32_t column = one.columns * stream_.below((kWindow - columns) / one.columns + 1);
    const std::uint32_t lane = one.lanes == 16 ? 16 * stream_.below(2) : 0;
    add(form, lane, column);
  }

  /// A step of one column outside of the window, whose number differs in one bit from that of a column in it.
  void add_beside(std::uint32_t form, std::uint32_t column, std::uint32_t bit) {
    add(form, 0, ((base_ + column) ^ bit) - base_);
  }

  /// The whole window in steps of one form.
  void fill(std::uint32_t form) {
    const Extent one = extent(kForms[form].shape);
    for (std::uint32_t lane = 0; lane < 32; lane += one.lanes)
      for (std::uint32_t column = 0; column < kWindow; column += one.columns * kForms[form].count)
        add(form, lane, column);
  }

  /// Draws what the registers hold before each step: a store's own slot, otherwise any.
  Script finish() && {
    script_.data.resize(stores_ * kSlotWords);
    for (std::uint32_t& word : script_.data) word = stream_.next();
    for (Step& step : script_.steps)
      if (kForms[step.form].operation == load) step.slot = stream_.below(stores_);
    return std::move(script_);
  }

 private:
  // Either the two halves of a row of 32 bytes are neighbours and groups of eight rows follow each other, or all groups
  // of the first half come before those of the second; with gaps, so that no two fields are alike by chance.
  Rows draw_rows(TmemShape shape) {
    const Extent one = extent(shape);
    const std::uint32_t groups = one.lanes / 8, halves = one.columns / 4;
    const bool neighbours = stream_.below(2) == 0;
    Rows rows;
    rows.stride = 128 * ((halves == 2 && neighbours ? 2 : 1) + stream_.below(2));
    rows.leading = neighbours ? 128 : rows.stride * groups + 128 * stream_.below(2);
    const std::uint32_t bytes = (halves - 1) * rows.leading + (groups - 1) * rows.stride + 128;
    rows.start = 128 * stream_.below((kImageBytes - bytes) / 128 + 1);
    return rows;
  }

  ChallengeStream& stream_;
  std::uint32_t base_;
  std::uint32_t stores_ = 0, loads_ = 0;
  Script script_;
};

Script draw(ChallengeStream& stream, std::string name, const TmemForm& fill) {
  const bool copies = fill.operation == copy;
  const std::uint32_t form = form_number(fill.operation, fill.shape, fill.count);
  Writer writer(stream, std::move(name), copies ? kImageBytes : kLeastImageBytes);
  if (copies) writer.fill(form_number(store, s32x32b, 32));  // what no copy reaches must show
  writer.fill(form);
  for (std::uint32_t any = 0; any < std::size(kForms); ++any)
    if (kForms[any].operation == load) writer.add_somewhere(any);
  if (copies) writer.add_somewhere(form);
  writer.add_somewhere(form_number(store, s32x32b, 1));
  writer.add_somewhere(form_number(store, s16x64b, 2));
  writer.add_somewhere(form_number(store, s16x128b, 1));
  writer.add_somewhere(form_number(store, s16x256b, 1));
  const std::uint32_t column = stream.below(kWindow);
  for (const std::uint32_t bit : {64u, 128u, 256u}) writer.add_beside(form_number(store, s32x32b, 1), column, bit);
  for (const std::uint32_t bit : {64u, 128u, 256u}) writer.add_beside(form_number(load, s32x32b, 1), column, bit);
  writer.fill(form_number(load, s32x32b, 32));
  writer.add_somewhere(form_number(load, s16x64b, 16));
  writer.add_somewhere(form_number(load, s16x128b, 8));
  writer.add_somewhere(form_number(load, s16x256b, 4));
  return std::move(writer).finish();
}

// --- Cases ---

/// Bits 13:0 start, 29:16 leading, 45:32 stride, all / 16; 48:46 are 0b001; 63:61 no swizzle (PTX ISA 9.7.16.4.1).
std::uint64_t descriptor(const Rows& rows) {
  const auto field = [](std::uint32_t bytes) { return static_cast<std::uint64_t>(bytes / 16); };
  return std::uint64_t{1} << 46 | field(rows.stride) << 32 | field(rows.leading) << 16 | field(rows.start);
}

std::vector<std::uint32_t> script_words(const Script& script) {
  std::vector<std::uint32_t> words;
  for (const Step& step : script.steps) {
    const std::uint64_t rest = kForms[step.form].operation == copy ? descriptor(step.rows) : step.out;
    for (const std::uint32_t word : {step.form | step.slot << 8, step.lane << 16 | step.column,
                                     static_cast<std::uint32_t>(rest), static_cast<std::uint32_t>(rest >> 32)})
      words.push_back(word);
  }
  return words;
}

gate::Case make_case(const Script& script) {
  const auto scalar = [](std::string name, std::size_t value) {
    return gate::Scalar{std::move(name), gate::bytes_of(static_cast<std::uint32_t>(value))};
  };
  return {.name = script.name,
          .entry = "move",
          .launch = {.grid = {}, .block = {kThreads}, .cluster = {}},
          .arguments = {gate::Input{"script", gate::bytes_of(script_words(script))},
                        gate::Input{"data", gate::bytes_of(script.data)}, gate::Input{"image", script.image},
                        gate::Output{"out", gate::bytes_of(loaded(script)), {}},
                        gate::Output{"status", gate::bytes_of(std::vector<std::uint32_t>(kThreads, gate::kWaited)), {}},
                        scalar("steps", script.steps.size()), scalar("columns", kColumns),
                        scalar("bytes", script.image.size())},
          .hidden = {}};
}

/// The first load, of one column, looks at the column beside it.
void move_first_load(Script& script) {
  const auto first = std::ranges::find(script.steps, form_number(load, s32x32b, 1), &Step::form);
  first->column ^= 1;  // the window starts and ends on a multiple of 8
}

}  // namespace

std::span<const TmemForm> tmem_forms() { return kForms; }

gate::Probe make_tcgen05_ld(const gate::Seed& seed) {
  ChallengeStream stream(seed, "inputs");
  gate::Probe probe;
  probe.source = {.stem = "tcgen05_ld", .text = ptx_text("tcgen05_ld"), .floor = {8, 6}};
  probe.witness_text = probe.source.text;
  probe.mnemonics = {"LDTM.x32", "LDTM.16dp64bit", "LDTM.16dp128bit", "LDTM.16dp256bit", "STTM", "UTCCP"};
  Script first = draw(stream, "stored as 32x32b", {store, s32x32b, 32});
  probe.cases.push_back(make_case(first));
  probe.cases.push_back(make_case(draw(stream, "stored as 16x64b", {store, s16x64b, 32})));
  probe.cases.push_back(make_case(draw(stream, "stored as 16x128b", {store, s16x128b, 16})));
  probe.cases.push_back(make_case(draw(stream, "stored as 16x256b", {store, s16x256b, 8})));
  probe.cases.push_back(make_case(draw(stream, "copied as 32x128b.warpx4", {copy, c32x128b, 1})));
  probe.cases.push_back(make_case(draw(stream, "copied as 128x128b", {copy, c128x128b, 1})));
  probe.cases.push_back(make_case(draw(stream, "copied as 128x256b", {copy, c128x256b, 1})));
  move_first_load(first);
  first.name += ", one load a column beside";
  probe.negative = make_case(first);
  return probe;
}

}  // namespace assay::probes
