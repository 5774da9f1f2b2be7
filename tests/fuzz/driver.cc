#include "tests/fuzz/driver.h"

#include <fmt/format.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string_view>

#include "harness/base/file_system.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace assay::fuzz {
namespace {

using Clock = std::chrono::steady_clock;
constexpr unsigned kImageSeconds = 20;  // A hang, not a slow machine.

/// What the last words of a dying process say; written before each image, read by a signal handler.
char last_words[128];
volatile std::sig_atomic_t last_words_size = 0;

void remember(std::string_view program, std::uint64_t number, std::uint64_t seed) {
  last_words_size = 0;
  const auto end = fmt::format_to_n(last_words, sizeof last_words, "{}: image {} of seed {}\n", program, number, seed);
  last_words_size = static_cast<std::sig_atomic_t>(std::min(end.size, sizeof last_words));
}

void say_last_words() {
  if (::write(STDERR_FILENO, last_words, static_cast<std::size_t>(last_words_size)) < 0) return;
}

void on_hang(int) {
  constexpr char kWords[] = "fuzz: this image takes longer than its limit\n";
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

double seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

struct Slowest {
  Clock::duration took{};
  std::uint64_t number = 0;
};

/// Whether the readers kept their promises on this image.
bool run_one(const Subject& subject, std::uint64_t number, std::uint64_t seed, Slowest& slowest) {
  const Image image = subject.image_of(number, seed);
  remember(subject.program, number, seed);
  ::alarm(kImageSeconds);
  std::string breach;
  const auto start = Clock::now();
  subject.run(image, breach);
  const auto took = Clock::now() - start;
  ::alarm(0);
  if (took > slowest.took) slowest = {took, number};
  if (breach.empty()) return true;
  fmt::print(stderr, "{}: breach: {}\n", subject.program, breach);
  say_last_words();
  return false;
}

int run(const Subject& subject, std::uint64_t count, double limit_seconds, std::uint64_t seed) {
  Slowest slowest;
  const auto begin = Clock::now();
  std::uint64_t number = 0;
  for (; number < count; ++number) {
    if (number >= 1000 && limit_seconds > 0 && seconds(Clock::now() - begin) > limit_seconds) break;
    if (!run_one(subject, number, seed, slowest)) return 1;
  }
  fmt::print("{} images, seed {}, in {:.1f} s: {}; slowest {:.0f} ms (image {})\n", number, seed,
             seconds(Clock::now() - begin), subject.summary(), 1000 * seconds(slowest.took), slowest.number);
  if (subject.is_telling()) return 0;
  fmt::print(stderr, "{}: the damage tells nothing: all images ended alike\n", subject.program);
  return 1;
}

int write_image(const Subject& subject, std::uint64_t number, std::uint64_t seed, const std::string& path) {
  const Status written = write_file(path, subject.image_of(number, seed));
  if (written) return 0;
  fmt::print(stderr, "{}: {}\n", subject.program, written.error().message);
  return 3;
}

std::optional<std::uint64_t> number_of(const std::string& word) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return value;
}

}  // namespace

Random random_of(std::uint64_t number, std::uint64_t seed) {
  Random random(seed * 0x100000001b3 + number);
  random.next();
  return random;
}

int drive(const Subject& subject, const std::vector<std::string>& words) {
  const bool timed = words.size() == 3 && words[0] == "--seconds", single = words.size() == 4 && words[0] == "--image";
  const std::size_t at = timed || single ? 1 : 0;
  const auto first = words.size() >= at + 2 ? number_of(words[at]) : std::nullopt;
  const auto seed = words.size() >= at + 2 ? number_of(words[at + 1]) : std::nullopt;
  if (!first || !seed || (!timed && !single && words.size() != 2)) {
    fmt::print(stderr, "usage: {} COUNT SEED | --seconds N SEED | --image NUMBER SEED FILE\n", subject.program);
    return 2;
  }
  watch();
  if (single) return write_image(subject, *first, *seed, words[3]);
  return timed ? run(subject, ~std::uint64_t{0}, static_cast<double>(*first), *seed) : run(subject, *first, 0, *seed);
}

}  // namespace assay::fuzz
