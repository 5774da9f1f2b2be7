#include "tests/evidence/forger.h"

#include <sstream>
#include <string>

#include "tests/support/json.h"

namespace assay::evidence {

Lines read_lines(const std::filesystem::path& folder) {
  Lines lines;
  std::istringstream text(read_text(folder / kLedgerFile));
  for (std::string line; std::getline(text, line);) lines.push_back(test::parsed(line));
  return lines;
}

void write_lines(const std::filesystem::path& folder, Lines lines, bool chain) {
  std::string text;
  std::string previous = digest_of(read_text(folder / kChallengeFile));
  for (Json& line : lines) {
    if (chain) line["prev_sha256"] = previous;
    text += spelled(line) + "\n";
    previous = digest_of(spelled(line));
  }
  write_text(folder / kLedgerFile, text);
}

void seal_again(const std::filesystem::path& folder) {
  std::filesystem::remove(folder / kManifestFile);
  const auto sealed = write_manifest(folder);
  ASSERT_TRUE(sealed) << sealed.error().message;
}

void forge_lines(const std::filesystem::path& folder, const std::function<void(Lines&)>& edit) {
  Lines lines = read_lines(folder);
  edit(lines);
  write_lines(folder, lines);
  seal_again(folder);
}

void forge_record(const std::filesystem::path& folder, std::size_t index, std::string_view rules,
                  const std::function<void(Record&)>& edit) {
  forge_lines(folder, [&](Lines& lines) {
    Json& line = lines.at(index);
    Json raw = line;
    for (const char* key : {"derived", "record_id", "prev_sha256"}) raw.erase(key);
    Record record = *record_from_json(raw, "forger");
    edit(record);
    const Derived derived = *derive(record, rules);
    Json forged = to_json(record);
    forged["record_id"] = record.id();
    forged["derived"] = {{"class", word(derived.evidence_class)},
                         {"level", word(derived.level)},
                         {"verdict", word(derived.verdict)},
                         {"furthest", derived.furthest ? Json(word(*derived.furthest)) : Json()},
                         {"reason", derived.reason},
                         {"rules", rules}};
    line = forged;
  });
}

void forge_record(const std::filesystem::path& folder, std::size_t index, const std::function<void(Record&)>& edit) {
  forge_record(folder, index, kRules, edit);
}

void forge_document(const std::filesystem::path& folder, std::string_view name,
                    const std::function<void(Json&)>& edit) {
  Json json = test::parsed(read_text(folder / name));
  edit(json);
  const Lines lines = read_lines(folder);
  write_text(folder / name, spelled(json));
  write_lines(folder, lines);
  seal_again(folder);
}

}  // namespace assay::evidence
