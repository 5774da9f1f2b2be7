#include "reports/lint/markers.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

namespace assay::lint {
namespace {

constexpr std::size_t kShortestDigest = 12, kDigest = 64;

/// Words and key="values with spaces".
std::vector<std::string> pieces_of(const std::string& text) {
  std::vector<std::string> pieces;
  std::string piece;
  bool quoted = false, any = false;
  for (const char byte : text) {
    if (byte == '"') {
      quoted = !quoted;
      any = true;
    } else if (!quoted && (byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r')) {
      if (any) pieces.push_back(std::move(piece));
      piece.clear();
      any = false;
    } else {
      piece.push_back(byte);
      any = true;
    }
  }
  if (any) pieces.push_back(std::move(piece));
  return pieces;
}

bool is_digest(const std::string& text) {
  return text.size() >= kShortestDigest && text.size() <= kDigest &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Status read_attribute(const std::string& piece, Marker& marker) {
  const std::size_t equals = piece.find('=');
  const std::string key = piece.substr(0, equals);
  std::string value = equals == std::string::npos ? "" : piece.substr(equals + 1);
  const bool claims = marker.kind == Marker::Kind::claim || marker.kind == Marker::Kind::claims_begin;
  if (equals == std::string::npos && marker.kind == Marker::Kind::claims_begin) {
    marker.ids.push_back(piece);
  } else if (key == "bundle" && claims) {
    if (value.starts_with("sha256:")) value = value.substr(7);
    if (!is_digest(value))
      return Error{fmt::format("bundle must be 12 to 64 hex digits of a manifest's SHA-256, not '{}'", value)};
    marker.bundle = value;
  } else if (key == "reason" && marker.kind == Marker::Kind::quote_begin) {
    marker.reason = value;
  } else if (key == "until" && marker.kind == Marker::Kind::quote_begin) {
    if (!is_date(value)) return Error{fmt::format("until must be a date such as 2027-01-31, not '{}'", value)};
    marker.until = value;
  } else {
    return Error{fmt::format("unknown attribute '{}'", piece)};
  }
  return ok();
}

std::optional<Marker> begun_by(const std::string& first) {
  Marker marker;
  if (first.starts_with("claim:")) {
    marker.id = first.substr(6);
    return marker;
  }
  if (first == "claims:begin")
    marker.kind = Marker::Kind::claims_begin;
  else if (first == "claims:end")
    marker.kind = Marker::Kind::claims_end;
  else if (first == "lint:quote")
    marker.kind = Marker::Kind::quote_begin;
  else if (first == "lint:end")
    marker.kind = Marker::Kind::quote_end;
  else
    return std::nullopt;
  return marker;
}

}  // namespace

bool is_date(const std::string& text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  for (const std::size_t i : {0u, 1u, 2u, 3u, 5u, 6u, 8u, 9u})
    if (text[i] < '0' || text[i] > '9') return false;
  const std::chrono::year_month_day day{std::chrono::year(std::stoi(text.substr(0, 4))),
                                        std::chrono::month(static_cast<unsigned>(std::stoi(text.substr(5, 2)))),
                                        std::chrono::day(static_cast<unsigned>(std::stoi(text.substr(8, 2))))};
  return day.ok();
}

Result<std::optional<Marker>> read_marker(const Comment& comment) {
  const std::vector<std::string> pieces = pieces_of(comment.text);
  if (pieces.empty()) return std::optional<Marker>();
  std::optional<Marker> marker = begun_by(pieces.front());
  if (!marker) {
    const bool ours = pieces.front().starts_with("claim") || pieces.front().starts_with("lint:");
    if (!ours) return marker;
    return Error{fmt::format("unknown marker '{}'; there are claim:ID, claims:begin, claims:end, lint:quote, lint:end",
                             pieces.front())};
  }
  marker->begin = comment.begin;
  marker->end = comment.end;
  for (std::size_t i = 1; i < pieces.size(); ++i)
    if (Status s = read_attribute(pieces[i], *marker); !s) return s.error();
  const bool needs_bundle = marker->kind == Marker::Kind::claim || marker->kind == Marker::Kind::claims_begin;
  if (needs_bundle && marker->bundle.empty()) return Error{"a claim's marker names its bundle: bundle=DIGEST"};
  if (marker->kind == Marker::Kind::claim && marker->id.empty())
    return Error{"a claim's marker names its id: claim:ID"};
  return marker;
}

}  // namespace assay::lint
