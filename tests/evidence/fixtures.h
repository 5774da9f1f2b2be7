// Records and bundles for the tests of this layer: a good one of each, to be spoiled one thing at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "harness/base/digest.h"
#include "harness/base/file_system.h"
#include "harness/base/json_fwd.h"
#include "harness/evidence/bundle.h"
#include "harness/evidence/challenge.h"
#include "harness/evidence/ledger.h"
#include "harness/evidence/record.h"
#include "harness/evidence/redact.h"
#include "harness/evidence/verify.h"

namespace assay::evidence {

std::string digest_of(std::string_view text);

Controls good_controls();

CaseResult good_case(std::string name = "mask 3", std::int64_t compared = 4096);

/// A gate of which everything went well on a real driver: proven.
Record good_record(std::string gate = "tma.load");

/// The SM byte of an image for sm_100a rewritten to sm_90; what came out has the native build's code.
ImageEdit an_edit();

/// What stands for the image before and after that edit.
std::string built_image();
std::string edited_image();

/// The same on an image of which bytes were edited.
Record patched_record();

/// A device question that was answered.
Record good_question(std::string gate = "device.query");

/// A launch that was timed beside a plain read of the same bytes.
Performance good_performance();

/// What happened up to `stage`, which ended with `status`; nothing after it.
Record ended_at(Stage stage, StageStatus status, Record record = good_record());

Challenge good_challenge();

std::string read_text(const std::filesystem::path& path);

/// Not write_file: a test that writes ten thousand times must not sync each time.
void write_text(const std::filesystem::path& path, std::string_view text);

const Redactor& test_redactor();

/// As the H100 of these records' fixtures describes itself.
Json good_environment();

/// Writes a sealed bundle of the records; each of their gates is a required one.
void write_bundle(const std::filesystem::path& folder, const std::vector<Record>& records,
                  const std::vector<std::string>& artifacts = {}, const Redactor* redactor = &test_redactor());
void write_bundle(const std::filesystem::path& folder, const std::vector<Record>& records,
                  const std::vector<std::string>& artifacts, const Redactor* redactor, const Json& environment);

/// Messages as people read them.
std::vector<std::string> messages(const VerifyReport& report);

}  // namespace assay::evidence
