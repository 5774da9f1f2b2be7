// A device question on a scripted device: facts, NVML, assembler and kernels that a test bends.
#pragma once

#include <gtest/gtest.h>

#include "harness/gate/question.h"
#include "tests/support/fake_device.h"

namespace assay::probes {

class DeviceQuestionTest : public testing::Test {
 protected:
  using Seed = gate::Seed;

  DeviceQuestionTest() : seed(gate::derive_seed(std::array<std::byte, 32>{}, "device.test", "")) {
    facts.name = "Scripted GPU";
    facts.uuid = "GPU-secret";
    facts.pci_bus_id = "0000:4f:00.0";
    facts.major = 9;
    facts.minor = 0;
    facts.total_bytes = 1u << 30;
    identity.kind = cuda::LibraryKind::system;
    identity.api_version = 13000;
  }

  void set_attribute(std::string name, std::int64_t value, int code = 0) {
    std::erase_if(facts.attributes, [&](const cuda::Attribute& a) { return a.name == name; });
    facts.attributes.push_back({std::move(name), 0, value, code});
  }

  void ask(void (*question)(gate::QuestionContext&)) {
    with_context([&](gate::QuestionContext& context) { question(context); });
  }
  template <class Body>
  void with_context(Body body) {
    const Result<std::unique_ptr<cuda::Nvml>> opened_nvml =
        has_nvml ? Result<std::unique_ptr<cuda::Nvml>>(std::make_unique<test::FakeNvml>(nvml))
                 : Result<std::unique_ptr<cuda::Nvml>>(Error{"libnvidia-ml.so.1 was not found"});
    const Result<std::unique_ptr<cuda::PtxAssembler>> opened_assembler(
        std::make_unique<test::FakeAssembler>(assembler));
    const Result<std::unique_ptr<cuda::CudaCompiler>> opened_compiler(std::make_unique<test::FakeCompiler>(compiler));
    gate::QuestionContext context{facts,           identity, device, opened_nvml, opened_assembler,
                                  opened_compiler, seed,     record};
    body(context);
  }

  /// The measurement with this key; a test failure and an empty one if it is missing or there twice.
  evidence::Measurement measured(std::string_view key) const {
    std::vector<evidence::Measurement> found;
    for (const evidence::Measurement& m : record.measurements)
      if (m.key == key) found.push_back(m);
    EXPECT_EQ(found.size(), 1u) << key;
    return found.empty() ? evidence::Measurement{} : found.front();
  }
  evidence::StageStatus status(evidence::Stage stage) const { return record.stage(stage).status; }

  cuda::DeviceFacts facts;
  cuda::DriverIdentity identity;
  test::FakeDevice device;
  test::FakeNvml nvml;
  bool has_nvml = true;
  test::FakeAssembler assembler;
  test::FakeCompiler compiler;
  Seed seed;
  evidence::Record record;
};

}  // namespace assay::probes
