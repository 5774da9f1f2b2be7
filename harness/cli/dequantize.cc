// `assay dequantize`: an NVFP4 artifact back to a checkpoint of plain weights.
#include <cmath>
#include <filesystem>
#include <thread>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/cli/progress_bar.h"
#include "harness/cli/subcommand.h"
#include "kernels/artifact/dequantize.h"

namespace assay::cli {

Exit run_dequantize(Arguments arguments) {
  CLI::App app;
  std::string source, out, dtype = "bf16";
  artifact::DequantizeOptions options{.threads = std::max(1u, std::thread::hardware_concurrency())};
  double file_gigabytes = 5;
  bool quiet = false;
  app.add_option("DIR", source, "The artifact's folder")->required();
  app.add_option("-o,--out", out, "The folder to write, which must not be there yet")->required();
  app.add_option("--dtype", dtype, "bf16 holds every weight exactly where tensor scales are powers of two; f32 always")
      ->check(CLI::IsMember({"bf16", "f32"}))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "How many at a time")->check(CLI::Range(1u, 1024u));
  app.add_option("--file-size", file_gigabytes, "Largest file, in GB")->check(CLI::Range(0.001, 1000.0));
  app.add_flag("-q,--quiet", quiet, "No progress on standard error");
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("dequantize"), end)) return end;
  // NaN is between any two numbers.
  if (std::isnan(file_gigabytes)) return complain("dequantize", Error{"--file-size: nan is no size"}, Exit::usage);
  options.dtype = dtype == "f32" ? artifact::Dtype::F32 : artifact::Dtype::BF16;
  options.file_bytes = static_cast<std::uint64_t>(file_gigabytes * 1e9);

  std::error_code unreadable;
  if (std::filesystem::exists(out, unreadable))
    return complain("dequantize", Error{fmt::format("{}: is there already; name a folder that is not", out)},
                    Exit::usage);
  if (!std::filesystem::exists(source, unreadable))
    return complain("dequantize", Error{fmt::format("{}: no such file or folder", source)}, Exit::usage);
  const auto checkpoint = artifact::Checkpoint::open(source);
  if (!checkpoint) return complain("dequantize", checkpoint.error(), Exit::integrity);
  const auto artifact = artifact::check_artifact(*checkpoint);
  if (!artifact) return complain("dequantize", artifact.error(), Exit::integrity);
  ProgressBar bar(quiet);
  const Status done = artifact::dequantize(*checkpoint, *artifact, options, out,
                                           [&](std::uint64_t at, std::uint64_t of) { bar.show(at, of); });
  bar.end();
  if (!done) return complain("dequantize", done.error(), guilty(done.error()));
  fmt::print("{}: {} matrices as {}, {} tensors as they were\n", out, artifact->modules.size(), dtype,
             artifact->others.size());
  return Exit::done;
}

}  // namespace assay::cli
