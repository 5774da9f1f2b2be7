#include "tests/fuzz/headers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <set>
#include <string_view>

#include "harness/base/json.h"
#include "kernels/artifact/safetensors_writer.h"

namespace assay::fuzz {
namespace {

using artifact::Dtype;
using artifact::Header;
using artifact::Layout;
using artifact::TensorInfo;
using artifact::TensorSpec;

constexpr std::size_t kLengthBytes = 8, kTextLimit = 1u << 16;

std::string_view text_of(const Image& image) {
  return image.size() < kLengthBytes
             ? std::string_view()
             : std::string_view(reinterpret_cast<const char*>(image.data()), image.size()).substr(8);
}

Image image_of(std::uint64_t length, std::string_view rest) {
  Image image(kLengthBytes + rest.size());
  for (std::size_t i = 0; i < kLengthBytes; ++i) image[i] = static_cast<std::byte>(length >> (8 * i));
  if (!rest.empty()) std::memcpy(image.data() + kLengthBytes, rest.data(), rest.size());
  return image;
}

std::uint64_t length_of(const Image& image) {
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < std::min(image.size(), kLengthBytes); ++i)
    length |= std::to_integer<std::uint64_t>(image[i]) << (8 * i);
  return length;
}

Image file_of(std::string_view header, std::size_t data_bytes) {
  return image_of(header.size(), std::string(header) + std::string(data_bytes, 'x'));
}

Image file_of(const std::vector<TensorSpec>& specs) {
  const Result<Layout> layout = artifact::lay_out(specs, {{"format", "pt"}});
  if (!layout) return {};
  const std::size_t data = layout->tensors.empty() ? 0 : layout->tensors.back().end;
  return file_of(std::string_view(layout->head).substr(kLengthBytes), data);
}

// --- Edits of the text ---

/// The runs of characters of one kind, as [begin, end).
struct Run {
  std::size_t begin = 0, end = 0;
};
template <class Kind>
std::vector<Run> runs_of(std::string_view text, Kind is_kind) {
  std::vector<Run> runs;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_kind(text[i])) continue;
    if (runs.empty() || runs.back().end != i) runs.push_back({i, i});
    runs.back().end = i + 1;
  }
  return runs;
}
std::vector<Run> numbers_of(std::string_view text) {
  return runs_of(text, [](char c) { return c >= '0' && c <= '9'; });
}
std::vector<Run> words_of(std::string_view text) {
  return runs_of(text, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; });
}

constexpr std::array<std::string_view, 26> kNumbers = {"0",
                                                       "1",
                                                       "2",
                                                       "4",
                                                       "8",
                                                       "16",
                                                       "-1",
                                                       "-0",
                                                       "1e3",
                                                       "1.0",
                                                       "01",
                                                       "1e999",
                                                       "null",
                                                       "true",
                                                       "\"4\"",
                                                       "[1]",
                                                       "{}",
                                                       "4294967296",
                                                       "2147483648",
                                                       "9223372036854775807",
                                                       "9223372036854775808",
                                                       "18446744073709551615",
                                                       "18446744073709551616",
                                                       "4611686018427387905",
                                                       "2305843009213693952",
                                                       ""};
constexpr std::array<std::string_view, 20> kWords = {
    "dtype", "shape", "data_offsets", "__metadata__", "U8",          "F32",  "BF16",    "F4",      "F6_E2M3", "F8_E4M3",
    "BOOL",  "I64",   "C64",          "f32",          "\\u0064type", "\xff", "\\ud800", "\\u0000", "a",       ""};

template <class List>
std::string_view pick(const List& list, Random& random) {
  return list[random.below(list.size())];
}

void replace(std::string& text, Run run, std::string_view with) { text.replace(run.begin, run.end - run.begin, with); }

void edit_number(std::string& text, Random& random) {
  const std::vector<Run> numbers = numbers_of(text);
  if (numbers.empty()) return;
  const Run run = numbers[random.below(numbers.size())], other = numbers[random.below(numbers.size())];
  if (random.below(3) == 0) return replace(text, run, std::string(text.substr(other.begin, other.end - other.begin)));
  if (random.below(3) > 0) return replace(text, run, pick(kNumbers, random));
  std::uint64_t value = 0;
  std::from_chars(text.data() + run.begin, text.data() + run.end, value);
  replace(text, run, fmt::format("{}", value + random.below(9) - 4));
}

void edit_word(std::string& text, Random& random) {
  const std::vector<Run> words = words_of(text);
  if (!words.empty()) replace(text, words[random.below(words.size())], pick(kWords, random));
}

/// Twice, gone, or somewhere else: a stretch of the text that ends at a brace, comma or bracket.
void edit_stretch(std::string& text, Random& random) {
  std::vector<std::size_t> cuts;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (std::string_view("{},[]:\"").find(text[i]) != std::string_view::npos) cuts.push_back(i);
  if (cuts.empty()) return;
  std::size_t a = cuts[random.below(cuts.size())], b = cuts[random.below(cuts.size())];
  if (a > b) std::swap(a, b);
  const std::string stretch = text.substr(a, b - a);
  if (random.below(2) == 0)
    text.erase(a, b - a);
  else if (text.size() < kTextLimit)
    text.insert(cuts[random.below(cuts.size())], stretch);
}

/// Both entries get each other's place, which is no damage where their sizes are equal: files that must be accepted.
void swap_entries(std::string& text, Random& random) {
  const std::size_t first = text.find("},\""), last = text.rfind("},\"");
  if (first == text.npos || first == last) return edit_number(text, random);
  const std::string entry = text.substr(first + 1, text.find("},\"", first + 1) - first);
  text.erase(first + 1, entry.size());
  text.insert(text.rfind('}'), entry);
}

void edit_bytes(std::string& text, Random& random) {
  if (text.empty()) return;
  const std::size_t at = random.below(text.size());
  switch (random.below(4)) {
    case 0:
      text[at] = static_cast<char>(random.next());
      return;
    case 1:
      text.erase(at, 1 + random.below(8));
      return;
    case 2:
      text.insert(at, 1 + random.below(4),
                  pick(std::array<std::string_view, 5>{" ", "\n", "\\", "\"", "\0"}, random)[0]);
      return;
    default:
      text.resize(at);
  }
}

void edit_text(std::string& text, Random& random) {
  switch (random.below(10)) {
    case 0:
      return edit_bytes(text, random);
    case 1:
    case 2:
      return edit_word(text, random);
    case 3:
      return edit_stretch(text, random);
    case 4:
    case 5:
      return swap_entries(text, random);
    default:
      return edit_number(text, random);
  }
}

std::uint64_t edge_length(const Image& image, Random& random) {
  const std::array<std::uint64_t, 9> edges = {
      0, 1, image.size(), image.size() - 8, image.size() - 7, 100'000'000, 100'000'001, ~0ull, ~0ull - 7};
  return edges[random.below(edges.size())];
}

// --- Promises ---

void expect(bool kept, std::string_view promise, std::string& breach) {
  if (!kept && breach.empty()) breach = promise;
}

void check_refusal(const Error& error, std::size_t bytes, std::string& breach) {
  expect(error.message.find('\n') == std::string::npos, "a refusal is one line", breach);
  constexpr std::string_view kStart = "f (offset ";
  std::uint64_t offset = ~0ull;
  if (error.message.starts_with(kStart))
    std::from_chars(error.message.data() + kStart.size(), error.message.data() + error.message.size(), offset);
  expect(offset <= bytes, "a refusal has an offset inside the file", breach);
}

/// Every byte of the data belongs to one tensor, and every tensor to the list once.
void check_accepted(const Header& header, std::size_t bytes, std::string& breach) {
  std::uint64_t end = 0;
  std::set<std::string_view> names;
  for (const TensorInfo& tensor : header.tensors) {
    expect(tensor.begin == end && tensor.end >= end, "a tensor begins where the one before it ends", breach);
    expect(artifact::bytes_of(tensor.dtype, tensor.shape) == tensor.bytes(), "a tensor has the size of its shape",
           breach);
    expect(names.insert(tensor.name).second, "a name stands once", breach);
    end = tensor.end;
  }
  expect(header.data + end == bytes, "the last tensor ends with the file", breach);
}

/// The tree has no numbers over 63 bits; a shape with a zero may hold some.
bool has_large_number(const Header& header) {
  return std::ranges::any_of(header.tensors, [](const TensorInfo& tensor) {
    return std::ranges::any_of(tensor.shape, [](std::uint64_t d) { return d > INT64_MAX; });
  });
}

void compare_with_tree(std::string_view text, const Header& header, std::string& breach) {
  if (has_large_number(header)) return;
  const Result<Json> tree = parse_json(text, "f");
  expect(bool(tree), "the tree parser accepts what the header's reader accepts", breach);
  if (!tree) return;
  expect(tree->size() - tree->count("__metadata__") == header.tensors.size(), "both see as many tensors", breach);
  for (const TensorInfo& tensor : header.tensors) {
    const Json wanted = {{"dtype", artifact::to_string(tensor.dtype)},
                         {"shape", tensor.shape},
                         {"data_offsets", {tensor.begin, tensor.end}}};
    expect(tree->contains(tensor.name) && (*tree)[tensor.name] == wanted, "both see the same tensor", breach);
  }
}

bool by_name(const TensorInfo& a, const TensorInfo& b) { return a.name < b.name; }

/// Writes the list again and reads that: same tensors, aligned this time.
void check_round_trip(const Header& header, std::string& breach) {
  std::vector<TensorSpec> specs;
  for (const TensorInfo& tensor : header.tensors) specs.push_back({tensor.name, tensor.dtype, tensor.shape});
  const Result<Layout> layout = artifact::lay_out(specs, header.metadata);
  expect(bool(layout), "what was read can be written", breach);
  if (!layout) return;
  const std::uint64_t data = layout->tensors.empty() ? 0 : layout->tensors.back().end;
  Result<Header> again =
      artifact::parse_header(std::string_view(layout->head).substr(kLengthBytes), layout->head.size() + data, "f");
  expect(bool(again), "what was written can be read", breach);
  if (!again) return;
  expect(again->metadata == header.metadata && again->data % 256 == 0, "a written header keeps its metadata", breach);
  std::vector<TensorInfo> before = header.tensors;
  std::ranges::sort(before, by_name);
  std::ranges::sort(again->tensors, by_name);
  const auto same = [](const TensorInfo& a, const TensorInfo& b) {
    return a.name == b.name && a.dtype == b.dtype && a.shape == b.shape;
  };
  expect(std::ranges::equal(before, again->tensors, same), "a written header keeps its tensors", breach);
}

}  // namespace

std::vector<Image> header_seeds() {
  std::vector<TensorSpec> all;
  for (int i = 0; i <= static_cast<int>(Dtype::U64); ++i)
    all.push_back({fmt::format("t{}", i), static_cast<Dtype>(i), {2, 4}});
  return {
      file_of(all),
      file_of({{"m.weight", Dtype::U8, {4, 8}},
               {"m.weight_scale", Dtype::F8_E4M3, {4, 1}},
               {"m.weight_scale_2", Dtype::F32, {}},
               {"norm", Dtype::BF16, {16}}}),
      file_of({}),
      file_of("{}", 0),
      file_of(
          R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]},)"
          R"("c":{"dtype":"U8","shape":[0,3],"data_offsets":[8,8]}})",
          8),
      file_of(
          R"({ "__metadata__" : {"a":"\u00e9"}, "x" : { "shape":[2,3], "data_offsets":[0, 12], "dtype":"F16" } }   )",
          12)};
}

Image mutate_header(const std::vector<Image>& seeds, Random& random) {
  const Image& seed = seeds[random.below(seeds.size())];
  const std::size_t length = length_of(seed);
  std::string text(text_of(seed).substr(0, length)), data(text_of(seed).substr(length));
  for (std::size_t n = 1 + random.below(4); n > 0; --n) edit_text(text, random);
  if (random.below(8) == 0) data.resize(random.below(2 * data.size() + 2), 'x');
  Image image = image_of(text.size(), text + data);
  if (random.below(8) == 0) image = image_of(edge_length(image, random), text + data);
  if (random.below(16) == 0) image.resize(random.below(image.size() + 1));
  return image;
}

HeaderReached run_header(const Image& image, std::string& breach) {
  HeaderReached reached;
  const Result<std::uint64_t> length = artifact::header_bytes(image, image.size(), "f");
  if (!length) check_refusal(length.error(), image.size(), breach);
  if (!length) return reached;
  reached.framed = true;
  const std::string_view text = text_of(image).substr(0, *length);
  const Result<Header> header = artifact::parse_header(text, image.size(), "f");
  if (!header) check_refusal(header.error(), image.size(), breach);
  if (!header) return reached;
  reached.accepted = true;
  check_accepted(*header, image.size(), breach);
  compare_with_tree(text, *header, breach);
  check_round_trip(*header, breach);
  reached.written = breach.empty();
  return reached;
}

}  // namespace assay::fuzz
