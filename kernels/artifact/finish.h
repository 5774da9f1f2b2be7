// The last step of a conversion: the files beside the tensors, and the artifact's name.
//
// A loader needs the configuration that says how the tensors are to be read, and whatever the master came with
// (tokenizer, generation settings, licence), byte for byte. Only when all of it is durable does OUT.part become OUT, in
// one rename: whoever finds OUT finds all of it. Tested by tests/artifact/convert_test.cc.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "kernels/artifact/convert.h"

namespace assay::artifact {

/// Writes the configurations (named after `version`, the writer's), copies the master's other files, adds `extra`
/// (names to texts: reports, which loaders pass over), and renames part_of(out) to `out`. Error: `out` is there
/// already, a configuration that cannot be extended, the file system's; then nothing is left.
Status finish_artifact(const Checkpoint& master, const Plan&, const ConvertOptions&, std::string_view version,
                       const std::map<std::string, std::string>& extra, const std::filesystem::path& out);

/// The same without configurations: whatever wrote part_of(out) wrote those.
Status finish_folder(const Checkpoint& from, const std::map<std::string, std::string>& extra,
                     const std::filesystem::path& out);

}  // namespace assay::artifact
