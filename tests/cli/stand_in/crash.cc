// A driver that dies of SIGSEGV while it starts.
#include <csignal>

extern "C" {
int cuInit(unsigned);
int cuInit(unsigned) {
  std::signal(SIGSEGV, SIG_DFL);  // A sanitizer's handler would make an exit code of it.
  return std::raise(SIGSEGV);
}
}
