#include "harness/evidence/redact.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "harness/base/descriptor.h"
#include "harness/base/file_system.h"
#include "harness/base/json.h"

namespace assay::evidence {
namespace {

bool is_word(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

char at(std::string_view text, std::size_t i) { return i < text.size() ? text[i] : '\0'; }

/// Words that are too common to be anybody's name.
bool is_common(std::string_view word) {
  constexpr std::array<std::string_view, 20> kCommon{
      "root",  "user",      "admin", "ubuntu", "debian", "nvidia", "cuda",  "test",   "home",   "host",
      "local", "localhost", "main",  "build",  "guest",  "nobody", "spark", "driver", "kernel", "device"};
  return word.size() < 3 || std::find(kCommon.begin(), kCommon.end(), word) != kCommon.end();
}

std::string user_name() {
  const passwd* entry = getpwuid(geteuid());  // NOLINT(concurrency-mt-unsafe): read once at the start of a run
  return entry == nullptr || entry->pw_name == nullptr ? "" : entry->pw_name;
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string home_path() {
  const char* home = std::getenv("HOME");
  return home == nullptr ? "" : home;
}

Result<Digest> create_salt(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return errno_error(path.string(), "create", "open", errno);
  Digest salt;
  random_bytes(salt);
  const std::string_view bytes(reinterpret_cast<const char*>(salt.data()), salt.size());
  if (const int code = write_all(file, bytes)) return errno_error(path.string(), "write", "write", code);
  if (::fsync(file.get()) != 0) return errno_error(path.string(), "write", "fsync", errno);
  return salt;
}

Result<Digest> load_salt(const std::filesystem::path& path, const Descriptor& file) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return errno_error(path.string(), "read", "fstat", errno);
  Digest salt;
  if (!S_ISREG(status.st_mode) || status.st_size != static_cast<off_t>(salt.size())) {
    return Error{.message = fmt::format("{}: a salt is a file of 32 bytes; remove it to get a new one", path.string())};
  }
  if ((status.st_mode & 077) != 0) {
    return Error{.message = fmt::format("{0}: the salt is open to other users; run: chmod 600 {0}", path.string())};
  }
  if (read_some(file, salt.data(), salt.size()) != static_cast<std::ptrdiff_t>(salt.size())) {
    return errno_error(path.string(), "read", "read", errno);
  }
  return salt;
}

/// Replaces in place and looks on behind the replacement, so what stood beside a leak is seen with its new neighbour.
template <class Replace>
std::string replace_leaks(std::string text, Replace replace) {
  for (auto leak = scan(text); leak;) {
    const std::string by = replace(*leak, std::string_view(text).substr(leak->offset, leak->length));
    text.replace(leak->offset, leak->length, by);
    leak = scan(text, leak->offset + by.size());
  }
  return text;
}

}  // namespace

Secrets local_secrets() { return {.host = host_name(), .user = user_name(), .home = home_path(), .identifiers = {}}; }

Result<Digest> load_or_create_salt(const std::filesystem::path& folder) {
  if (const Status made = make_folder(folder); !made) return made.error();
  const std::filesystem::path path = folder / "salt";
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file) return load_salt(path, file);
  if (errno == ENOENT) return create_salt(path);
  return errno_error(path.string(), "open", "open", errno);
}

Redactor::Redactor(Secrets secrets, const Digest& salt) : salt_(salt) {
  const auto add = [this](std::string value, std::string by) {
    if (!is_common(value)) words_.push_back({std::move(value), std::move(by)});
  };
  while (secrets.home.size() > 1 && secrets.home.ends_with('/')) secrets.home.pop_back();
  add(secrets.home, "~");
  for (const std::string& identifier : secrets.identifiers)
    add(identifier, fmt::format("<id:{}>", token("id", identifier)));
  add(secrets.host, "<host>");
  add(secrets.host.substr(0, secrets.host.find('.')), "<host>");
  add(secrets.user, "<user>");
  // The longest first, so that a home path goes before the user name in it.
  std::stable_sort(words_.begin(), words_.end(),
                   [](const Word& a, const Word& b) { return a.value.size() > b.value.size(); });
}

std::string Redactor::token(std::string_view field, std::string_view value) const {
  std::string message(field);
  message.push_back('\0');
  message += value;
  return hex(hmac_sha256(salt_, message)).substr(0, 16);
}

std::string Redactor::replacement(const Leak& leak, std::string_view found) const {
  if (leak.what == "home path") return "~";
  if (leak.what == "GPU UUID") return fmt::format("<gpu_uuid:{}>", token("gpu_uuid", found));
  if (leak.what == "PCI address") return fmt::format("<pci:{}>", token("pci", found));
  std::string word(leak.what);
  std::replace(word.begin(), word.end(), ' ', '-');
  return fmt::format("<{}>", word);
}

std::string Redactor::replace_words(std::string text) const {
  for (const Word& word : words_) {
    for (std::size_t i = text.find(word.value); i != std::string::npos; i = text.find(word.value, i)) {
      const bool inside =
          (i > 0 && is_word(text[i - 1]) && is_word(word.value.front())) || (is_word(at(text, i + word.value.size())));
      if (!inside) text.replace(i, word.value.size(), word.replacement);
      i += inside ? 1 : word.replacement.size();
    }
  }
  return text;
}

std::string Redactor::text(std::string_view text) const {
  const auto replace = [this](const Leak& leak, std::string_view found) { return replacement(leak, found); };
  // Patterns first, so that an e-mail address goes whole; again afterwards, for what stood beside a replaced word.
  return replace_leaks(replace_words(replace_leaks(std::string(text), replace)), replace);
}

Json Redactor::json(Json value) const {
  if (value.is_string()) return text(value.get_ref<const std::string&>());
  if (value.is_structured()) {
    for (Json& child : value) child = json(std::move(child));
  }
  return value;
}

Record Redactor::record(Record record) const {
  for_each_free_text(record, [this](std::string& field) { field = text(field); });
  return record;
}

void for_each_free_text(Record& record, const std::function<void(std::string&)>& change) {
  change(record.stopped_why);
  change(record.control_note);
  for (StageResult& stage : record.stages) {
    change(stage.name);
    change(stage.call);
    change(stage.message);
  }
  for (CaseResult& result : record.cases) change(result.first_mismatch);
  for (std::string& symbol : record.witness.externs) change(symbol);
  for (Measurement& measurement : record.measurements) {
    if (measurement.value.is_string()) change(measurement.value.string());
    change(measurement.note);
  }
}

}  // namespace assay::evidence
