#include "probes/form_matrix.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "ptx/form_texts.h"

namespace assay::probes {
namespace {

constexpr std::string_view kTool = "ptxas ";
constexpr char kTaken = '+';

/// "application ptx input, line 20; error   : ..." without what stands before the severity.
std::string_view without_place(std::string_view line) {
  const std::size_t colon = line.find(" : "), place = line.substr(0, colon).rfind("; ");
  return place == std::string_view::npos ? line : line.substr(place + 2);
}

std::string with_placeholder(std::string line, Target target) {
  const std::string name = fmt::format("'{}'", to_string(target));
  for (std::size_t at; (at = line.find(name)) != std::string::npos;) line.replace(at, name.size(), "'<T>'");
  return line;
}

Result<FormAnswer> ask(cuda::PtxAssembler& assembler, const Form& form, Target target) {
  const Result<cuda::Assembly> assembly = assembler.assemble(form_ptx(form, target), target);
  if (!assembly) return assembly.error();
  return FormAnswer{assembly->accepted, messages_of(assembly->log, target), assembly->log};
}

/// The first target that takes the form shows how old the form is: targets are in the order in which they came, but
/// for sm_120 and its kin, which are older than sm_103's and sm_110's versions.
std::optional<Target> oldest_taker(const FormRow& row, std::span<const Target> targets) {
  std::optional<Target> oldest;
  for (std::size_t i = 0; i < targets.size(); ++i)
    if (row.answers[i].accepted && (!oldest || ptx_version_floor(targets[i]) < ptx_version_floor(*oldest)))
      oldest = targets[i];
  return oldest;
}

Result<std::optional<PtxVersion>> lowest_version(cuda::PtxAssembler& assembler, const Form& form, Target target) {
  for (const PtxVersion version : form_versions()) {
    const Result<bool> taken = takes_version(assembler, form, target, version);
    if (!taken) return taken.error();
    if (*taken) return std::optional(version);
  }
  return std::optional<PtxVersion>();
}

Result<FormRow> ask_row(cuda::PtxAssembler& assembler, const Form& form, std::span<const Target> targets) {
  FormRow row{std::string(form.id), std::string(form.family), {}, {}};
  for (const Target target : targets) {
    Result<FormAnswer> answer = ask(assembler, form, target);
    if (!answer) return answer.error();
    row.answers.push_back(*std::move(answer));
  }
  const std::optional<Target> taker = oldest_taker(row, targets);
  if (!taker || targets.size() != form_targets().size()) return row;
  const Result<std::optional<PtxVersion>> lowest = lowest_version(assembler, form, *taker);
  if (!lowest) return lowest.error();
  row.lowest = *lowest;
  return row;
}

std::string told(const FormAnswer& answer) {
  const std::string messages = fmt::format("{}", fmt::join(answer.messages, " | "));
  return fmt::format("{}{}{}", answer.accepted ? "accepted" : "refused", messages.empty() ? "" : ": ", messages);
}

const FormRow* find_row(const FormMatrix& matrix, std::string_view form) {
  const auto found = std::ranges::find(matrix.rows, form, &FormRow::form);
  return found == matrix.rows.end() ? nullptr : &*found;
}

void compare_cells(const FormMatrix& expected, const FormRow& wanted, const FormMatrix& said, const FormRow& row,
                   std::vector<FormDifference>& differences) {
  for (std::size_t i = 0; i < said.targets.size(); ++i) {
    const auto at = std::ranges::find(expected.targets, said.targets[i]);
    const std::string target = to_string(said.targets[i]);
    if (at == expected.targets.end()) {
      differences.push_back({row.form, target, "no column in the data", told(row.answers[i])});
      continue;
    }
    const FormAnswer& answer = wanted.answers[static_cast<std::size_t>(at - expected.targets.begin())];
    if (answer != row.answers[i]) differences.push_back({row.form, target, told(answer), told(row.answers[i])});
  }
}

std::string version_told(PtxVersion version) { return ".version " + to_string(version); }

/// Letters for the messages of one row, in the order of their appearance.
class Letters {
 public:
  char of(const FormAnswer& answer) {
    if (answer.accepted && answer.messages.empty()) return kTaken;
    const auto known = std::ranges::find(seen_, answer);
    const auto index = static_cast<char>(known - seen_.begin());
    if (known == seen_.end()) seen_.push_back(answer);
    return static_cast<char>((answer.accepted ? 'A' : 'a') + index);
  }
  Json messages() const {
    Json messages = Json::object();
    for (const FormAnswer& answer : seen_) messages[std::string(1, Letters(*this).of(answer))] = answer.messages;
    return messages;
  }

 private:
  std::vector<FormAnswer> seen_;
};

Json row_data(const FormRow& row) {
  Letters letters;
  std::string cells;
  for (const FormAnswer& answer : row.answers) cells += letters.of(answer);
  return {{"form", row.form},
          {"family", row.family},
          {"cells", cells},
          {"lowest", row.lowest ? to_string(*row.lowest) : ""},
          {"messages", letters.messages()}};
}

std::optional<PtxVersion> parse_version(std::string_view text) {
  for (const PtxVersion version : form_versions())
    if (to_string(version) == text) return version;
  return std::nullopt;
}

/// The answer that a letter of `cells` stands for; absent if it stands for none.
std::optional<FormAnswer> parse_cell(char letter, const Json& messages) {
  if (letter == kTaken) return FormAnswer{true, {}, {}};
  const auto found = messages.find(std::string(1, letter));
  if (found == messages.end() || !found->is_array()) return std::nullopt;
  FormAnswer answer{std::isupper(static_cast<unsigned char>(letter)) != 0, {}, {}};
  for (const Json& line : *found) {
    if (!line.is_string()) return std::nullopt;
    answer.messages.push_back(line.get<std::string>());
  }
  return answer;
}

Result<FormRow> parse_row(const Json& json, std::size_t targets, const std::string& where) {
  ObjectReader reader(json, where);
  FormRow row{reader.string("form"), reader.string("family"), {}, {}};
  const std::string cells = reader.string("cells"), lowest = reader.string("lowest");
  const Json& messages = reader.object("messages");
  if (cells.size() != targets) reader.fault("cells", "must have a character for each target");
  for (const char letter : cells) {
    std::optional<FormAnswer> answer = parse_cell(letter, messages);
    if (!answer) reader.fault("cells", fmt::format("'{}' has no messages", letter));
    row.answers.push_back(answer.value_or(FormAnswer()));
  }
  row.lowest = parse_version(lowest);
  if (!row.lowest && !lowest.empty()) reader.fault("lowest", fmt::format("unknown version '{}'", lowest));
  if (Status read = reader.finish(); !read) return read.error();
  return row;
}

Status read_targets(const Json& list, const std::string& where, std::vector<Target>& into) {
  for (const Json& name : list) {
    const Result<Target> target =
        name.is_string() ? parse_target(name.get<std::string>()) : Error{"a target must be a string"};
    if (!target) return Error{fmt::format("{}: targets: {}", where, target.error().message)};
    into.push_back(*target);
  }
  return ok();
}

}  // namespace

std::span<const PtxVersion> form_versions() {
  static constexpr std::array<PtxVersion, 11> kVersions = {
      {{7, 8}, {8, 0}, {8, 1}, {8, 2}, {8, 3}, {8, 4}, {8, 5}, {8, 6}, {8, 7}, {8, 8}, {9, 0}}};
  return kVersions;
}

std::vector<std::string> messages_of(std::string_view log, Target target) {
  std::vector<std::string> messages;
  while (!log.empty()) {
    const std::string_view line = log.substr(0, log.find('\n'));
    log.remove_prefix(std::min(line.size() + 1, log.size()));
    if (!line.starts_with(kTool)) continue;  // nvJitLink's own last word, which is the same for every refusal
    messages.push_back(with_placeholder(std::string(without_place(line.substr(kTool.size()))), target));
  }
  return messages;
}

Result<bool> takes_version(cuda::PtxAssembler& assembler, const Form& form, Target target, PtxVersion version) {
  const Result<cuda::Assembly> assembly = assembler.assemble(form_ptx(form, target, version), target);
  if (!assembly) return assembly.error();
  return assembly->accepted;
}

Result<FormMatrix> ask_forms(cuda::PtxAssembler& assembler, std::span<const Form> forms,
                             std::span<const Target> targets) {
  const cuda::ToolIdentity identity = assembler.identity();
  FormMatrix matrix{identity.name + " " + identity.version, {targets.begin(), targets.end()}, {}};
  for (const Form& form : forms) {
    Result<FormRow> row = ask_row(assembler, form, targets);
    if (!row) return row.error();
    matrix.rows.push_back(*std::move(row));
  }
  return matrix;
}

FormComparison compare_forms(const FormMatrix& expected, const FormMatrix& said) {
  FormComparison comparison{expected.assembler == said.assembler, {}};
  for (const FormRow& row : said.rows) {
    const FormRow* wanted = find_row(expected, row.form);
    if (wanted == nullptr) {
      comparison.differences.push_back({row.form, "", "no row in the data", "a form"});
      continue;
    }
    compare_cells(expected, *wanted, said, row, comparison.differences);
    if (wanted->lowest && row.lowest && *wanted->lowest != *row.lowest)
      comparison.differences.push_back({row.form, "", version_told(*wanted->lowest), version_told(*row.lowest)});
  }
  return comparison;
}

Json form_data(const FormMatrix& matrix) {
  Json targets = Json::array(), forms = Json::array();
  for (const Target target : matrix.targets) targets.push_back(to_string(target));
  for (const FormRow& row : matrix.rows) forms.push_back(row_data(row));
  return {{"schema", FormMatrix::kDataSchema},
          {"assembler", matrix.assembler},
          {"version", to_string(kFormVersion)},
          {"targets", targets},
          {"forms", forms}};
}

Result<FormMatrix> parse_form_data(std::string_view text, std::string_view name) {
  const Result<Json> json = parse_json(text, name);
  if (!json) return json.error();
  ObjectReader reader(*json, std::string(name));
  if (reader.string("schema") != FormMatrix::kDataSchema)
    reader.fault("schema", fmt::format("must be {}", FormMatrix::kDataSchema));
  if (reader.string("version") != to_string(kFormVersion))
    reader.fault("version", fmt::format("must be {}", to_string(kFormVersion)));
  FormMatrix matrix{reader.string("assembler"), {}, {}};
  const Json targets = reader.array("targets"), forms = reader.array("forms");
  if (Status read = reader.finish(); !read) return read.error();
  if (Status read = read_targets(targets, std::string(name), matrix.targets); !read) return read.error();
  for (std::size_t i = 0; i < forms.size(); ++i) {
    Result<FormRow> row = parse_row(forms[i], matrix.targets.size(), fmt::format("{}: forms[{}]", name, i));
    if (!row) return row.error();
    if (find_row(matrix, row->form) != nullptr)
      return Error{fmt::format("{}: the form '{}' is there twice", name, row->form)};
    matrix.rows.push_back(*std::move(row));
  }
  return matrix;
}

Result<FormMatrix> expected_forms() {
  for (const EmbeddedText& file : form_texts())
    if (file.stem == "expected") return parse_form_data(file.text, "expected.json");
  return Error{"ptx/forms/expected.json is not built in"};
}

}  // namespace assay::probes
