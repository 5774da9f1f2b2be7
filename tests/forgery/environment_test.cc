// Where it ran, and with what.
#include "tests/forgery/forgery_test.h"

#include "harness/base/json.h"

namespace assay::forgery {
namespace {

Forge environment(const std::string& pointer, const Json& value) {
  return document(evidence::kEnvironmentFile, [=](Json& json) { json[Json::json_pointer(pointer)] = value; });
}

/// An artifact more, which a record names as a log.
Forge leaking_log(const std::string& secret) {
  return [=](const fs::path& b) {
    const std::string digest = keep(b, "built for " + secret);
    field("tma.load@sm_90a#1", "/stages/0/log_sha256", digest)(b);
  };
}

/// Another machine's facts, and a driver's answers that fit: only what was launched is left to tell.
Forge another_device(const std::string& capability) {
  const int digit = capability.back() - '0';
  return both(record("device.query#1",
                     [=](Record& r) {
                       for (evidence::Measurement& one : r.measurements) {
                         if (one.key == "compute_capability_major") one.value = std::stoi(capability);
                         if (one.key == "compute_capability_minor") one.value = digit;
                       }
                     }),
              environment("/device/compute_capability", capability));
}

}  // namespace

std::vector<Row> environment_rows() {
  const Start run = Start::signed_run;
  return {
      {19, "another compute capability", run, true, environment("/device/compute_capability", "12.1"), "device",
       "device.compute_capability is \"12.1\""},
      {19, "another compute capability, and answers that fit", run, true, another_device("10.0"), "device",
       "device.compute_capability is \"10.0\", but control.copy@sm_90a#1 was launched"},
      {19, "another device name", run, true, environment("/device/name", "NVIDIA GB10"), "device",
       "device.name is \"NVIDIA GB10\", but device_name of device.query#1 is"},
      {19, "a device name of the same look", run, true, environment("/device/name", "NVIDIA \u041d100 80GB HBM3"),
       "device", "but device_name of device.query#1 is \"NVIDIA H100 80GB HBM3\""},
      {19, "more multiprocessors", run, true, environment("/device/multiprocessor_count", 148), "device",
       "device.multiprocessor_count is 148, but"},
      {19, "no device", run, true, environment("/device", nullptr), "device", "no device, but"},
      {26, "a dirty work tree", run, true, environment("/tool/git_dirty", true), "dirty-tree",
       "recorded by a build of changed sources"},
      {26, "no commit", run, true, environment("/tool/git_commit", "unknown"), "commit",
       "recorded by a build of commit 'unknown', which names no source"},
      {26, "a commit of zeros", run, true, environment("/tool/git_commit", std::string(40, '0')), "meaningful",
       "field 'tool.git_commit': is all zero"},
      {26, "a version that nobody knows", run, true, environment("/tool/version", "99.0.0"), "tool-version",
       "recorded by version '99.0.0', this build knows those up to"},
      {27, "LD_PRELOAD set", run, true,
       environment("/environment_overrides/-", {{"name", "LD_PRELOAD"}, {"value", "set"}}), "preload",
       "LD_PRELOAD put a library in front of the driver's"},
      {27, "a library that is not the installed driver's", run, true, environment("/driver/kind", "unknown"),
       "driver-library", "driver kind unknown, but device.query#1 has driver library system"},
      {27, "a kernel module of another version", run, true, environment("/driver/kernel_module_version", "570.1.2"),
       "driver-library", "the library is said to agree with the kernel module, but is 580.159.04 beside '570.1.2'"},
      {27, "a kernel module that does not agree", run, true, environment("/driver/kernel_agrees", false),
       "kernel-module", "driver library 580.159.04 beside kernel module"},
      {27, "no driver under images that were loaded", run, true, environment("/driver", nullptr), "driver-library",
       "no driver, but"},
      {31, "a blank device name", run, true, environment("/device/name", " "), "meaningful",
       "field 'device.name': ' ' says nothing"},
      {31, "a driver version that is unknown", run, true, environment("/driver/driver_version", "unknown"),
       "meaningful", "field 'driver.driver_version': 'unknown' says nothing"},
      {31, "memory of 0 bytes", run, true, environment("/device/total_bytes", 0), "meaningful",
       "field 'device.total_bytes': 0 says nothing"},
      {31, "a digest of zeros", run, true, environment("/driver/sha256", std::string(64, '0')), "meaningful",
       "field 'driver.sha256': is all zero"},
      {31, "an assembler without a version", run, true, environment("/toolchain/0/version", ""), "meaningful",
       "field 'toolchain[0].version': '' says nothing"},
      {34, "an IP address in the environment", run, true, environment("/os/kernel", "6.1 on 10.1.2.3"), "redaction",
       "environment.json: IP address in /os/kernel"},
      {34, "a home path in a record", run, true,
       record("device.query#1", [](Record& r) { r.measurements[1].note = "see /home/bob/notes"; }), "redaction",
       "home path in /measurements/1/note"},
      {34, "a GPU UUID in a log", run, true, leaking_log("GPU-12345678-1234-1234-1234-123456789abc"), "redaction",
       "GPU UUID at offset 10"},
      {34, "an access token in a log", run, true, leaking_log("ghp_0123456789abcdefghijABCDEFGHIJ012345"), "redaction",
       "access token at offset 10"},
      {34, "a private bundle", run, true, environment("/private", true), "private", "recorded without redaction"},
      {34, "the mark of a private bundle taken out", run, true,
       document(evidence::kEnvironmentFile, [](Json& json) { json.erase("private"); }), "schema",
       "environment.json: field 'private': missing"},
  };
}

INSTANTIATE_TEST_SUITE_P(Environment, ForgeryTest, testing::ValuesIn(environment_rows()), name_of);

}  // namespace assay::forgery
