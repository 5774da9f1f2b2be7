// Edited images told as native ones, and edits told otherwise than they were. From the recorded run, which has them.
#include "tests/forgery/forgery_test.h"

#include "harness/base/json.h"

namespace assay::forgery {
namespace {

using evidence::ImageKind;
using evidence::Likeness;

const fs::path kArtifacts(evidence::kArtifactFolder);
const std::string kEdited = "cubin.arch_patch[edit.sm-byte.minus-1]@sm_90a#1";
const std::string kLoad = "tma.load@sm_90a#1";

Forge edited(const std::function<void(Record&)>& edit) { return record(kEdited, edit); }

void told_as_native(Record& r) {
  r.image = ImageKind::native;
  r.edit.reset();
}

/// The gate's own image with another SM number in its header, as a patched one would have it.
void patch_cubin(const fs::path& b) {
  constexpr std::size_t kSmOffset = 49;
  std::string cubin = evidence::read_text(b / kArtifacts / artifact_of(b, kLoad, "cubin"));
  ASSERT_EQ(cubin.at(kSmOffset), '\x5a');
  cubin[kSmOffset] = '\x64';
  const std::string digest = keep(b, cubin);
  field(kLoad, "/artifacts/cubin", digest)(b);
}

}  // namespace

std::vector<Row> image_rows() {
  const Start run = Start::signed_run, recorded = Start::recorded_run;
  return {
      {17, "an edited image told as native, the edit still on record", recorded, true,
       edited([](Record& r) { r.image = ImageKind::native; }), "contradiction",
       "bytes were edited, but the image is native"},
      {17, "an edited image told as native, nothing left of the edit", recorded, true, edited(told_as_native), "image",
       "image 'edit.sm-byte.minus-1' is an edited one, the record says native"},
      {17, "an edited image in a native record", run, true, patch_cubin, "image",
       "its ELF header says sm_100, the record says sm_90a"},
      {17, "an edit that edits nothing", recorded, true,
       edited([](Record& r) { r.edit->bytes[0].is = r.edit->bytes[0].was; }), "contradiction",
       "is said to be edited, but is as it was"},
      {17, "an edited image without an edit", recorded, true, edited([](Record& r) { r.edit.reset(); }),
       "contradiction", "the image is patched, but no byte is said to be edited"},
      {17, "another edit than the bytes show", recorded, true, edited([](Record& r) { r.edit->bytes[0].is = 100; }),
       "edit", "the edited bytes do not lead from the built image to the one that was handed over"},
      {17, "code told as different that is the native build's", recorded, true,
       edited([](Record& r) { r.edit->code = Likeness::different; }), "edit",
       "its .text is said to be different beside the native build's, it is identical"},
      {17, "an edited image of another origin", recorded, true, edited([](Record& r) { r.edit->source = "sm_121a"; }),
       "gate-table", "source of the edit is 'sm_121a', the gate's own is 'sm_90a'"},
      {17, "a native record with an edit", run, true, record(kLoad, [](Record& r) { r.edit = evidence::an_edit(); }),
       "contradiction", "bytes were edited, but the image is native"},
      {0, "a launch of an image that is said not to be there", run, true,
       record(kLoad, [](Record& r) { r.image = ImageKind::none; }), "contradiction",
       "an image was loaded, but the record says none was"},
      {0, "code for a device that this is not", run, true, lines([](Lines& all) {
         Json& line = all.at(line_of(all, kLoad));
         line["target"] = "sm_100a";
         line["record_id"] = "tma.load@sm_100a#1";
       }),
       "device", "device.compute_capability is \"9.0\", but tma.load@sm_100a#1 was launched"},
  };
}

INSTANTIATE_TEST_SUITE_P(Image, ForgeryTest, testing::ValuesIn(image_rows()), name_of);

}  // namespace assay::forgery
