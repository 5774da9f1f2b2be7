// An nvJitLink of another world: of version STAND_IN_MAJOR.STAND_IN_MINOR, and refusing every text in its own words.
#include <cstddef>
#include <cstring>

namespace {
constexpr char kLog[] = "ptxas application ptx input, line 1; error   : not today\n";
int linker;
}  // namespace

extern "C" {
int nvJitLinkVersion(unsigned* major, unsigned* minor) {
  *major = STAND_IN_MAJOR;
  *minor = STAND_IN_MINOR;
  return 0;
}
int nvJitLinkCreate(void** handle, unsigned, const char**) {
  *handle = &linker;
  return 0;
}
int nvJitLinkDestroy(void**) { return 0; }
int nvJitLinkAddData(void*, int, const void*, std::size_t, const char*) { return 4; }
int nvJitLinkComplete(void*) { return 0; }
int nvJitLinkGetLinkedCubinSize(void*, std::size_t*) { return 3; }
int nvJitLinkGetLinkedCubin(void*, void*) { return 3; }
int nvJitLinkGetErrorLogSize(void*, std::size_t* size) {
  *size = sizeof kLog;
  return 0;
}
int nvJitLinkGetErrorLog(void*, char* log) {
  std::memcpy(log, kLog, sizeof kLog);
  return 0;
}
int nvJitLinkGetInfoLogSize(void*, std::size_t* size) {
  *size = 0;
  return 0;
}
int nvJitLinkGetInfoLog(void*, char*) { return 0; }
}
