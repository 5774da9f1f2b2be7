#include "harness/evidence/closed_world.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <future>
#include <iterator>
#include <optional>
#include <span>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "harness/base/digest.h"
#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "harness/evidence/bundle.h"
#include "harness/evidence/ledger.h"
#include "harness/evidence/redact.h"

namespace assay::evidence {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kManifestSchema = "manifest/1";
constexpr std::string_view kClosedWorld = "closed-world";
constexpr std::size_t kLargestFile = 1u << 30;

/// What a manifest lists beside artifacts.
constexpr std::array kDocuments{kChallengeFile, kChallengeEnvelopeFile, kEnvironmentFile, kLedgerFile, kRulesFile};

/// What lies in the folder and is in no manifest: the manifest itself, and what is over it.
bool is_beside(std::string_view name) {
  return name == kManifestFile ||
         std::find(kSignatureFiles.begin(), kSignatureFiles.end(), name) != kSignatureFiles.end();
}

std::string artifact_path(std::string_view name) { return fmt::format("{}/{}", kArtifactFolder, name); }

bool is_bundle_path(std::string_view path) {
  if (std::find(kDocuments.begin(), kDocuments.end(), path) != kDocuments.end()) return true;
  const std::size_t slash = kArtifactFolder.size();
  return path.starts_with(kArtifactFolder) && path.size() > slash && path[slash] == '/' &&
         is_sha256_hex(path.substr(slash + 1));
}

/// Names come from whoever made the folder: shown without control characters.
std::string shown(std::string_view path) {
  std::string text = clean_utf8(path);
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

/// Why this name must not be opened; empty if it is a plain file of its own.
std::string not_plain(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return errno == ENOENT ? "is missing" : "cannot be examined";
  if (S_ISLNK(status.st_mode)) return "is a symbolic link";
  if (!S_ISREG(status.st_mode)) return "is no regular file";
  if (status.st_nlink != 1) return fmt::format("is a hard link: the file has {} names", status.st_nlink);
  return {};
}

bool is_own_folder(const fs::path& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

/// The names in one folder, sorted, so that findings come in the same order everywhere.
std::vector<std::string> names_in(const fs::path& folder, std::vector<Finding>& findings, std::string_view where) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) findings.push_back({kClosedWorld, std::string(where), "cannot be listed: " + error.message()});
  std::sort(names.begin(), names.end());
  return names;
}

/// Relative paths of the bundle's files; what does not belong becomes a finding.
std::vector<std::string> list_bundle(const fs::path& folder, std::vector<Finding>& findings) {
  std::vector<std::string> candidates;
  for (const std::string& name : names_in(folder, findings, folder.string())) {
    if (name == kArtifactFolder && is_own_folder(folder / name)) {
      for (const std::string& artifact : names_in(folder / name, findings, name)) {
        candidates.push_back(artifact_path(artifact));
      }
    } else if (!is_beside(name)) {
      candidates.push_back(name);
    }
  }
  std::vector<std::string> paths;
  for (std::string& path : candidates) {
    if (!is_bundle_path(path)) {
      findings.push_back({kClosedWorld, shown(path), "is no file of a bundle"});
    } else if (std::string why = not_plain(folder / path); !why.empty()) {
      findings.push_back({kClosedWorld, std::move(path), std::move(why)});
    } else {
      paths.push_back(std::move(path));
    }
  }
  return paths;
}

struct Entry {
  std::string path;
  std::int64_t size = 0;
  std::string sha256;
};

Entry entry_of(std::string path, std::string_view bytes) {
  return {std::move(path), static_cast<std::int64_t>(bytes.size()), hex(sha256(bytes))};
}

Json to_json(const std::vector<Entry>& entries) {
  Json files = Json::array();
  for (const Entry& entry : entries) {
    files.push_back({{"path", entry.path}, {"size", entry.size}, {"sha256", entry.sha256}});
  }
  return {{"schema", kManifestSchema}, {"files", std::move(files)}};
}

Result<Entry> read_entry(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  Entry entry{.path = reader.string("path"), .size = reader.integer("size", 0), .sha256 = reader.sha256("sha256")};
  if (!is_bundle_path(entry.path)) reader.fault("path", fmt::format("'{}' is no file of a bundle", shown(entry.path)));
  if (const Status status = reader.finish(); !status) return status.error();
  return entry;
}

Result<std::vector<Entry>> read_entries(const Json& json) {
  ObjectReader reader(json, std::string(kManifestFile));
  if (reader.string("schema") != kManifestSchema) reader.fault("schema", fmt::format("is not '{}'", kManifestSchema));
  const Json& files = reader.array("files");
  if (const Status status = reader.finish(); !status) return status.error();
  std::vector<Entry> entries;
  for (const Json& file : files) {
    const std::string where = fmt::format("{}: files[{}]", kManifestFile, entries.size());
    auto entry = read_entry(file, where);
    if (!entry) return entry.error();
    if (!entries.empty() && entries.back().path >= entry->path) {
      return Error{.message = fmt::format("{}: '{}' is listed twice or out of order", where, entry->path)};
    }
    entries.push_back(*std::move(entry));
  }
  return entries;
}

Result<std::vector<Entry>> parse_manifest(std::string_view text) {
  auto json = parse_json(text, kManifestFile);
  if (!json) return json.error();
  auto entries = read_entries(*json);
  if (!entries) return entries.error();
  // Spaces and escapes that mean the same would be bytes that nobody vouches for.
  if (const auto spelled = pretty_json(*json); !spelled || *spelled != text) {
    return Error{.message = fmt::format("{}: not spelled as the writer spells it", kManifestFile)};
  }
  return entries;
}

/// Both lists are sorted by path, so one walk over both finds what only one of them has.
std::vector<Finding> compare(const std::vector<Entry>& listed, const std::vector<Entry>& found) {
  std::vector<Finding> findings;
  auto left = listed.begin();
  auto right = found.begin();
  while (left != listed.end() || right != found.end()) {
    if (right == found.end() || (left != listed.end() && left->path < right->path)) {
      findings.push_back({kClosedWorld, left++->path, "listed in manifest.json but missing"});
    } else if (left == listed.end() || right->path < left->path) {
      findings.push_back({kClosedWorld, right++->path, "not listed in manifest.json"});
    } else {
      if (left->size != right->size) {
        findings.push_back(
            {"size", left->path, fmt::format("{} bytes, manifest.json says {}", right->size, left->size)});
      } else if (left->sha256 != right->sha256) {
        findings.push_back({"digest", left->path, "sha256 differs from manifest.json"});
      }
      ++left, ++right;
    }
  }
  return findings;
}

void add(std::vector<Finding>& to, std::vector<Finding> from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

void see_artifact(ClosedWorld& world, const Entry& entry, std::string_view bytes) {
  const std::string name = entry.path.substr(kArtifactFolder.size() + 1);
  if (name != entry.sha256) world.findings.push_back({"artifact-name", entry.path, "its name is not its sha256"});
  if (const auto leak = scan(bytes)) {
    world.leaks.push_back({"redaction", entry.path, fmt::format("{} at offset {}", leak->what, leak->offset)});
  }
  world.artifacts.insert(name);
}

/// What some of the files are.
struct Share {
  std::vector<Entry> entries;
  ClosedWorld world;
};

/// Reads each file once: hashed, and kept or scanned.
Share read_share(const fs::path& folder, std::span<const std::string> paths) {
  Share share;
  for (const std::string& path : paths) {
    auto bytes = read_file(folder / path, kLargestFile);
    if (!bytes) {
      share.world.findings.push_back({kClosedWorld, path, bytes.error().message});
      continue;
    }
    share.entries.push_back(entry_of(path, *bytes));
    if (path.starts_with(kArtifactFolder)) {
      see_artifact(share.world, share.entries.back(), *bytes);
    } else {
      share.world.documents[path] = *std::move(bytes);
    }
  }
  return share;
}

/// Hashing and scanning is most of a verification, so the files are shared out; what is found keeps the files' order.
std::vector<Entry> read_files(const fs::path& folder, std::span<const std::string> paths, ClosedWorld& world) {
  constexpr std::size_t kMostThreads = 4, kFewestFiles = 256;
  const std::size_t threads = std::clamp<std::size_t>(
      std::min<std::size_t>(std::thread::hardware_concurrency(), paths.size() / kFewestFiles), 1, kMostThreads);
  std::vector<std::future<Share>> shares;
  for (std::size_t i = 0; i < threads; ++i) {
    const std::size_t from = paths.size() * i / threads, to = paths.size() * (i + 1) / threads;
    shares.push_back(std::async(i == 0 ? std::launch::deferred : std::launch::async, read_share, folder,
                                paths.subspan(from, to - from)));
  }
  std::vector<Entry> entries;
  for (std::future<Share>& one : shares) {
    Share share = one.get();
    std::ranges::move(share.entries, std::back_inserter(entries));
    std::ranges::move(share.world.findings, std::back_inserter(world.findings));
    std::ranges::move(share.world.leaks, std::back_inserter(world.leaks));
    world.documents.merge(share.world.documents);
    world.artifacts.merge(share.world.artifacts);
  }
  std::ranges::sort(entries, {}, &Entry::path);
  return entries;
}

bool is_there(const fs::path& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

/// All three or none: a signature of which a part is missing vouches for nothing.
void read_signature(const fs::path& folder, ClosedWorld& world) {
  std::vector<std::string_view> present;
  for (const std::string_view name : kSignatureFiles)
    if (is_there(folder / name)) present.push_back(name);
  if (present.empty()) return;
  for (const std::string_view name : kSignatureFiles) {
    const std::string where(name);
    if (std::find(present.begin(), present.end(), name) == present.end()) {
      world.findings.push_back(
          {kClosedWorld, where,
           fmt::format("missing beside {}; a signature cut short is removed whole and made again", present.front())});
    } else if (std::string why = not_plain(folder / name); !why.empty()) {
      world.findings.push_back({kClosedWorld, where, std::move(why)});
    } else if (auto text = read_file(folder / name)) {
      world.documents[where] = *std::move(text);
    } else {
      world.findings.push_back({kClosedWorld, where, text.error().message});
    }
  }
}

}  // namespace

std::string_view ClosedWorld::document(std::string_view name) const {
  const auto found = documents.find(name);
  return found == documents.end() ? std::string_view() : found->second;
}

Result<std::string> write_manifest(const fs::path& folder) {
  ClosedWorld world;
  const std::vector<std::string> paths = list_bundle(folder, world.findings);
  const std::vector<Entry> entries = read_files(folder, paths, world);
  if (!world.findings.empty()) return Error{.message = to_string(world.findings.front())};
  auto text = pretty_json(to_json(entries));
  if (!text) return text.error();
  if (const Status written = write_file(folder / kManifestFile, *text); !written) return written.error();
  return hex(sha256(*text));
}

ClosedWorld open_closed_world(const fs::path& folder) {
  ClosedWorld world;
  const std::vector<std::string> paths = list_bundle(folder, world.findings);
  const std::vector<Entry> found = read_files(folder, paths, world);
  read_signature(folder, world);
  if (const std::string why = not_plain(folder / kManifestFile); !why.empty()) {
    world.findings.push_back({kClosedWorld, std::string(kManifestFile), why});
    return world;
  }
  auto text = read_file(folder / kManifestFile);
  auto listed = text ? parse_manifest(*text) : Result<std::vector<Entry>>(text.error());
  if (listed) {
    add(world.findings, compare(*listed, found));
  } else {
    world.findings.push_back(finding_at("manifest", std::string(kManifestFile), listed.error().message));
  }
  if (text) world.documents[std::string(kManifestFile)] = *std::move(text);
  return world;
}

}  // namespace assay::evidence
