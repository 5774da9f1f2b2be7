// `assay patch`: the SM byte of a cubin rewritten, in a copy.
#include <cerrno>
#include <optional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/digest.h"
#include "harness/base/target.h"
#include "harness/cli/image_file.h"
#include "harness/cli/subcommand.h"
#include "harness/cubin/patch.h"

namespace assay::cli {
namespace {

struct Request {
  std::string file, from, to, out;
};

/// The SM byte has no room for a suffix, so none is taken.
Result<int> sm_of(std::string_view option, const std::string& word) {
  const Result<Target> target = parse_target(word);
  if (!target) return Error{fmt::format("{}: {}", option, target.error().message)};
  if (target->suffix != ' ')
    return Error{fmt::format("{}: the header states no suffix; write sm_{}", option, target->sm)};
  return target->sm;
}

void print_result(const Request& request, std::span<const std::byte> source, const cubin::Patched& patched) {
  fmt::print("{}: one byte of {} rewritten\n", request.out, request.file);
  for (const cubin::ByteEdit& edit : patched.edits)
    fmt::print("  offset {:#x}  {:02x} -> {:02x}  SM {} -> {}\n", edit.offset, edit.was, edit.is, edit.was, edit.is);
  fmt::print("  source sha256  {}\n  copy sha256    {}\n", hex(sha256(source)), hex(sha256(patched.image)));
  fmt::print(
      "What becomes of the copy shows what a loader reads. It is evidence of nothing else: not of the instructions in\n"
      "it, and not of what a device runs.\n");
}

Exit write_copy(const Request& request, const cubin::Patched& patched) {
  const Status written = create_file(request.out, patched.image);
  if (written) return Exit::done;
  return complain("patch", written.error(), written.error().code == EEXIST ? Exit::usage : Exit::environment);
}

}  // namespace

Exit run_patch(Arguments arguments) {
  CLI::App app;
  Request request;
  app.add_option("FILE", request.file, "A cubin of ABI 8 (CUDA 13.0; from sm_100 on also 12.8)")->required();
  app.add_option("--from", request.from, "What the SM byte must say, such as sm_100")->required();
  app.add_option("--to", request.to, "What it shall say, such as sm_90")->required();
  app.add_option("--out", request.out, "The copy; it must not exist")->required();
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("patch"), end)) return end;

  const Result<int> from = sm_of("--from", request.from), to = sm_of("--to", request.to);
  if (!from) return complain("patch", from.error(), Exit::usage);
  if (!to) return complain("patch", to.error(), Exit::usage);
  if (*from == *to) return complain("patch", Error{"--from and --to are the same SM: nothing to rewrite"}, Exit::usage);
  if (!cubin::is_known_sm(*to))
    return complain("patch", Error{fmt::format("--to {}: no SM number of CUDA 13.0", request.to)}, Exit::usage);
  const Result<std::vector<std::byte>> bytes = read_image_file(request.file);
  if (!bytes) return complain("patch", bytes.error(), Exit::usage);

  const auto refuse = [&](const Error& error, Exit exit) {
    return complain("patch", Error{fmt::format("{}: {}", request.file, error.message)}, exit);
  };
  const Result<cubin::Elf> elf = cubin::Elf::read(*bytes);
  if (!elf) return refuse(elf.error(), Exit::integrity);
  if (const Status whole = cubin::check_patchable(*elf); !whole) return refuse(whole.error(), Exit::integrity);
  const Result<cubin::Patched> patched = cubin::patch_sm(*bytes, *from, *to);
  if (!patched) return refuse(patched.error(), Exit::failed);
  if (const Exit exit = write_copy(request, *patched); exit != Exit::done) return exit;
  print_result(request, *bytes, *patched);
  return Exit::done;
}

}  // namespace assay::cli
