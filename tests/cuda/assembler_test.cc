// Against the toolkit's real libraries: without them these tests fail, they do not skip.
#include "harness/cuda/assembler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "harness/base/digest.h"

namespace assay::cuda {
namespace {

/// A kernel that stores one word, or that runs `body`.
std::string kernel_text(Target target, const std::string& body = "st.global.u32 [%a], 7;") {
  return ".version " + to_string(std::max(ptx_version_floor(target), PtxVersion{7, 8})) + "\n.target " +
         to_string(target) +
         "\n.address_size 64\n.visible .entry k(.param .u64 p) {\n  .reg .u64 %a;\n  .reg .u32 %r;\n"
         "  ld.param.u64 %a, [p];\n  " +
         body + "\n  ret;\n}\n";
}

bool is_elf(const std::vector<std::byte>& image) {
  return image.size() > 64 && image[0] == std::byte{0x7f} && image[1] == std::byte{'E'};
}

class AssemblerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = open_ptx_assembler();
    ASSERT_TRUE(opened) << opened.error().message;
    assembler_ = *std::move(opened);
  }
  Assembly assemble(const std::string& ptx, Target target) {
    auto answer = assembler_->assemble(ptx, target);
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().message + answer.error().log);
    return answer ? *answer : Assembly{};
  }

  std::unique_ptr<PtxAssembler> assembler_;
};

TEST_F(AssemblerTest, KnowsItself) {
  const auto identity = assembler_->identity();
  EXPECT_EQ(identity.name, "nvJitLink");
  EXPECT_TRUE(identity.version.starts_with("12.") || identity.version.starts_with("13.")) << identity.version;
  EXPECT_TRUE(is_sha256_hex(identity.sha256));
  EXPECT_EQ(identity.path_class.find('/'), std::string::npos);
}

TEST_F(AssemblerTest, AcceptsAPlainKernelForEveryTarget) {
  for (const char* name :
       {"sm_80", "sm_90", "sm_90a", "sm_100a", "sm_100f", "sm_103a", "sm_120a", "sm_120f", "sm_121a"}) {
    const auto target = *parse_target(name);
    const auto answer = assemble(kernel_text(target), target);
    EXPECT_TRUE(answer.accepted) << name << ": " << answer.log;
    EXPECT_TRUE(is_elf(answer.cubin)) << name;
  }
}

TEST_F(AssemblerTest, RefusesAnInstructionThatTheTargetLacksInItsOwnWords) {
  const auto target = *parse_target("sm_90a");
  const auto answer =
      assemble(kernel_text(target, "tcgen05.relinquish_alloc_permit.cta_group::1.sync.aligned;"), target);
  EXPECT_FALSE(answer.accepted);
  EXPECT_NE(answer.log.find("tcgen05.relinquish_alloc_permit"), std::string::npos) << answer.log;
  EXPECT_NE(answer.log.find("line 8"), std::string::npos) << answer.log;
}

TEST_F(AssemblerTest, ARefusedAddYieldsNoCubin) {
  const auto target = *parse_target("sm_100a");
  for (const auto& text : {kernel_text(target, "no.such.opcode;"), std::string("not PTX at all"), std::string()}) {
    const auto answer = assemble(text, target);
    EXPECT_FALSE(answer.accepted) << text;
    EXPECT_TRUE(answer.cubin.empty()) << text;
    EXPECT_FALSE(answer.log.empty()) << text;
  }
}

TEST_F(AssemblerTest, ASizeThatIsRefusedLateIsARefusalInTheAssemblersWords) {
  const Target target{90, 'a'};
  const auto answer = assemble(kernel_text(target, ".shared .b32 pool[250000];\n  st.shared.u32 [pool], 1;"), target);
  EXPECT_FALSE(answer.accepted);
  EXPECT_TRUE(answer.cubin.empty());
  EXPECT_NE(answer.log.find("too much shared data"), std::string::npos) << answer.log;
}

TEST_F(AssemblerTest, AnUnknownTargetIsARefusal) {
  const auto answer = assemble(kernel_text({80, ' '}), {77, ' '});
  EXPECT_FALSE(answer.accepted);
  EXPECT_NE(answer.log.find("ARCH"), std::string::npos) << answer.log;
}

TEST_F(AssemblerTest, TheSameTextGivesTheSameBytes) {
  const auto target = *parse_target("sm_121a");
  EXPECT_EQ(assemble(kernel_text(target), target).cubin, assemble(kernel_text(target), target).cubin);
}

class CompilerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = open_cuda_compiler();
    ASSERT_TRUE(opened) << opened.error().message;
    compiler_ = *std::move(opened);
  }
  Assembly compile(const std::string& source, Target target) {
    auto answer = compiler_->compile(source, "probe.cu", target);
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().message + answer.error().log);
    return answer ? *answer : Assembly{};
  }

  std::unique_ptr<CudaCompiler> compiler_;
};

TEST_F(CompilerTest, MakesMachineCodeForTheRealTarget) {
  EXPECT_EQ(compiler_->identity().name, "NVRTC");
  for (const char* name : {"sm_90a", "sm_100a", "sm_121a"}) {
    const auto answer =
        compile("extern \"C\" __global__ void k(int* p) { if constexpr (true) *p = 7; }", *parse_target(name));
    EXPECT_TRUE(answer.accepted) << name << ": " << answer.log;
    EXPECT_TRUE(is_elf(answer.cubin)) << name;
  }
}

TEST_F(CompilerTest, ARefusalShowsTheNeutralNameAndTheLine) {
  const auto answer = compile("\n\n__device__ int x = no_such_name;\n", *parse_target("sm_90a"));
  EXPECT_FALSE(answer.accepted);
  EXPECT_TRUE(answer.cubin.empty());
  EXPECT_TRUE(answer.log.starts_with("probe.cu(3): error: identifier \"no_such_name\" is undefined")) << answer.log;
}

TEST_F(CompilerTest, AnUnknownTargetIsARefusal) {
  const auto answer = compile("extern \"C\" __global__ void k() {}", {77, ' '});
  EXPECT_FALSE(answer.accepted);
  EXPECT_NE(answer.log.find("gpu-architecture"), std::string::npos) << answer.log;
}

}  // namespace
}  // namespace assay::cuda
