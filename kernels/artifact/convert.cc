#include "kernels/artifact/convert.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <map>
#include <optional>
#include <set>
#include <system_error>

#include <fmt/format.h>

#include "harness/base/descriptor.h"
#include "harness/base/digest.h"
#include "harness/base/file_system.h"
#include "kernels/artifact/artifact.h"
#include "kernels/artifact/parallel.h"
#include "kernels/artifact/safetensors_writer.h"

namespace assay::artifact {
namespace {

namespace fs = std::filesystem;

/// Elements that a thread holds at a time: 4 MiB as float32, whole rows of nearly every matrix.
constexpr std::int64_t kPiece = std::int64_t{1} << 20;

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

// --- Reading matrices ---

/// A matrix of the master, read by rows of its outputs.
class MatrixReader {
 public:
  MatrixReader(const SafetensorsFile& file, const TensorInfo& info, const MatrixView& view)
      : file_(file), info_(info), view_(view) {}

  /// Outputs that fit a piece. A matrix that is stored the other way, or as columns of a wider one, is read whole.
  std::int64_t outputs_a_piece() const {
    if (!is_plain()) return view_.outputs();
    return std::max<std::int64_t>(1, kPiece / view_.inputs());
  }

  /// Rows `first` to `first + count`. Error: not finite, with the tensor's name and the element's place in it.
  Status read(std::int64_t first, std::int64_t count, std::vector<float>& out) {
    out.resize(static_cast<std::size_t>(count * view_.inputs()));
    if (is_plain()) return read_run(view_.offset + first * view_.stride, out);
    std::vector<float> stored(static_cast<std::size_t>(view_.columns));
    for (std::int64_t row = 0; row < view_.rows; ++row) {
      if (Status s = read_run(view_.offset + row * view_.stride, stored); !s) return s;
      for (std::int64_t column = 0; column < view_.columns; ++column)
        out[static_cast<std::size_t>(view_.transposed ? column * view_.rows + row : row * view_.columns + column)] =
            stored[static_cast<std::size_t>(column)];
    }
    return ok();
  }

 private:
  bool is_plain() const { return !view_.transposed && view_.stride == view_.columns; }

  Status read_run(std::int64_t element, std::span<float> out) {
    if (Status s = file_.read_floats(info_, static_cast<std::uint64_t>(element), out); !s) return s;
    const auto bad = nvfp4::first_not_finite(out);
    if (!bad) return ok();
    const std::uint64_t at = static_cast<std::uint64_t>(element) + *bad;
    std::string place;
    std::uint64_t left = info_.elements(), rest = at;
    for (const std::uint64_t size : info_.shape) {
      left /= size;
      place += fmt::format("{}{}", place.empty() ? "" : ", ", rest / left);
      rest %= left;
    }
    return Error{fmt::format("{}: tensor {}[{}] is {}: a master with such a weight has no scale; mend the checkpoint",
                             file_.path(), info_.name, place, out[*bad])};
  }

  const SafetensorsFile& file_;
  const TensorInfo& info_;
  const MatrixView& view_;
};

// --- Units of work ---

/// The members of one fused group that go into one file, or one tensor that is copied.
struct Unit {
  std::vector<std::size_t> modules;  ///< Indices into the plan's.
  std::string copied;
};

/// The name of a part of a module in the artifact.
std::string name_of(const std::string& module, Part part, const ConvertOptions& options) {
  return tensor_name(options.dialect, module, part);
}

std::vector<TensorSpec> specs_of(const PlannedModule& one, const ConvertOptions& options) {
  const auto n = static_cast<std::uint64_t>(one.source.outputs()), k = static_cast<std::uint64_t>(one.source.inputs());
  const auto named = [&](Part part) { return name_of(one.module, part, options); };
  std::vector<TensorSpec> specs{{named(Part::codes), Dtype::U8, {n, k / 2}},
                                {named(Part::block_scale), Dtype::F8_E4M3, {n, k / nvfp4::kBlock}},
                                {named(Part::tensor_scale), Dtype::F32, scalar_shape(options.dialect)}};
  if (options.algo == Algo::w4a4)
    specs.push_back({named(Part::input_scale), Dtype::F32, scalar_shape(options.dialect)});
  return specs;
}

/// The names of a file's tensors. Those of one module may be in several files, where it is larger than one may be.
class FileNames {
 public:
  explicit FileNames(const Shard& shard) {
    for (const TensorSpec& spec : shard.tensors) names_.insert(spec.name);
  }
  bool hold(std::string_view name) const { return names_.contains(name); }
  bool hold_part_of(const PlannedModule& one, const ConvertOptions& options) const {
    constexpr std::array kParts = {Part::codes, Part::block_scale, Part::tensor_scale, Part::input_scale};
    return std::ranges::any_of(kParts, [&](Part part) { return hold(name_of(one.module, part, options)); });
  }
  /// Appends what is in this file; the rest is another's.
  Status append(SafetensorsWriter& writer, std::string_view name, std::span<const std::byte> bytes) const {
    return hold(name) ? writer.append(name, bytes) : ok();
  }

 private:
  std::set<std::string_view> names_;
};

/// The units whose tensors are in the file, in the plan's order.
std::vector<Unit> units_of(const FileNames& names, const Plan& plan, const ConvertOptions& options) {
  std::vector<Unit> units;
  std::string_view group;
  for (std::size_t i = 0; i < plan.modules.size(); ++i) {
    const PlannedModule& one = plan.modules[i];
    if (!names.hold_part_of(one, options)) continue;
    if (units.empty() || group != one.group) units.emplace_back();
    group = one.group;
    units.back().modules.push_back(i);
  }
  for (const KeptTensor& kept : plan.kept)
    if (names.hold(kept.name)) units.push_back({.modules = {}, .copied = kept.name});
  return units;
}

// --- The conversion ---

class Converter {
 public:
  Converter(const Checkpoint& master, const Plan& plan, const ConvertOptions& options, fs::path part,
            const OnProgress& progress)
      : master_(master), plan_(plan), options_(options), part_(std::move(part)), progress_(progress) {
    conversion_.modules.resize(plan.modules.size());
    for (std::size_t i = 0; i < plan.modules.size(); ++i) members_[plan.modules[i].group].push_back(i);
    for (const TensorPlace place : master.tensors()) {
      conversion_.bytes_before += master.info(place).bytes();
      progress_.expect(master.info(place).elements());
    }
  }

  Result<Conversion> run() {
    const auto shards = shards_of();
    if (!shards) return shards.error();
    if (Status s = open_journal(*shards); !s) return s.error();
    for (const Shard& shard : *shards)
      if (Status s = write(shard); !s) return s.error();
    if (Status s = write_index(part_, *shards); !s) return s.error();
    conversion_.files = shards->size();
    return std::move(conversion_);
  }

 private:
  Result<std::vector<Shard>> shards_of();
  std::string identity(const std::vector<Shard>&) const;
  Status open_journal(const std::vector<Shard>&);
  bool resume(const Json& line);
  Status note(const Shard&);
  Status write(const Shard&);
  Status quantise(const Unit&, const FileNames&, SafetensorsWriter&);
  Status quantise(std::size_t module, float s2, const FileNames&, SafetensorsWriter&);
  Result<float> amax_of(const std::string& group);
  Status copy(const std::string& tensor, SafetensorsWriter&);
  MatrixReader reader_of(const PlannedModule& one) const {
    const TensorPlace place = *master_.find(one.source.tensor);
    return {master_.file(place), master_.info(place), one.source};
  }
  bool holds_codes(const FileNames& names, std::size_t module) const {
    return names.hold(name_of(plan_.modules[module].module, Part::codes, options_));
  }

  const Checkpoint& master_;
  const Plan& plan_;
  const ConvertOptions& options_;
  const fs::path part_;
  std::map<std::string, std::vector<std::size_t>> members_;  ///< Of each fused group.
  std::set<std::string> finished_;                           ///< Files of an earlier, killed conversion.
  std::string journal_;
  Conversion conversion_;
  Progress progress_;
};

Result<std::vector<Shard>> Converter::shards_of() {
  std::vector<TensorSpec> specs;
  for (const PlannedModule& one : plan_.modules)
    for (TensorSpec& spec : specs_of(one, options_)) specs.push_back(std::move(spec));
  for (const KeptTensor& kept : plan_.kept) {
    const TensorInfo& info = master_.info(*master_.find(kept.name));
    specs.push_back({kept.name, info.dtype, info.shape});
  }
  for (const TensorSpec& spec : specs) conversion_.bytes_after += bytes_of(spec.dtype, spec.shape).value_or(0);
  return plan_shards(specs, options_.file_bytes);
}

// --- What a killed conversion left ---

/// What the bytes of the output depend on: the master's files, what is asked for, and the output's layout.
std::string Converter::identity(const std::vector<Shard>& shards) const {
  std::string text =
      fmt::format("{} {} {} {}\n", static_cast<int>(options_.method), static_cast<int>(options_.tensor_scale),
                  static_cast<int>(options_.algo), static_cast<int>(options_.dialect));
  for (const SafetensorsFile& file : master_.shards()) {
    std::error_code failed;
    const fs::path path(file.path());
    text += fmt::format("{} {} {}\n", file.path(), fs::file_size(path, failed),
                        fs::last_write_time(path, failed).time_since_epoch().count());
  }
  for (const PlannedModule& one : plan_.modules) text += fmt::format("{} {}\n", one.module, one.group);
  for (const Shard& shard : shards) text += fmt::format("{} {}\n", shard.file, shard.tensors.size());
  return hex(sha256(text));
}

/// Takes over the files that the journal names, if it is of this very conversion; else begins anew.
Status Converter::open_journal(const std::vector<Shard>& shards) {
  const std::string first = fmt::format(R"({{"identity":"{}"}})", identity(shards));
  const auto found = read_file(part_ / kConversionJournal);
  std::error_code failed;
  if (!found || !found->starts_with(first + "\n")) {
    // What is in it, not the folder, which is locked.
    for (const auto& entry : fs::directory_iterator(part_, failed)) fs::remove_all(entry, failed);
    journal_ = first + "\n";
    return write_file(part_ / kConversionJournal, journal_);
  }
  journal_ = first + "\n";
  for (std::size_t at = journal_.size(); at < found->size();) {
    const std::size_t end = std::min(found->find('\n', at), found->size());
    const auto line = parse_json(std::string_view(*found).substr(at, end - at), kConversionJournal);
    if (!line || !resume(*line)) break;
    journal_ += found->substr(at, end - at) + "\n";
    at = end + 1;
  }
  return ok();
}

bool Converter::resume(const Json& line) {
  ObjectReader reader(line, std::string(kConversionJournal));
  const std::string file = reader.string("file");
  const Json modules = reader.array("modules");
  if (!reader.finish() || !SafetensorsFile::open(part_ / file)) return false;
  for (const Json& one : modules) {
    ObjectReader module(one, std::string(kConversionJournal));
    const auto index = static_cast<std::size_t>(module.integer("index", 0));
    const std::int64_t s2 = module.integer("s2"), signal = module.integer("signal"), noise = module.integer("noise");
    if (!module.finish() || index >= plan_.modules.size()) return false;
    const PlannedModule& planned = plan_.modules[index];
    conversion_.modules[index] = {planned.module,
                                  planned.source.outputs(),
                                  planned.source.inputs(),
                                  std::bit_cast<float>(static_cast<std::uint32_t>(s2)),
                                  {std::bit_cast<double>(signal), std::bit_cast<double>(noise)}};
  }
  finished_.insert(file);
  return true;
}

/// Floating point stands in the journal as its bits, which JSON keeps.
Status Converter::note(const Shard& shard) {
  Json modules = Json::array();
  const FileNames names(shard);
  for (std::size_t i = 0; i < plan_.modules.size(); ++i) {
    const ConvertedModule& one = conversion_.modules[i];
    if (!names.hold_part_of(plan_.modules[i], options_)) continue;
    modules.push_back({{"index", i},
                       {"s2", std::bit_cast<std::uint32_t>(one.tensor_scale)},
                       {"signal", std::bit_cast<std::int64_t>(one.noise.signal)},
                       {"noise", std::bit_cast<std::int64_t>(one.noise.noise)}});
  }
  const auto line = canonical_json({{"file", shard.file}, {"modules", std::move(modules)}});
  if (!line) return line.error();
  journal_ += *line + "\n";
  return write_file(part_ / kConversionJournal, journal_);
}

// --- Writing ---

Status Converter::write(const Shard& shard) {
  const FileNames names(shard);
  const std::vector<Unit> units = units_of(names, plan_, options_);
  if (finished_.contains(shard.file)) {
    ++conversion_.files_resumed;
    for (const Unit& unit : units) {
      for (const std::size_t module : unit.modules)
        if (holds_codes(names, module))
          progress_.done(
              static_cast<std::uint64_t>(plan_.modules[module].source.rows * plan_.modules[module].source.columns));
      if (!unit.copied.empty()) progress_.done(master_.info(*master_.find(unit.copied)).elements());
    }
    return ok();
  }
  auto writer = SafetensorsWriter::create(part_ / shard.file, shard.tensors, {{"format", "pt"}});
  if (!writer) return writer.error();
  const auto work = [&](std::size_t i) {
    return units[i].copied.empty() ? quantise(units[i], names, *writer) : copy(units[i].copied, *writer);
  };
  if (Status s = for_each_unit(units.size(), options_.threads, work); !s) return s;
  for (const SafetensorsFile& file : master_.shards())
    if (Status s = file.check_unchanged(); !s) return s;
  if (Status s = writer->finish(); !s) return s;
  return note(shard);
}

Result<float> Converter::amax_of(const std::string& group) {
  float amax = 0;
  std::vector<float> piece;
  for (const std::size_t index : members_.at(group)) {
    const PlannedModule& one = plan_.modules[index];
    MatrixReader reader = reader_of(one);
    for (std::int64_t at = 0; at < one.source.outputs(); at += reader.outputs_a_piece()) {
      const std::int64_t count = std::min(reader.outputs_a_piece(), one.source.outputs() - at);
      if (Status s = reader.read(at, count, piece); !s) return s.error();
      amax = std::max(amax, *nvfp4::largest_magnitude_of(piece));
    }
  }
  return amax;
}

Status Converter::quantise(const Unit& unit, const FileNames& names, SafetensorsWriter& writer) {
  const Result<float> amax = amax_of(plan_.modules[unit.modules.front()].group);
  if (!amax) return amax.error();
  const float s2 = nvfp4::tensor_scale(*amax, options_.method, options_.tensor_scale);
  for (const std::size_t module : unit.modules)
    if (Status s = quantise(module, s2, names, writer); !s) return s;
  return ok();
}

Status Converter::quantise(std::size_t index, float s2, const FileNames& names, SafetensorsWriter& writer) {
  const PlannedModule& one = plan_.modules[index];
  const auto named = [&](Part part) { return name_of(one.module, part, options_); };
  ConvertedModule result{one.module, one.source.outputs(), one.source.inputs(), s2, {}};
  MatrixReader reader = reader_of(one);
  std::vector<float> weights, again;
  std::vector<std::uint8_t> codes, scales;
  for (std::int64_t at = 0; at < result.outputs; at += reader.outputs_a_piece()) {
    const std::int64_t count = std::min(reader.outputs_a_piece(), result.outputs - at);
    if (Status s = reader.read(at, count, weights); !s) return s;
    again.resize(weights.size()), codes.resize(weights.size() / 2), scales.resize(weights.size() / nvfp4::kBlock);
    nvfp4::quantize_rows(weights, s2, options_.method, codes, scales);
    nvfp4::dequantize_rows(codes, scales, s2, again);
    result.noise += nvfp4::noise_of(weights, again);
    if (Status s = names.append(writer, named(Part::codes), std::as_bytes(std::span(codes))); !s) return s;
    if (Status s = names.append(writer, named(Part::block_scale), std::as_bytes(std::span(scales))); !s) return s;
    if (holds_codes(names, index)) progress_.done(weights.size());
  }
  const float stored = stored_scale(options_.dialect, s2), input = stored_scale(options_.dialect, kInputScale);
  if (Status s = names.append(writer, named(Part::tensor_scale), bytes_of(stored)); !s) return s;
  if (options_.algo == Algo::w4a4)
    if (Status s = names.append(writer, named(Part::input_scale), bytes_of(input)); !s) return s;
  conversion_.modules[index] = std::move(result);
  return ok();
}

Status Converter::copy(const std::string& tensor, SafetensorsWriter& writer) {
  const TensorPlace place = *master_.find(tensor);
  const TensorInfo& info = master_.info(place);
  if (info.dtype == Dtype::F32 || info.dtype == Dtype::F16 || info.dtype == Dtype::BF16)
    if (Status s = check_finite(master_.file(place), info); !s) return s;
  if (Status s = copy_tensor(master_.file(place), info, writer); !s) return s;
  progress_.done(info.elements());
  return ok();
}

// --- One at a time ---

/// Makes the folder and keeps other processes from writing into it for as long as the descriptor is open.
Result<Descriptor> lock_folder(const fs::path& folder) {
  if (Status s = make_folder(folder); !s) return s.error();
  Descriptor handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!handle) return errno_error(folder.string(), "open", "open", errno);
  // The one that held the lock may just have given the folder its final name.
  struct stat locked = {}, named = {};
  const bool held = ::flock(handle.get(), LOCK_EX | LOCK_NB) == 0 && ::fstat(handle.get(), &locked) == 0 &&
                    ::stat(folder.c_str(), &named) == 0 && locked.st_ino == named.st_ino;
  if (held) return handle;
  return Error{.message = folder.string() + ": another process is writing this artifact; wait until it ends",
               .call = "flock",
               .code = EWOULDBLOCK,
               .name = "EWOULDBLOCK"};
}

}  // namespace

fs::path part_of(const fs::path& out) {
  // "OUT/" names OUT; OUT/.part would lie inside of what is not there yet.
  const fs::path whole = out.has_filename() ? out : out.parent_path();
  return whole.string() + ".part";
}

Result<Conversion> convert_tensors(const Checkpoint& master, const Plan& plan, const ConvertOptions& options,
                                   const fs::path& out, const OnProgress& progress) {
  const Result<Descriptor> lock = lock_folder(part_of(out));
  if (!lock) return lock.error();
  Result<Conversion> done = Converter(master, plan, options, part_of(out), progress).run();
  std::error_code ignored;
  if (!done) fs::remove_all(part_of(out), ignored);
  return done;
}

}  // namespace assay::artifact
