// The symbol by which a driver library says that it is emulated.
extern "C" {
extern const int assay_emulated_device;
const int assay_emulated_device = 1;
}
