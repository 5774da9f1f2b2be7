// Runs damaged safetensors files through the reader of their headers. driver.h has the usage.
#include <fmt/format.h>

#include <memory>

#include "tests/fuzz/driver.h"
#include "tests/fuzz/headers.h"

namespace assay::fuzz {
namespace {

struct Totals {
  std::uint64_t images = 0, framed = 0, accepted = 0, written = 0;
};

Subject headers() {
  const auto totals = std::make_shared<Totals>();
  return {.program = "assay_fuzz_headers",
          .image_of =
              [seeds = header_seeds()](std::uint64_t number, std::uint64_t seed) {
                Random random = random_of(number, seed);
                return mutate_header(seeds, random);
              },
          .run =
              [totals](const Image& image, std::string& breach) {
                const HeaderReached reached = run_header(image, breach);
                ++totals->images;
                totals->framed += reached.framed;
                totals->accepted += reached.accepted;
                totals->written += reached.written;
              },
          .summary =
              [totals] {
                return fmt::format("{} with a length that fits, {} accepted, {} written again", totals->framed,
                                   totals->accepted, totals->written);
              },
          .is_telling =
              [totals] {
                return totals->written > totals->images / 100 && totals->framed < totals->images &&
                       totals->accepted < totals->framed;
              }};
}

}  // namespace
}  // namespace assay::fuzz

int main(int argc, char** argv) { return assay::fuzz::drive(assay::fuzz::headers(), {argv + 1, argv + argc}); }
