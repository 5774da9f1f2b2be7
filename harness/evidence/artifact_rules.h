// What records say of the files that a bundle keeps, held against those files.
//
// A record names texts, images and logs by their digests. Each of them must be there. Of an edited image the edited
// bytes must lead from the one file to the other; what can be said of native images, and of records as their gate's row
// has them, comes in as functions, because this layer knows neither machine code nor gates. Tested by
// tests/evidence/artifact_rules_test.cc.
#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/evidence/finding.h"
#include "harness/evidence/verify.h"

namespace assay::evidence {

/// Takes the records of a run in order.
class ArtifactRules {
 public:
  using Kept = std::set<std::string, std::less<>>;

  /// `kept` are the names of the artifacts in the bundle's folder.
  ArtifactRules(std::filesystem::path folder, const Kept& kept, const VerifyOptions& options)
      : folder_(std::move(folder)), kept_(kept), options_(options) {}

  /// What is wrong with the files of the next record.
  std::vector<Finding> add(const Record&, const std::string& where);

 private:
  std::string read(std::string_view digest) const;
  std::string read_role(const Record&, std::string_view role) const;
  void name(std::string_view what, const std::string& digest, const std::string& where, std::vector<Finding>&);
  std::string wrong_edit(const Record&) const;
  std::string wrong_image(const Record&) const;

  std::filesystem::path folder_;
  const Kept& kept_;
  const VerifyOptions& options_;
};

}  // namespace assay::evidence
