// Runs damaged images through every reader of machine code. What it must not find: a breach of what the readers
// promise, a finding of the sanitizers, and an image that takes longer than its limit. driver.h has the usage.
#include <fmt/format.h>

#include <memory>

#include "tests/fuzz/driver.h"
#include "tests/fuzz/parsers.h"
#include "tests/fuzz/seeds.h"

#if defined(__SANITIZE_ADDRESS__)
/// What the vendor's libraries leak while they make the seeds is not looked for; our own leaks are.
extern "C" const char* __lsan_default_suppressions() { return "leak:libnvJitLink.so\nleak:libnvrtc.so\n"; }
extern "C" const char* __lsan_default_options() { return "print_suppressions=0"; }
#endif

namespace assay::fuzz {
namespace {

struct Totals {
  std::uint64_t images = 0, read = 0, described = 0, patchable = 0, fatbins = 0, inspected = 0;
};

void add(Totals& totals, const Reached& reached) {
  ++totals.images;
  totals.read += reached.image;
  totals.described += reached.described;
  totals.patchable += reached.patchable;
  totals.fatbins += reached.fatbin;
  totals.inspected += reached.inspected;
}

std::string summary(const Totals& totals, const Seeds& seeds) {
  return fmt::format("{} seeds ({} compiled{}{}): {} read, {} described, {} open to edits, {} fatbins, {} inspected",
                     seeds.images.size(), seeds.compiled, seeds.missing.empty() ? "" : "; ", seeds.missing, totals.read,
                     totals.described, totals.patchable, totals.fatbins, totals.inspected);
}

bool is_telling(const Totals& totals) {
  return totals.read > 0 && totals.read < totals.images && totals.patchable > 0 && totals.fatbins > 0 &&
         totals.inspected < totals.images;
}

Subject machine_code() {
  const auto seeds = std::make_shared<const Seeds>(make_seeds());
  const auto totals = std::make_shared<Totals>();
  return {.program = "assay_fuzz",
          .image_of =
              [seeds](std::uint64_t number, std::uint64_t seed) {
                Random random = random_of(number, seed);
                return mutate(seeds->images, random);
              },
          .run = [totals](const Image& image, std::string& breach) { add(*totals, run_parsers(image, breach)); },
          .summary = [seeds, totals] { return summary(*totals, *seeds); },
          .is_telling = [totals] { return is_telling(*totals); }};
}

}  // namespace
}  // namespace assay::fuzz

int main(int argc, char** argv) { return assay::fuzz::drive(assay::fuzz::machine_code(), {argv + 1, argv + argc}); }
