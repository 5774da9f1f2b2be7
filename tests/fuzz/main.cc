// Runs damaged images through every reader of machine code. What it must not find: a breach of what the readers
// promise, a finding of the sanitizers, and an image that takes longer than its limit.
//
//   assay_fuzz COUNT SEED            images 0 to COUNT - 1 of this seed
//   assay_fuzz --seconds N SEED      as many as N seconds hold, 1000 at least
//   assay_fuzz --image NUMBER SEED FILE   writes that image, to be looked at
#include <fmt/format.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/file_system.h"
#include "tests/fuzz/parsers.h"
#include "tests/fuzz/seeds.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>

/// What the vendor's libraries leak while they make the seeds is not looked for; our own leaks are.
extern "C" const char* __lsan_default_suppressions() { return "leak:libnvJitLink.so\nleak:libnvrtc.so\n"; }
extern "C" const char* __lsan_default_options() { return "print_suppressions=0"; }
#endif

namespace assay::fuzz {
namespace {

using Clock = std::chrono::steady_clock;
constexpr unsigned kImageSeconds = 20;  // A hang, not a slow machine.

/// What the last words of a dying process say; written before each image, read by a signal handler.
char last_words[128];
volatile std::sig_atomic_t last_words_size = 0;

void remember(std::uint64_t number, std::uint64_t seed) {
  last_words_size = 0;
  const auto end = fmt::format_to_n(last_words, sizeof last_words, "assay_fuzz: image {} of seed {}\n", number, seed);
  last_words_size = static_cast<std::sig_atomic_t>(std::min(end.size, sizeof last_words));
}

void say_last_words() {
  if (::write(STDERR_FILENO, last_words, static_cast<std::size_t>(last_words_size)) < 0) return;
}

void on_hang(int) {
  constexpr char kWords[] = "assay_fuzz: this image takes longer than its limit\n";
  if (::write(STDERR_FILENO, kWords, sizeof kWords - 1) < 0) _exit(1);
  say_last_words();
  _exit(1);
}

void watch() {
  struct sigaction action {};
  action.sa_handler = on_hang;
  ::sigaction(SIGALRM, &action, nullptr);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_set_death_callback(say_last_words);
#endif
}

/// Image `number` depends on the seed and the number alone.
Image image_of(const Seeds& seeds, std::uint64_t number, std::uint64_t seed) {
  Random random(seed * 0x100000001b3 + number);
  random.next();
  return mutate(seeds.images, random);
}

struct Totals {
  std::uint64_t images = 0, read = 0, described = 0, patchable = 0, fatbins = 0, inspected = 0;
  Clock::duration slowest{};
  std::uint64_t slowest_number = 0;
};

void add(Totals& totals, const Reached& reached, Clock::duration took, std::uint64_t number) {
  ++totals.images;
  totals.read += reached.image;
  totals.described += reached.described;
  totals.patchable += reached.patchable;
  totals.fatbins += reached.fatbin;
  totals.inspected += reached.inspected;
  if (took <= totals.slowest) return;
  totals.slowest = took;
  totals.slowest_number = number;
}

double seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

void print(const Totals& totals, const Seeds& seeds, std::uint64_t seed, Clock::duration took) {
  fmt::print(
      "{} images of {} seeds ({} compiled), seed {}, in {:.1f} s: {} read, {} described, {} open to edits, "
      "{} fatbins, {} inspected; slowest {:.0f} ms (image {})\n",
      totals.images, seeds.images.size(), seeds.compiled, seed, seconds(took), totals.read, totals.described,
      totals.patchable, totals.fatbins, totals.inspected, 1000 * seconds(totals.slowest), totals.slowest_number);
  if (!seeds.missing.empty()) fmt::print("no compiled images among the seeds: {}\n", seeds.missing);
}

/// Damage that every reader refuses, or none does, would test nothing.
bool is_telling(const Totals& totals) {
  return totals.read > 0 && totals.read < totals.images && totals.patchable > 0 && totals.fatbins > 0 &&
         totals.inspected < totals.images;
}

int run(std::uint64_t count, double limit_seconds, std::uint64_t seed) {
  const Seeds seeds = make_seeds();
  Totals totals;
  const auto begin = Clock::now();
  for (std::uint64_t number = 0; number < count; ++number) {
    if (number >= 1000 && limit_seconds > 0 && seconds(Clock::now() - begin) > limit_seconds) break;
    const Image image = image_of(seeds, number, seed);
    remember(number, seed);
    ::alarm(kImageSeconds);
    std::string breach;
    const auto start = Clock::now();
    const Reached reached = run_parsers(image, breach);
    add(totals, reached, Clock::now() - start, number);
    ::alarm(0);
    if (breach.empty()) continue;
    fmt::print(stderr, "assay_fuzz: breach: {}\n", breach);
    say_last_words();
    return 1;
  }
  print(totals, seeds, seed, Clock::now() - begin);
  if (is_telling(totals)) return 0;
  fmt::print(stderr, "assay_fuzz: the damage tells nothing: all images ended alike\n");
  return 1;
}

int write_image(std::uint64_t number, std::uint64_t seed, const std::string& path) {
  const Status written = write_file(path, image_of(make_seeds(), number, seed));
  if (written) return 0;
  fmt::print(stderr, "assay_fuzz: {}\n", written.error().message);
  return 3;
}

std::optional<std::uint64_t> number_of(const std::string& word) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return value;
}

int start(const std::vector<std::string>& words) {
  const bool timed = words.size() == 3 && words[0] == "--seconds", single = words.size() == 4 && words[0] == "--image";
  const std::size_t at = timed || single ? 1 : 0;
  const auto first = words.size() >= at + 2 ? number_of(words[at]) : std::nullopt;
  const auto seed = words.size() >= at + 2 ? number_of(words[at + 1]) : std::nullopt;
  if (!first || !seed || (!timed && !single && words.size() != 2)) {
    fmt::print(stderr, "usage: assay_fuzz COUNT SEED | --seconds N SEED | --image NUMBER SEED FILE\n");
    return 2;
  }
  watch();
  if (single) return write_image(*first, *seed, words[3]);
  return timed ? run(~std::uint64_t{0}, static_cast<double>(*first), *seed) : run(*first, 0, *seed);
}

}  // namespace
}  // namespace assay::fuzz

int main(int argc, char** argv) { return assay::fuzz::start({argv + 1, argv + argc}); }
