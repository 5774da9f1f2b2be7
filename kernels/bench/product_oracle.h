// The oracle of a product: kernels/bench/reference.cu on the device, a stretch of outputs at a time, compared here.
//
// The device does what would take a host minutes. That it does so rightly is not taken on trust: outputs spread over
// every stretch are computed by the host too (kernels/bench/inputs.h), and an oracle that differs from it judges
// nothing. Tested by tests/bench/product_oracle_test.cc.
#pragma once

#include <memory>
#include <vector>

#include "harness/cuda/device.h"
#include "kernels/bench/inputs.h"
#include "kernels/bench/judge.h"
#include "kernels/bench/oracle.h"
#include "kernels/bench/placement.h"

namespace assay::kernels::bench {

class ProductOracle final : public Oracle {
 public:
  /// `image` is reference.cu for the device. The inputs and the device must outlive the oracle.
  static Result<std::unique_ptr<ProductOracle>> make(cuda::Device&, std::span<const std::byte> image, const Inputs&,
                                                     const Problem&, const Bounds&);
  ~ProductOracle() override;
  Result<Opinion> judge(std::span<const std::byte> output) override;

 private:
  ProductOracle(cuda::Device& device, const Inputs& inputs, const Problem& problem, const Bounds& bounds)
      : device_(device), inputs_(inputs), problem_(problem), bounds_(bounds) {}
  Status place(std::span<const std::byte> image);
  Status put(Block& block, std::span<const std::byte> content);
  Status compute(std::int64_t first_token, std::int64_t tokens);
  Status check_sample(std::int64_t first_token, std::int64_t tokens) const;
  std::int64_t tokens_a_stretch() const;

  cuda::Device& device_;
  const Inputs& inputs_;
  Problem problem_;
  Bounds bounds_;
  cuda::Module module_{};
  cuda::Function function_{};
  Block codes_, scales_, x_, bias_, values_block_, slacks_block_;
  std::vector<double> values_, slacks_;  // of the last stretch
};

}  // namespace assay::kernels::bench
