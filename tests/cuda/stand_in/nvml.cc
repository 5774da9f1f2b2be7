// An NVML that answers some readings, refuses power, lacks temperature and knows only the older name of the clock
// reasons.
#include <cstdio>
#include <cstring>

namespace {
constexpr int kNotSupported = 3, kNotFound = 6;
int device;
struct Memory {
  unsigned long long total, free, used;
};
}  // namespace

extern "C" {

int nvmlInit_v2() { return 0; }
int nvmlShutdown() { return 0; }
const char* nvmlErrorString(int code) { return code == kNotFound ? "Not Found" : "Not Supported"; }
int nvmlSystemGetDriverVersion(char* text, unsigned size) {
  std::snprintf(text, size, "580.159.04");
  return 0;
}
int nvmlDeviceGetHandleByPciBusId_v2(const char* id, void** handle) {
  if (std::strcmp(id, "0000:01:00.0") != 0) return kNotFound;
  *handle = &device;
  return 0;
}
int nvmlDeviceGetMemoryInfo(void*, Memory* memory) {
  *memory = {.total = 300, .free = 100, .used = 200};
  return 0;
}
int nvmlDeviceGetClockInfo(void*, int domain, unsigned* mhz) {
  *mhz = domain == 1 ? 1980 : 2619;
  return 0;
}
int nvmlDeviceGetMaxClockInfo(void*, int, unsigned* mhz) {
  *mhz = 2000;
  return 0;
}
int nvmlDeviceGetPowerUsage(void*, unsigned*) { return kNotSupported; }
int nvmlDeviceGetEnforcedPowerLimit(void*, unsigned* milliwatts) {
  *milliwatts = 700000;
  return 0;
}
int nvmlDeviceGetCurrentClocksThrottleReasons(void*, unsigned long long* reasons) {
  *reasons = 0xc;
  return 0;
}

}  // extern "C"
