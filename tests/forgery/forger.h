// A forger who has read the sources, and often the operator's key too.
//
// A forgery is a good bundle with one change, after which every layer is sealed again that still can be: the chain of
// the ledger, the manifest, and with the key the statement and its signature. So the one rule that a row names is all
// that stands between the forgery and a report. The program itself is started for each: verify, claims and publish must
// each refuse, with the row's exit code and a line that names the fault, and nothing may have been published. The rows
// are data, a theme a file; docs/forgery.md lists them all, and what no verifier can find.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/json.h"
#include "harness/evidence/record.h"
#include "tests/evidence/forger.h"
#include "tests/evidence/signed_bundle.h"

namespace assay::forgery {

namespace fs = std::filesystem;
using evidence::Lines;
using evidence::Record;

// --- Good bundles ---

/// What a forgery starts from. Each verifies with exit code 0.
enum class Start {
  signed_run,    ///< A run on an H100 under a challenge of the operator's own, signed by him.
  answered_run,  ///< The same under a verifier's challenge.
  recorded_run,  ///< docs/results/h100/all-gates, edited images and all, signed by the operator.
  emulated_run   ///< A run on an emulated device, signed by the operator: no sentence rests on it.
};

/// Writes the bundle into `folder`, which is new, and for `answered_run` the challenge beside it.
void write_good_bundle(Start, const fs::path& folder);
/// Whom the reader trusts: the operator and the verifier of tests/evidence/keys.h.
void write_trust(const fs::path& file, const evidence::TrustFile& trust = evidence::good_trust());

// --- Forging ---

using Forge = std::function<void(const fs::path& bundle)>;

/// The line of the record with this id, counted from 0.
std::size_t line_of(const Lines&, std::string_view record_id);
/// One field of the line, whatever the rules say.
Forge field(const std::string& record_id, const std::string& pointer, const Json& value);
/// A record, labelled again by the rules.
Forge record(const std::string& record_id, const std::function<void(Record&)>& edit);
Forge lines(const std::function<void(Lines&)>& edit);
Forge document(std::string_view file, const std::function<void(Json&)>& edit);
/// A file of the folder, byte by byte; sealed again as it then is.
Forge text(std::string_view file, const std::function<void(std::string&)>& edit);
/// One after the other.
Forge both(Forge first, Forge second);

/// Puts the bytes among the artifacts and returns their digest.
std::string keep(const fs::path& bundle, std::string_view bytes);
/// The digest of the artifact that the record names in this role.
std::string artifact_of(const fs::path& bundle, const std::string& record_id, const std::string& role);

/// Signs what the folder now says, whether or not it verifies.
void sign_anyhow(const fs::path& bundle, const evidence::PrivateKey& key = evidence::operator_key());
/// Takes the signature off.
void unsign(const fs::path& bundle);

// --- Rows ---

/// One start of the program. In its words BUNDLE, TRUST, OUT and WORK stand for the paths of the forgery.
struct Command {
  std::vector<std::string> words;
  int code = 4;
  std::string says;  ///< A part of one line of what it prints.
};

struct Row {
  int number = 0;  ///< Of the list of attempts that verification must refuse; 0: an attempt beyond that list.
  std::string attempt;
  Start start = Start::signed_run;
  bool signs_again = true;  ///< With the operator's own key.
  Forge forge;
  std::string rule;                    ///< By which it is refused.
  std::string message;                 ///< A part of the line that says so.
  std::vector<Command> commands = {};  ///< Empty: verify, claims and publish, each with exit code 4.
};

/// verify, claims and publish, each with exit code 4 and this in a line.
std::vector<Command> three(const std::string& says);

std::vector<Row> signature_rows();
std::vector<Row> challenge_rows();
std::vector<Row> ledger_rows();
std::vector<Row> label_rows();
std::vector<Row> record_rows();
std::vector<Row> image_rows();
std::vector<Row> environment_rows();
std::vector<Row> file_rows();
std::vector<Row> json_rows();
std::vector<Row> claim_rows();

}  // namespace assay::forgery
