// A driver that does not work is exit 3 with its code and a way on, and a table in which nothing looks good.
#include <filesystem>

#include "harness/base/json.h"
#include "tests/cli/process_test.h"

namespace assay::cli {
namespace {

struct Broken {
  std::string name;
  std::string says;  ///< Between "no device answered: " and the doctor.
  std::vector<std::string> more = {};
};

std::ostream& operator<<(std::ostream& out, const Broken& broken) { return out << broken.name; }

class BrokenDriverTest : public ProcessTest {
 protected:
  void expect_nothing_good(const Ended& ended, const std::string& says) {
    EXPECT_EQ(ended.code, 3) << ended.err;
    EXPECT_EQ(ended.err, "assay run: no device answered: " + says + "; 'assay doctor' examines this machine\n");
    const Result<Json> summary = parse_json(ended.out, "summary");
    ASSERT_TRUE(summary) << ended.out;
    EXPECT_EQ(summary->at("exit"), 3);
    EXPECT_GT(summary->at("gates").size(), 1u);
    for (const Json& gate : summary->at("gates")) {
      const bool first = gate.at("gate") == "device.query";
      EXPECT_THAT(gate.at("verdict").get<std::string>(),
                  ::testing::AnyOf("not-run", first ? "refused" : "", first ? "faulted" : "", first ? "hung" : ""))
          << gate;
      EXPECT_EQ(gate.at("class"), "driver-signal");
    }
  }
};

class EachBrokenDriverTest : public BrokenDriverTest, public ::testing::WithParamInterface<Broken> {};

TEST_P(EachBrokenDriverTest, EndsWithThreeAndARemedy) {
  std::vector<std::string> more{"--quiet", "--json", "--driver", stand_in(GetParam().name)};
  more.insert(more.end(), GetParam().more.begin(), GetParam().more.end());
  const Ended ended = assay(run_into("bundle", more));
  expect_nothing_good(ended, GetParam().says);
  const Ended verified = verify("bundle");
  EXPECT_EQ(verified.code, 0) << verified.out;
}

INSTANTIATE_TEST_SUITE_P(
    StandIns, EachBrokenDriverTest,
    ::testing::Values(
        Broken{"no_device",
               "starting the driver: cuInit answered 100 CUDA_ERROR_NO_DEVICE; check nvidia-smi -L, "
               "CUDA_VISIBLE_DEVICES, and that a container was given the GPU"},
        Broken{"broken",
               "starting the driver: cuInit answered 999 CUDA_ERROR_UNKNOWN; run nvidia-smi and read the kernel log, "
               "then reload nvidia_uvm or reboot"},
        Broken{"mismatch",
               "starting the driver: cuInit answered 803 CUDA_ERROR_SYSTEM_DRIVER_MISMATCH; library and kernel module "
               "differ: reboot, or reload the nvidia module"},
        Broken{"too_old",
               "the driver answers for CUDA 11.0, this program needs 12.0: install an NVIDIA driver of version 525 or "
               "later"},
        Broken{"missing_symbols", stand_in("missing_symbols") +
                                      " exports no cuDeviceGetCount: not a libcuda, or one older than CUDA 12.0; "
                                      "install a current NVIDIA driver or name another library"},
        Broken{"nowhere", "cannot open " + stand_in("nowhere") + ": " + stand_in("nowhere") +
                              ": cannot open shared object file: No such file or directory"},
        Broken{"crash", "the child died of SIGSEGV"},
        Broken{"hang", "no answer within 1 s; the child was killed", {"--attempt-limit", "1"}}),
    [](const auto& broken) { return broken.param.name; });

TEST_F(BrokenDriverTest, AFileThatIsNoLibraryIsNamed) {
  write("text.so", "not a library, but long enough to have had a header of one: 0123456789012345678901234567890123456");
  const Ended ended = assay(run_into("bundle", {"--quiet", "--json", "--driver", at("text.so")}));
  expect_nothing_good(ended, "cannot open " + at("text.so") + ": " + at("text.so") + ": invalid ELF header");
  EXPECT_EQ(verify("bundle").code, 0);
}

TEST_F(BrokenDriverTest, TheLoadersLibcudaIsASignThatOneShouldWork) {
  std::filesystem::create_directories(at("lib"));
  std::filesystem::copy_file(stand_in("broken"), at("lib/libcuda.so.1"));
  const Ended ended =
      assay({.arguments = run_into("bundle", {"--quiet", "--json"}), .environment = {{"LD_LIBRARY_PATH", at("lib")}}});
  expect_nothing_good(ended,
                      "starting the driver: cuInit answered 999 CUDA_ERROR_UNKNOWN; run nvidia-smi and read the kernel "
                      "log, then reload nvidia_uvm or reboot");
  EXPECT_EQ(verify("bundle").code, 0);
}

// It answers every question, but it is not the installed driver's own library, so nothing it says is evidence.
TEST_F(BrokenDriverTest, AnImpostorProvesNothing) {
  const Ended ended = assay(run_on_stand_in("bundle", {"--quiet", "--json"}));
  EXPECT_EQ(ended.code, 1);
  const Result<Json> summary = parse_json(ended.out, "summary");
  ASSERT_TRUE(summary);
  for (const Json& gate : summary->at("gates")) {
    EXPECT_NE(gate.at("verdict"), "proven") << gate;
    EXPECT_THAT(gate.at("class").get<std::string>(), ::testing::AnyOf("emulated", "driver-signal"));
    EXPECT_EQ(gate.at("level"), "none") << gate;
  }
  EXPECT_EQ(verify("bundle").code, 0);
}

}  // namespace
}  // namespace assay::cli
