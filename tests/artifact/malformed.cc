#include "tests/artifact/malformed.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <fstream>

#include "kernels/artifact/safetensors.h"

namespace assay::artifact {
namespace {

namespace fs = std::filesystem;

std::string length_of(std::uint64_t length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(length >> (8 * i));
  return bytes;
}

constexpr std::string_view kModel = "model.safetensors", kIndex = "model.safetensors.index.json";

/// A model.safetensors with these bytes.
Malformed bytes(std::string name, std::string content, std::string_view expected) {
  return {std::move(name), [content](const fs::path& folder) { put(folder / kModel, content); },
          fmt::format("DIR/{} {}", kModel, expected)};
}

/// A model.safetensors with this header, and so many bytes of data.
Malformed header(std::string name, std::string_view text, std::size_t data_bytes, std::string_view expected) {
  return bytes(std::move(name), file_of(text, data_bytes), expected);
}

/// One tensor "w" with this text between its braces.
Malformed entry(std::string name, std::string_view fields, std::string_view expected) {
  return header(std::move(name), fmt::format(R"({{"w":{{{}}}}})", fields), 4, expected);
}

/// A U8 vector.
std::string vector_of(std::string_view name, std::size_t begin, std::size_t end) {
  return fmt::format(R"("{}":{{"dtype":"U8","shape":[{}],"data_offsets":[{},{}]}})", name, end - begin, begin, end);
}

std::string many_entries(std::size_t count) {
  std::string text = "{";
  for (std::size_t i = 0; i < count; ++i)
    text += fmt::format(R"({}"{}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})", i > 0 ? "," : "", i);
  return text + "}";
}

std::vector<Malformed> starts_of_files() {
  return {
      bytes("empty file", "", "(offset 0): 0 bytes, too short for the 8-byte length of the header"),
      bytes("seven bytes", std::string(7, '\0'), "(offset 0): 7 bytes, too short for the 8-byte length of the header"),
      bytes("length over the file", length_of(3) + "{}",
            "(offset 0): header of 3 bytes in a file of 10: it has been cut; fetch it again"),
      bytes(
          "length that wraps with 8", length_of(~std::uint64_t{0} - 4) + "{}",
          "(offset 0): header of 18446744073709551611 bytes, over the limit of 100000000; is this a safetensors file?"),
      bytes("length over 100 MB", length_of(100'000'001) + "{}",
            "(offset 0): header of 100000001 bytes, over the limit of 100000000; is this a safetensors file?"),
      bytes("a pickle", std::string("PK\x03\x04\0\0\x08\x08", 8) + std::string(100, '\0'),
            "(offset 0): header of 578712552184433488 bytes, over the limit of 100000000; is this a safetensors file?"),
      bytes("no header", length_of(0), "(offset 8): the header does not begin with '{'; is this a safetensors file?"),
      header("leading space", " {}", 0, "(offset 8): the header does not begin with '{'; is this a safetensors file?"),
      header("byte-order mark", "\xEF\xBB\xBF{}", 0,
             "(offset 8): the header does not begin with '{'; is this a safetensors file?"),
      header("an array", "[]", 0, "(offset 8): the header does not begin with '{'; is this a safetensors file?"),
      header("padding of newlines", "{}\n", 0,
             "(offset 10): the header ends in byte 0x0a; only spaces may follow its '}'"),
      header("padding of zeros", std::string_view("{}\0\0", 4), 0,
             "(offset 11): the header ends in byte 0x00; only spaces may follow its '}'"),
      header("two headers", "{}{}", 0, "(offset 10): not JSON: unexpected '{'"),
      header("zero byte inside", std::string_view("{\0}", 3), 0, "(offset 9): NUL byte"),
      header("cut JSON", R"({"w":{"dtype":"U8","shape":[],"data_offsets":[0,1]})", 1,
             "(offset 59): not JSON: the text ends too early"),
      header("comment", "{/*x*/}", 0, "(offset 9): not JSON: unexpected '/'"),
      header("trailing comma", "{" + vector_of("w", 0, 4) + ",}", 4, "(offset 61): not JSON: unexpected '}'"),
      header("not UTF-8", "{\"\xff\":{}}", 0, "(offset 9): not JSON: unexpected '\"\uFFFD'"),
      header("overlong UTF-8", "{\"\xC0\xAF\":{}}", 0, "(offset 9): not JSON: unexpected '\"\uFFFD'"),
      header("lone surrogate", R"({"\ud800":{}})", 0, "(offset 9): not JSON: unexpected '\"\\ud800\"'"),
      header("control character in a name", R"({"a\u001b[2J":{}})", 0,
             "(offset 9): tensor 'a\uFFFD[2J': control character in the name"),
      header("deep nesting", R"({"w":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}", 0,
             "(offset 13): tensor 'w': expected an object with dtype, shape and data_offsets, found an array"),
      header("too many tensors", many_entries(kTensorsOfAFile + 1), 0, "(offset 14831107): more than 262144 tensors"),
  };
}

std::vector<Malformed> entries() {
  const std::string many_dimensions = fmt::format("{}", fmt::join(std::vector<int>(65, 1), ","));
  return {
      header("name twice", "{" + vector_of("w", 0, 2) + "," + vector_of("w", 2, 4) + "}", 4,
             "(offset 61): tensor 'w' twice"),
      header("name twice in disguise", "{" + vector_of("w", 0, 2) + "," + vector_of("\\u0077", 2, 4) + "}", 4,
             "(offset 61): tensor 'w' twice"),
      entry("field twice", R"("dtype":"U8","shape":[4],"shape":[4],"data_offsets":[0,4])",
            "(offset 39): tensor 'w': shape twice"),
      entry("unknown field", R"("dtype":"U8","shape":[4],"data_offsets":[0,4],"strides":[1])",
            "(offset 60): tensor 'w': unknown field 'strides'"),
      entry("no dtype", R"("shape":[4],"data_offsets":[0,4])", "(offset 46): tensor 'w': dtype is missing"),
      entry("no shape", R"("dtype":"U8","data_offsets":[0,4])", "(offset 47): tensor 'w': shape is missing"),
      entry("no data_offsets", R"("dtype":"U8","shape":[4])", "(offset 38): tensor 'w': data_offsets is missing"),
      header("an entry that is a number", R"({"w":1})", 0,
             "(offset 13): tensor 'w': expected an object with dtype, shape and data_offsets, found a number"),
      entry("unknown dtype", R"("dtype":"F12","shape":[4],"data_offsets":[0,4])",
            "(offset 22): tensor 'w': unknown dtype 'F12'"),
      entry("dtype in small letters", R"("dtype":"u8","shape":[4],"data_offsets":[0,4])",
            "(offset 22): tensor 'w': unknown dtype 'u8'"),
      entry("dtype that is a number", R"("dtype":8,"shape":[4],"data_offsets":[0,4])",
            "(offset 22): tensor 'w': dtype: expected a string, found a number"),
      entry("negative dimension", R"("dtype":"U8","shape":[-4],"data_offsets":[0,4])",
            "(offset 36): tensor 'w': shape: expected an unsigned integer, found a negative number"),
      entry("negative zero", R"("dtype":"U8","shape":[-0],"data_offsets":[0,0])",
            "(offset 36): tensor 'w': shape: expected an unsigned integer, found a negative number"),
      entry("dimension with an exponent", R"("dtype":"U8","shape":[4e0],"data_offsets":[0,4])",
            "(offset 36): tensor 'w': shape: expected an unsigned integer, found a fraction, an exponent or a number "
            "over 64 "
            "bits"),
      entry("dimension of 2^64", R"("dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,4])",
            "(offset 36): tensor 'w': shape: expected an unsigned integer, found a fraction, an exponent or a number "
            "over 64 "
            "bits"),
      entry("dimension beyond every range", R"("dtype":"U8","shape":[1e999],"data_offsets":[0,4])",
            "(offset 36): number beyond every range"),
      entry("dimension in quotes", R"("dtype":"U8","shape":["4"],"data_offsets":[0,4])",
            "(offset 36): tensor 'w': shape: expected an unsigned integer, found a string"),
      entry("leading zero", R"("dtype":"U8","shape":[04],"data_offsets":[0,4])",
            "(offset 37): not JSON: unexpected '4'"),
      entry("shape that is no array", R"("dtype":"U8","shape":4,"data_offsets":[0,4])",
            "(offset 35): tensor 'w': shape: expected an array, found a number"),
      entry("nested shape", R"("dtype":"U8","shape":[[4]],"data_offsets":[0,4])",
            "(offset 36): tensor 'w': shape: expected an unsigned integer, found an array"),
      entry("65 dimensions", fmt::format(R"("dtype":"U8","shape":[{}],"data_offsets":[0,4])", many_dimensions),
            "(offset 164): tensor 'w': shape: more than 64 dimensions"),
      entry("one offset", R"("dtype":"U8","shape":[4],"data_offsets":[0])",
            "(offset 56): tensor 'w': data_offsets: expected two numbers, found 1"),
      entry("three offsets", R"("dtype":"U8","shape":[4],"data_offsets":[0,4,4])",
            "(offset 59): tensor 'w': data_offsets: expected two numbers, found more"),
      entry("negative offset", R"("dtype":"U8","shape":[4],"data_offsets":[-4,0])",
            "(offset 55): tensor 'w': data_offsets: expected an unsigned integer, found a negative number"),
      entry("offsets reversed", R"("dtype":"U8","shape":[4],"data_offsets":[4,0])",
            "(offset 59): tensor 'w': data_offsets [4, 0]: the end is before the begin"),
      entry("offset null", R"("dtype":"U8","shape":[4],"data_offsets":[null,4])",
            "(offset 55): tensor 'w': data_offsets: expected an unsigned integer, found null"),
      entry("size unequal to the offsets", R"("dtype":"F32","shape":[4],"data_offsets":[0,4])",
            "(offset 60): tensor 'w': F32 [4] takes 16 bytes, data_offsets span 4"),
      entry("product that wraps to 0", R"("dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0])",
            "(offset 79): tensor 'w': U8 [4294967296, 4294967296]: the size is over 64 bits, or not of whole bytes"),
      entry("product that wraps to 4", R"("dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4])",
            "(offset 78): tensor 'w': F32 [4611686018427387905]: the size is over 64 bits, or not of whole bytes"),
      entry("half a byte", R"("dtype":"F4","shape":[7],"data_offsets":[0,4])",
            "(offset 59): tensor 'w': F4 [7]: the size is over 64 bits, or not of whole bytes"),
      header("metadata that is no object", R"({"__metadata__":[]})", 0,
             "(offset 24): __metadata__: expected an object, found an array"),
      header("metadata that is no string", R"({"__metadata__":{"format":1}})", 0,
             "(offset 34): __metadata__ 'format': expected a string, found a number"),
      header("metadata key twice", R"({"__metadata__":{"a":"1","a":"2"}})", 0,
             "(offset 33): __metadata__: key 'a' twice"),
      header("control character in a metadata key", R"({"__metadata__":{"a\u0000b":""}})", 0,
             "(offset 25): __metadata__: control character in key 'a\uFFFDb'"),
      header("metadata twice", R"({"__metadata__":{},"__metadata__":{}})", 0, "(offset 27): __metadata__ twice"),
  };
}

std::vector<Malformed> data() {
  return {
      header("hole at the start", "{" + vector_of("w", 2, 4) + "}", 4,
             "(offset 9): tensor 'w': begins at byte 2, but the tensors before it end at 0: holes are refused"),
      header("hole", "{" + vector_of("a", 0, 2) + "," + vector_of("b", 3, 4) + "}", 4,
             "(offset 61): tensor 'b': begins at byte 3, but the tensors before it end at 2: holes are refused"),
      header("overlap", "{" + vector_of("a", 0, 3) + "," + vector_of("b", 2, 4) + "}", 4,
             "(offset 61): tensor 'b': begins at byte 2, inside of what ends at 3: tensors overlap"),
      header("the same bytes twice", "{" + vector_of("a", 0, 4) + "," + vector_of("b", 0, 4) + "}", 4,
             "(offset 61): tensor 'b': begins at byte 0, inside of what ends at 4: tensors overlap"),
      header("empty tensor inside another", "{" + vector_of("a", 0, 4) + "," + vector_of("b", 2, 2) + "}", 4,
             "(offset 61): tensor 'b': begins at byte 2, inside of what ends at 4: tensors overlap"),
      header("bytes behind the last tensor", "{" + vector_of("w", 0, 4) + "}", 5,
             "(offset 65): 1 bytes behind the last tensor"),
      header("bytes and no tensor", "{}", 1, "(offset 10): 1 bytes behind the last tensor"),
      header(
          "cut data", "{" + vector_of("a", 0, 2) + "," + vector_of("b", 2, 4) + "}", 3,
          "(offset 61): tensor 'b': ends at byte 4, but the file has 3 bytes of data: it has been cut; fetch it again"),
      header(
          "offsets near 2^64",
          R"({"w":{"dtype":"U8","shape":[4],"data_offsets":[18446744073709551608,18446744073709551612]}})", 4,
          "(offset 9): tensor 'w': begins at byte 18446744073709551608, but the tensors before it end at 0: holes are "
          "refused"),
  };
}

/// Two good shards: "a" in the first, "b" in the second.
constexpr std::string_view kFirst = "model-00001-of-00002.safetensors", kSecond = "model-00002-of-00002.safetensors";
void put_shards(const fs::path& folder) {
  put(folder / kFirst, file_of("{" + vector_of("a", 0, 4) + "}", 4));
  put(folder / kSecond, file_of("{" + vector_of("b", 0, 4) + "}", 4));
}
std::string index_of(std::string_view map) {
  return fmt::format(R"({{"metadata":{{"total_size":8}},"weight_map":{{{}}}}})", map);
}
std::string good_index() { return index_of(fmt::format(R"("a":"{}","b":"{}")", kFirst, kSecond)); }

/// Good shards with this index.
Malformed index(std::string name, std::string text, std::string_view expected) {
  return {std::move(name),
          [text](const fs::path& folder) {
            put_shards(folder);
            put(folder / kIndex, text);
          },
          std::string(expected)};
}

/// Tensor "a" mapped to a file name that may not be.
Malformed index_to(std::string name, std::string_view file, std::string_view shown) {
  return index(
      std::move(name), index_of(fmt::format(R"("a":"{}","b":"{}")", file, kSecond)),
      fmt::format("DIR/{}: weight_map: tensor 'a': {} is not the plain name of a .safetensors file in this folder",
                  kIndex, shown));
}

std::vector<Malformed> indices() {
  return {
      index_to("index: another folder", "sub/x.safetensors", "'sub/x.safetensors'"),
      index_to("index: the folder above", "../x.safetensors", "'../x.safetensors'"),
      index_to("index: absolute path", "/etc/x.safetensors", "'/etc/x.safetensors'"),
      index_to("index: backslash", R"(sub\\x.safetensors)", R"('sub\x.safetensors')"),
      index_to("index: hidden file", ".x.safetensors", "'.x.safetensors'"),
      index_to("index: empty name", "", "''"),
      index_to("index: dots", "..", "'..'"),
      index_to("index: another format", "model.bin", "'model.bin'"),
      index_to("index: control character", R"(a\u0000.safetensors)", "'a\uFFFD.safetensors'"),
      index("index: a number for a file", index_of(R"("a":1)"),
            "DIR/model.safetensors.index.json: weight_map: tensor 'a': expected the name of a file, found number"),
      index("index: tensor twice", index_of(fmt::format(R"("a":"{}","a":"{}")", kFirst, kSecond)),
            "DIR/model.safetensors.index.json:1:83 (offset 82): duplicate key 'a'"),
      index("index: no weight_map", R"({"metadata":{}})",
            "DIR/model.safetensors.index.json: no object 'weight_map', which says what file holds which tensor"),
      index("index: an array", "[]",
            "DIR/model.safetensors.index.json: no object 'weight_map', which says what file holds which tensor"),
      index("index: not JSON", "weights", "DIR/model.safetensors.index.json:1:1 (offset 0): not JSON: unexpected 'w'"),
      index("index: missing shard",
            index_of(fmt::format(R"("a":"{}","b":"{}","c":"gone.safetensors")", kFirst, kSecond)),
            "DIR/gone.safetensors: cannot open: No such file or directory"),
      index("index: tensor that its shard lacks",
            index_of(fmt::format(R"("a":"{}","b":"{}","c":"{}")", kFirst, kSecond, kSecond)),
            "DIR/model.safetensors.index.json: weight_map: tensor 'c' is not in 'model-00002-of-00002.safetensors'"),
      index("index: tensor in the other shard", index_of(fmt::format(R"("a":"{}","b":"{}")", kSecond, kFirst)),
            "DIR/model-00001-of-00002.safetensors: holds tensor 'a', which model.safetensors.index.json places in "
            "'model-00002-of-00002.safetensors'"),
      {"index: tensor that it does not list",
       [](const fs::path& folder) {
         put_shards(folder);
         put(folder / kFirst, file_of("{" + vector_of("a", 0, 4) + "," + vector_of("z", 4, 5) + "}", 5));
         put(folder / kIndex, good_index());
       },
       "DIR/model-00001-of-00002.safetensors: holds tensor 'z', which model.safetensors.index.json does not list"},
      {"one tensor in two shards",
       [](const fs::path& folder) {
         put_shards(folder);
         put(folder / kSecond, file_of("{" + vector_of("a", 0, 4) + "," + vector_of("b", 4, 5) + "}", 5));
         put(folder / kIndex, good_index());
       },
       "DIR/model-00002-of-00002.safetensors: holds tensor 'a', which model.safetensors.index.json places in "
       "'model-00001-of-00002.safetensors'"},
      {"damaged shard",
       [](const fs::path& folder) {
         put_shards(folder);
         put(folder / kSecond, file_of("{" + vector_of("b", 0, 4) + "}", 3));
         put(folder / kIndex, good_index());
       },
       "DIR/model-00002-of-00002.safetensors (offset 9): tensor 'b': ends at byte 4, but the file has 3 bytes of data: "
       "it "
       "has been cut; fetch it again"},
      {"index and model.safetensors",
       [](const fs::path& folder) {
         put_shards(folder);
         put(folder / kIndex, good_index());
         put(folder / kModel, file_of("{}", 0));
       },
       "DIR: holds both model.safetensors and model.safetensors.index.json, which does not list it; loaders differ on "
       "which counts, so remove one"},
  };
}

/// A good model.safetensors and what `more` adds.
Malformed folder(std::string name, std::function<void(const fs::path&)> more, std::string_view expected) {
  return {std::move(name),
          [more = std::move(more)](const fs::path& folder) {
            put(folder / kModel, file_of("{" + vector_of("w", 0, 4) + "}", 4));
            more(folder);
          },
          std::string(expected)};
}

std::vector<Malformed> folders() {
  return {
      {"empty folder", [](const fs::path&) {},
       "DIR: holds neither model.safetensors nor model.safetensors.index.json; name the folder of a checkpoint, or one "
       ".safetensors file"},
      {"model that is a folder", [](const fs::path& folder) { fs::create_directory(folder / kModel); },
       "DIR/model.safetensors: is a folder, expected a file"},
      {"model that is a pipe", [](const fs::path& folder) { ::mkfifo((folder / kModel).c_str(), 0600); },
       "DIR/model.safetensors: is a pipe, expected a file"},
      {"link out of the folder", [](const fs::path& folder) { fs::create_symlink("/dev/null", folder / kModel); },
       "DIR/model.safetensors: is a link to '/dev/null', outside of the folder; put the file itself there"},
      {"link to nothing", [](const fs::path& folder) { fs::create_symlink("gone", folder / kModel); },
       "DIR/model.safetensors: cannot open: No such file or directory"},
      {"link to itself", [](const fs::path& folder) { fs::create_symlink(kModel, folder / kModel); },
       "DIR/model.safetensors: cannot open: Too many levels of symbolic links"},
      {"index that is a link out of the folder",
       [](const fs::path& folder) { fs::create_symlink("/etc/passwd", folder / kIndex); },
       "DIR/model.safetensors.index.json: is a link to '/etc/passwd', outside of the folder; put the file itself "
       "there"},
      {"shard that is a link out of the folder",
       [](const fs::path& folder) {
         put_shards(folder);
         fs::remove(folder / kFirst);
         fs::create_symlink("/etc/passwd", folder / kFirst);
         put(folder / kIndex, good_index());
       },
       "DIR/model-00001-of-00002.safetensors: is a link to '/etc/passwd', outside of the folder; put the file itself "
       "there"},
      folder(
          "tokenizer that is a link out of the folder",
          [](const fs::path& path) { fs::create_symlink("/etc/passwd", path / "tokenizer.json"); },
          "DIR/tokenizer.json: is a link to '/etc/passwd', outside of the folder; put the file itself there"),
      folder(
          "link to a folder",
          [](const fs::path& path) {
            fs::create_directory(path / "real");
            fs::create_symlink("real", path / "linked");
          },
          "DIR/linked: is neither a file nor a folder, or a link to a folder; put the file itself there"),
      folder(
          "config that is a link out of the folder",
          [](const fs::path& path) { fs::create_symlink("/etc/passwd", path / "config.json"); },
          "DIR/config.json: is a link to '/etc/passwd', outside of the folder; put the file itself there"),
      folder(
          "config that is no object", [](const fs::path& path) { put(path / "config.json", "[]"); },
          "DIR/config.json: expected an object, found array"),
      folder(
          "config with a key twice", [](const fs::path& path) { put(path / "config.json", R"({"a":1,"a":2})"); },
          "DIR/config.json:1:8 (offset 7): duplicate key 'a'"),
      folder(
          "config that is not JSON", [](const fs::path& path) { put(path / "config.json", "{\"a\": NaN}"); },
          "DIR/config.json:1:7 (offset 6): not JSON: unexpected 'N'"),
  };
}

}  // namespace

std::string file_of(std::string_view header, std::size_t data_bytes) {
  return length_of(header.size()) + std::string(header) + std::string(data_bytes, '\x38');
}

void put(const fs::path& file, std::string_view content) {
  std::ofstream(file, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
}

std::vector<Malformed> malformed_checkpoints() {
  std::vector<Malformed> all;
  for (const auto& part : {starts_of_files(), entries(), data(), indices(), folders()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace assay::artifact
