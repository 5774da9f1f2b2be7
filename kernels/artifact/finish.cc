#include "kernels/artifact/finish.h"

#include <fmt/format.h>

#include "harness/base/descriptor.h"
#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "kernels/artifact/modelopt.h"

namespace assay::artifact {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kConfig = "config.json", kQuantConfig = "hf_quant_config.json";

Status copy_whole(const fs::path& from, const fs::path& to) {
  std::error_code failed;
  fs::create_directories(to.parent_path(), failed);
  if (!failed) fs::copy_file(from, to, failed);
  if (!failed) return ok();
  return errno_error(from.string(), fmt::format("copy to {}", to.string()), "copy_file_range", failed.value());
}

Status write_configurations(const Checkpoint& master, const Quantization& quantization, std::string_view version,
                            const fs::path& part) {
  const JsonFile none{"{}", Json::object()};
  const auto config = with_quantization_config(master.config() ? *master.config() : none, kConfig,
                                               quantization_config(quantization, version));
  if (!config) return config.error();
  if (Status s = write_file(part / kConfig, *config); !s) return s;
  if (quantization.dialect != Dialect::modelopt) return ok();
  const auto twin = hf_quant_config_json(quantization, version);
  if (!twin) return twin.error();
  return write_file(part / kQuantConfig, *twin);
}

Status write_beside(const Checkpoint& from, const std::map<std::string, std::string>& extra, const fs::path& part) {
  for (const std::string& file : from.other_files()) {
    const auto source = from.locate(file);
    if (!source) return source.error();
    if (Status s = copy_whole(*source, part / file); !s) return s;
  }
  for (const auto& [name, text] : extra)
    if (Status s = write_file(part / name, text, Durable::later); !s) return s;
  return ok();
}

Status rename_whole(const fs::path& part, const fs::path& out) {
  std::error_code failed;
  fs::remove(part / kConversionJournal, failed);
  if (Status s = sync_file_system_of(part); !s) return s;
  if (fs::exists(out)) return Error{fmt::format("{}: is there already; name a folder that is not", out.string())};
  fs::rename(part, out, failed);
  if (failed) return errno_error(out.string(), "name", "rename", failed.value());
  return sync_file_system_of(out);
}

}  // namespace

Status finish_artifact(const Checkpoint& master, const Plan& plan, const ConvertOptions& options,
                       std::string_view version, const std::map<std::string, std::string>& extra, const fs::path& out) {
  const Quantization quantization{.dialect = options.dialect, .algo = options.algo, .excluded = excluded_modules(plan)};
  const Status configured = write_configurations(master, quantization, version, part_of(out));
  std::error_code ignored;
  if (!configured) fs::remove_all(part_of(out), ignored);
  return configured ? finish_folder(master, extra, out) : configured;
}

Status finish_folder(const Checkpoint& from, const std::map<std::string, std::string>& extra, const fs::path& out) {
  const fs::path part = part_of(out);
  Status done = write_beside(from, extra, part);
  if (done) done = rename_whole(part, out);
  std::error_code ignored;
  if (!done) fs::remove_all(part, ignored);
  return done;
}

}  // namespace assay::artifact
