// Earlier answers of an assembler or a compiler, one file each.
//
// The file's name is the digest of the question: the tool's name, version and bytes, the target, the neutral name and
// the text, each with its length. Its content is one header line, the log and the cubin; the header ends in a digest
// over the question and all the rest, so that a cut, edited or renamed entry is no answer. Tested by
// tests/cuda/compile_cache_test.cc.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <optional>
#include <span>
#include <utility>

#include "harness/base/digest.h"
#include "harness/base/file_system.h"
#include "harness/cuda/assembler.h"

namespace assay::cuda {
namespace {

namespace fs = std::filesystem;

std::string question_key(const ToolIdentity& tool, Target target, std::string_view name, std::string_view text) {
  const auto target_word = to_string(target);
  Sha256 digest;
  for (std::string_view part : std::initializer_list<std::string_view>{"assay-assembly-1", tool.name, tool.version,
                                                                       tool.sha256, target_word, name, text}) {
    digest.update(fmt::format("{}:", part.size()));
    digest.update(part);
  }
  return hex(digest.finish());
}

std::string body_of(const Assembly& assembly) {
  const auto* bytes = reinterpret_cast<const char*>(assembly.cubin.data());
  return assembly.log + std::string(bytes, assembly.cubin.size());
}

std::string header_of(const std::string& key, bool accepted, std::size_t log_bytes, std::string_view body) {
  auto counts =
      fmt::format("assay-assembly-1 {} {} {}", accepted ? "accepted" : "refused", log_bytes, body.size() - log_bytes);
  Sha256 digest;
  for (std::string_view part : std::initializer_list<std::string_view>{key, counts, body}) digest.update(part);
  return counts + " " + hex(digest.finish()) + "\n";
}

/// Believes nothing: the sizes that the header claims only say which header to compare the file with.
std::optional<Assembly> parse_entry(const std::string& key, std::string_view entry) {
  const auto line = entry.substr(0, entry.find('\n') + 1);
  const auto body = entry.substr(line.size());
  const bool accepted = line.starts_with("assay-assembly-1 accepted ");
  const auto counts_at = std::string_view("assay-assembly-1 ").size() + (accepted ? 9 : 8);
  if (line.size() <= counts_at) return std::nullopt;
  std::size_t log_bytes = 0;
  std::from_chars(line.data() + counts_at, line.data() + line.size(), log_bytes);
  if (log_bytes > body.size() || header_of(key, accepted, log_bytes, body) != line) return std::nullopt;
  const auto cubin = std::as_bytes(std::span(body.substr(log_bytes)));
  return Assembly{
      .accepted = accepted, .cubin = {cubin.begin(), cubin.end()}, .log = std::string(body.substr(0, log_bytes))};
}

class AnswerFolder {
 public:
  explicit AnswerFolder(fs::path folder) : folder_(std::move(folder)) {}

  /// The kept answer to the question, or that of `ask`, which is then kept. Errors are not answers and not kept.
  template <class Ask>
  Result<Assembly> answer(const std::string& key, Ask ask) const {
    if (auto entry = read_file(folder_ / key)) {
      if (auto kept = parse_entry(key, *entry)) return *std::move(kept);
    }
    auto fresh = ask();
    if (fresh) keep(key, *fresh);
    return fresh;
  }

 private:
  void keep(const std::string& key, const Assembly& assembly) const {
    const auto body = body_of(assembly);
    if (!make_folder(folder_)) return;
    (void)write_file(folder_ / key, header_of(key, assembly.accepted, assembly.log.size(), body) + body,
                     Durable::later);
  }

  fs::path folder_;
};

class CachedAssembler final : public PtxAssembler {
 public:
  CachedAssembler(std::unique_ptr<PtxAssembler> tool, fs::path folder)
      : tool_(std::move(tool)), answers_(std::move(folder)) {}
  ToolIdentity identity() const override { return tool_->identity(); }
  Result<Assembly> assemble(std::string_view ptx, Target target) override {
    return answers_.answer(question_key(identity(), target, "", ptx), [&] { return tool_->assemble(ptx, target); });
  }

 private:
  std::unique_ptr<PtxAssembler> tool_;
  AnswerFolder answers_;
};

class CachedCompiler final : public CudaCompiler {
 public:
  CachedCompiler(std::unique_ptr<CudaCompiler> tool, fs::path folder)
      : tool_(std::move(tool)), answers_(std::move(folder)) {}
  ToolIdentity identity() const override { return tool_->identity(); }
  Result<Assembly> compile(std::string_view source, std::string_view name, Target target) override {
    return answers_.answer(question_key(identity(), target, name, source),
                           [&] { return tool_->compile(source, name, target); });
  }

 private:
  std::unique_ptr<CudaCompiler> tool_;
  AnswerFolder answers_;
};

}  // namespace

std::unique_ptr<PtxAssembler> with_cache(std::unique_ptr<PtxAssembler> tool, fs::path folder) {
  return std::make_unique<CachedAssembler>(std::move(tool), std::move(folder));
}

std::unique_ptr<CudaCompiler> with_cache(std::unique_ptr<CudaCompiler> tool, fs::path folder) {
  return std::make_unique<CachedCompiler>(std::move(tool), std::move(folder));
}

}  // namespace assay::cuda
