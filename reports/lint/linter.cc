#include "reports/lint/linter.h"

#include <algorithm>

#include <fmt/format.h>

#include "reports/lint/normalise.h"
#include "reports/lint/reading.h"

namespace assay::lint {
namespace {

using Kind = Marker::Kind;

class Check {
 public:
  Check(const std::string& path, std::string_view file, const Lexicon& lexicon, const LintOptions& options)
      : path_(path), lines_(file), lexicon_(lexicon), options_(options), reading_(read(path, file, lexicon)) {
    quotes_ = ranges_of(reading_, Kind::quote_begin, Kind::quote_end, reading_.bad);
    lists_ = ranges_of(reading_, Kind::claims_begin, Kind::claims_end, reading_.bad);
  }

  std::vector<Finding> run() {
    for (const BadMarker& bad : reading_.bad) add(Rule::suppression, bad.at, bad.why, "");
    quotes();
    markers();
    lists();
    untagged();
    rows();
    attestation();
    std::ranges::stable_sort(findings_, [](const Finding& a, const Finding& b) {
      return std::pair(a.at.line, a.at.column) < std::pair(b.at.line, b.at.column);
    });
    return std::move(findings_);
  }

 private:
  void add(Rule rule, std::size_t offset, std::string message, std::string sentence) {
    findings_.push_back(
        {rule, path_, lines_.at(offset), std::move(message), std::move(sentence), justification_at(offset)});
  }
  void add(Rule rule, const ReadSentence& sentence) {
    add(rule, sentence.begin(), std::string(text_of(rule).finding), canonical_sentence(sentence.text.text));
  }
  std::string justification_at(std::size_t offset) const {
    for (const Range& quote : quotes_)
      if (quote.holds(offset) && is_valid(*quote.marker)) return quote.marker->reason;
    return {};
  }
  bool is_valid(const Marker& quote) const {
    return !quote.reason.empty() && (quote.until.empty() || options_.today <= quote.until);
  }

  void quotes() {
    for (const Range& quote : quotes_) {
      if (quote.marker->reason.empty())
        add(Rule::suppression, quote.marker->begin, "a quotation needs its reason: reason=\"...\"", "");
      else if (!is_valid(*quote.marker))
        add(Rule::suppression, quote.marker->begin,
            fmt::format("the quotation's date {} has passed", quote.marker->until), "");
      for (const Marker& marker : reading_.markers)
        if ((marker.kind == Kind::claim || marker.kind == Kind::claims_begin) && quote.holds(marker.begin))
          findings_.push_back(
              {Rule::suppression, path_, lines_.at(marker.begin), "a quotation must not cover a claim", "", ""});
    }
  }

  Result<const BundleClaims*> claims_of(const std::string& digest) const {
    if (!options_.claims) return Error{fmt::format("no bundle {} was looked for", digest)};
    return options_.claims(digest);
  }

  void markers() {
    for (const Marker& marker : reading_.markers) {
      if (marker.kind != Kind::claim) continue;
      const ReadSentence* sentence = sentence_after(reading_, marker);
      if (sentence != nullptr) tagged_.push_back(sentence);
      const Result<const BundleClaims*> claims = claims_of(marker.bundle);
      if (!claims) {
        add(Rule::no_bundle, marker.begin, claims.error().message, "");
      } else if (const GeneratedSentence* generated = (*claims)->find(marker.id)) {
        const std::string written = sentence == nullptr ? "" : canonical_sentence(sentence->text.text);
        if (!is_generated_or_weaker(written, *generated))
          add(Rule::differs, marker.begin, fmt::format("claim {} reads \"{}\"", marker.id, generated->sentence),
              written);
      } else if (const RefusedSentence* refused = (*claims)->find_refused(marker.id)) {
        add(Rule::refused_claim, marker.begin, fmt::format("claim {}: {}", marker.id, refused->missing), "");
      } else {
        add(Rule::no_bundle, marker.begin, fmt::format("bundle {} has no claim {}", marker.bundle, marker.id), "");
      }
    }
  }

  void lists() {
    for (const Range& list : lists_) {
      const Result<const BundleClaims*> claims = claims_of(list.marker->bundle);
      if (!claims) add(Rule::no_bundle, list.marker->begin, claims.error().message, "");
      for (const ReadSentence& sentence : reading_.sentences) {
        if (!list.holds(sentence.begin())) continue;
        tagged_.push_back(&sentence);
        const bool carried = claims && std::ranges::any_of((*claims)->supported, [&](const GeneratedSentence& one) {
                               return is_generated_or_weaker(sentence.text.text, one);
                             });
        if (claims && !carried)
          add(Rule::differs, sentence.begin(), fmt::format("is no sentence of bundle {}", list.marker->bundle),
              canonical_sentence(sentence.text.text));
      }
    }
  }

  void untagged() {
    Tags before;
    std::size_t block = static_cast<std::size_t>(-1);
    for (const ReadSentence& sentence : reading_.sentences) {
      if (sentence.block != block) before.reset();
      block = sentence.block;
      const TaggedWords words = lexicon_.tag(words_of(sentence.text.text));
      const bool tagged = std::ranges::find(tagged_, &sentence) != tagged_.end();
      if (!tagged)
        if (const auto rule =
                judge({&words, is_question(sentence.text.text),
                       is_whole(sentence.text.text) && reading_.document.blocks[sentence.block].row == 0, before}))
          add(*rule, sentence);
      if (const Tags subjects = subjects_of(words); subjects.any()) before = subjects;
    }
  }

  Tags tags_of(std::string_view text) const {
    Tags all;
    for (const Tags& tags : lexicon_.tag(words_of(normalise(text))).tags) all |= tags;
    return all;
  }
  /// "| tensor memory | yes |" under "GB10": a statement that no cell holds by itself.
  void rows() {
    const std::vector<Block>& blocks = reading_.document.blocks;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if (blocks[i].row == 0) continue;
      const std::string cell = canonical_sentence(blocks[i].text.text);
      const std::vector<Word> words = words_of(cell);
      if (words.size() != 1 || !has(tags_of(cell), Tag::yes_no) || !row_has_subjects(blocks, blocks[i])) continue;
      add(Rule::untagged, blocks[i].text.origin.front(), std::string(text_of(Rule::untagged).finding),
          fmt::format("{}: {}", canonical_sentence(blocks[i].heading), cell));
    }
  }
  bool row_has_subjects(const std::vector<Block>& blocks, const Block& cell) const {
    Tags all = tags_of(cell.heading);
    for (const Block& block : blocks)
      if (block.row == cell.row) all |= tags_of(block.text.text);
    return has(all, Tag::feature) && (has(all, Tag::device) || has(all, Tag::scope));
  }

  void attestation() {
    const auto first = std::ranges::find_if(reading_.markers, [](const Marker& marker) {
      return marker.kind == Kind::claim || marker.kind == Kind::claims_begin;
    });
    if (first == reading_.markers.end()) return;
    const bool attested = std::ranges::any_of(reading_.sentences, [](const ReadSentence& sentence) {
      const std::string text = fold_case(sentence.text.text);
      return text.find("self-attested") != std::string::npos || text.find("attested by") != std::string::npos;
    });
    if (!attested) add(Rule::attestation, first->begin, std::string(text_of(Rule::attestation).finding), "");
  }

  const std::string& path_;
  Lines lines_;
  const Lexicon& lexicon_;
  const LintOptions& options_;
  Reading reading_;
  std::vector<Range> quotes_, lists_;
  std::vector<const ReadSentence*> tagged_;
  std::vector<Finding> findings_;
};

}  // namespace

std::string to_string(const Finding& finding) {
  const std::string quoted = finding.sentence.empty() ? "" : fmt::format(": \"{}\"", finding.sentence);
  const RuleText& rule = text_of(finding.rule);
  return fmt::format("{}:{}:{}: {}: {}{}; {}", finding.path, finding.at.line, finding.at.column, rule.id,
                     finding.message, quoted, rule.remedy);
}

std::vector<Finding> Linter::lint(const std::string& path, std::string_view file) const {
  return Check(path, file, lexicon_, options_).run();
}

std::optional<Rule> Linter::judge_sentence(std::string_view sentence) const {
  const std::string text = normalise(sentence);
  const TaggedWords words = lexicon_.tag(words_of(text));
  return judge({&words, is_question(text), is_whole(text), {}});
}

}  // namespace assay::lint
