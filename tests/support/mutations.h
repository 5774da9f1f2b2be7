// Single faults in the PTX texts of the gates, as data: tests/probes/mutations/*.json.
//
//     {"gate": ID, "text": STEM, "faults": [{"name": "...", "from": "...", "to": "...", "caught_by": "mismatch"}]}
//
// A fault replaces one piece of the text, which occurs in it once. "caught_by" says how a device shows it; "text" may
// be left out, and is then the text of the gate's probe.
//
//   mismatch   a word differs from the oracle's
//   gave-up    a wait on the device ended at its limit and said so
//   fault      the device reports an error
//   hang       the kernel does not end
//   order      asynchronous work may come too late: a device may also get it right
//
// Audited by tests/probes/mutations_test.cc, run by tests/gpu/mutation_test.cc.
#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "harness/gate/probe.h"

namespace assay::test {

enum class CaughtBy { mismatch, gave_up, fault, hang, order };

inline constexpr std::array<std::pair<std::string_view, CaughtBy>, 5> kCaughtByWords = {
    {{"mismatch", CaughtBy::mismatch},
     {"gave-up", CaughtBy::gave_up},
     {"fault", CaughtBy::fault},
     {"hang", CaughtBy::hang},
     {"order", CaughtBy::order}}};

struct Mutation {
  std::string name;  ///< Unique within the gate.
  std::string from, to;
  CaughtBy caught_by = CaughtBy::mismatch;
};

struct MutationFile {
  std::string gate;
  std::string text;  ///< Stem; empty: the text of the gate's probe.
  std::vector<Mutation> faults;
};

inline Result<Mutation> read_mutation(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  Mutation fault{reader.string("name"), reader.string("from"), reader.string("to"), CaughtBy::mismatch};
  const std::string word = reader.string("caught_by");
  const auto known = std::ranges::find(kCaughtByWords, word, &std::pair<std::string_view, CaughtBy>::first);
  if (known == kCaughtByWords.end())
    reader.fault("caught_by", fmt::format("unknown word '{}'", word));
  else
    fault.caught_by = known->second;
  if (Status read = reader.finish(); !read) return read.error();
  return fault;
}

inline Result<MutationFile> parse_mutations(std::string_view text, const std::string& name) {
  const Result<Json> json = parse_json(text, name);
  if (!json) return json.error();
  ObjectReader reader(*json, name);
  MutationFile file{reader.string("gate"), reader.string_or("text", ""), {}};
  for (const Json& fault : reader.array("faults")) {
    const auto read = read_mutation(fault, fmt::format("{}: faults[{}]", name, file.faults.size()));
    if (!read) return read.error();
    file.faults.push_back(*read);
  }
  if (Status read = reader.finish(); !read) return read.error();
  return file;
}

/// Every file of a folder, in the order of their names.
inline Result<std::vector<MutationFile>> read_mutations(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) paths.push_back(entry.path());
  if (failed) return Error{fmt::format("{}: {}", folder.string(), failed.message())};
  std::ranges::sort(paths);
  std::vector<MutationFile> files;
  for (const auto& path : paths) {
    const Result<std::string> text = read_file(path);
    if (!text) return text.error();
    const Result<MutationFile> file = parse_mutations(*text, path.filename().string());
    if (!file) return file.error();
    files.push_back(*file);
  }
  return files;
}

/// Whether the faults are of the text that the gate's probe runs.
inline bool is_of(const MutationFile& file, const gate::Source& source) {
  return file.text.empty() || file.text == source.stem;
}

/// The text with the fault in it. Error: the piece does not occur just once.
inline Result<std::string> mutated(std::string_view text, const Mutation& fault) {
  const std::size_t at = fault.from.empty() ? std::string_view::npos : text.find(fault.from);
  if (at == std::string_view::npos) return Error{fmt::format("'{}': the text does not hold the piece", fault.name)};
  if (text.find(fault.from, at + 1) != std::string_view::npos)
    return Error{fmt::format("'{}': the text holds the piece more than once", fault.name)};
  return std::string(text).replace(at, fault.from.size(), fault.to);
}

}  // namespace assay::test
