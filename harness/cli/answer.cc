#include "harness/cli/answer.h"

#include <cerrno>

#include <fmt/format.h>

#include "harness/base/digest.h"
#include "harness/base/file_system.h"
#include "harness/evidence/redact.h"

namespace assay::cli {
namespace {

constexpr std::size_t kLargestFile = 1u << 20;

/// One small file a challenge, so that two runs that begin at once cannot both make it.
std::filesystem::path note_of(const evidence::IssuedChallenge& challenge) {
  return state_folder() / "answered-challenges" / hex(sha256(challenge.payload));
}

}  // namespace

Result<evidence::IssuedChallenge> read_challenge(const std::string& file) {
  const auto text = read_file(file, kLargestFile);
  if (!text) return text.error();
  auto challenge = evidence::read_issued_challenge(*text, file);
  if (!challenge) return challenge.error();
  if (const std::string why = evidence::why_unanswerable(challenge->challenge, evidence::utc_now()); !why.empty())
    return Error{fmt::format("{}: {}", file, why)};
  if (const auto leak = evidence::scan(challenge->payload))
    return Error{fmt::format("{}: payload: {} at offset {}, which no bundle may hold", file, leak->what, leak->offset)};
  return challenge;
}

Status note_answer(const evidence::IssuedChallenge& challenge, const std::filesystem::path& folder) {
  const std::filesystem::path note = note_of(challenge);
  if (const Status made = make_folder(note.parent_path()); !made) return made;
  std::error_code ignored;
  Status noted = create_file(note, std::filesystem::absolute(folder, ignored).string() + "\n");
  if (noted || noted.error().code != EEXIST) return noted;
  const auto earlier = read_file(note);
  const std::string where = earlier ? earlier->substr(0, earlier->find('\n')) : "?";
  return Error{
      fmt::format("this machine has answered the challenge {} before, with {}; a challenge is answered once, "
                  "ask the verifier for a new one",
                  note.filename().string().substr(0, 12), where)};
}

void forget_answer(const evidence::IssuedChallenge& challenge) {
  std::error_code ignored;
  std::filesystem::remove(note_of(challenge), ignored);
}

}  // namespace assay::cli
