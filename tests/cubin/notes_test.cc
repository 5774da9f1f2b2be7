#include "harness/cubin/notes.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/cubin/synthetic_cubin.h"

namespace assay::cubin {
namespace {

using S = SyntheticCubin;

class NotesTest : public ::testing::Test {
 protected:
  /// Both kinds are read; the first error is the answer.
  std::string read_error() {
    const Result<Elf> elf = Elf::read(cubin_.bytes());
    if (!elf) return elf.error().message;
    if (const auto tools = tool_notes(*elf); !tools) return tools.error().message;
    const auto cuda = cuda_note(*elf);
    return cuda ? "read" : cuda.error().message;
  }
  std::size_t at(std::size_t section, std::size_t offset) const { return cubin_.section(section).sh_offset + offset; }
  void set(std::size_t place, int value) { cubin_.bytes()[place] = std::byte(value); }

  S cubin_{S::Extent::whole};
};

TEST_F(NotesTest, ReadsToolAndCudaNotes) {
  const Result<Elf> elf = Elf::read(cubin_.bytes());
  ASSERT_TRUE(elf) << elf.error().message;
  const auto tools = tool_notes(*elf);
  ASSERT_TRUE(tools) << tools.error().message;
  ASSERT_EQ(tools->size(), 1u);
  EXPECT_EQ(tools->front().layout, 2u);
  EXPECT_EQ(tools->front().object, "");
  EXPECT_EQ(tools->front().tool, "ptxas");
  EXPECT_EQ(tools->front().version, "V13.");
  EXPECT_EQ(tools->front().build, "build");
  EXPECT_EQ(tools->front().options, "-arch sm_121a -m 64");
  const auto cuda = cuda_note(*elf);
  ASSERT_TRUE(cuda && *cuda);
  EXPECT_EQ((*cuda)->layout, 2);
  EXPECT_EQ((*cuda)->virtual_sm, 121);
  EXPECT_EQ((*cuda)->cuda_version, 130u);
}

TEST_F(NotesTest, AnImageWithoutNotesHasNone) {
  S plain;
  const Result<Elf> elf = Elf::read(plain.bytes());
  ASSERT_TRUE(elf);
  EXPECT_TRUE(tool_notes(*elf)->empty());
  EXPECT_FALSE(cuda_note(*elf)->has_value());
}

TEST_F(NotesTest, AnUnknownLayoutIsKeptWithoutItsStrings) {
  set(at(S::kToolNote, 24), 3);
  const Result<Elf> elf = Elf::read(cubin_.bytes());
  const auto tools = tool_notes(*elf);
  ASSERT_TRUE(tools) << tools.error().message;
  EXPECT_EQ(tools->front().layout, 3u);
  EXPECT_EQ(tools->front().tool, "");
}

TEST_F(NotesTest, NotesOfOtherTypesAreSteppedOver) {
  set(at(S::kToolNote, 8), 0);
  set(at(S::kCudaNote, 8), 0);
  const Result<Elf> elf = Elf::read(cubin_.bytes());
  EXPECT_TRUE(tool_notes(*elf)->empty());
  EXPECT_FALSE(cuda_note(*elf)->has_value());
}

TEST_F(NotesTest, RefusesWhatDoesNotFit) {
  struct Broken {
    std::size_t section, offset;
    int value;
    std::size_t reported;
    std::string_view rule;
  };
  const Broken all[] = {
      {S::kToolNote, 0, 0xff, 0, "a note must end inside its section"},
      {S::kToolNote, 7, 0xff, 0, "a note must end inside its section"},
      {S::kToolNote, 32, 0xff, 32, "a string of a tool note must start inside the note"},
  };
  for (const Broken& broken : all) {
    cubin_ = S(S::Extent::whole);
    ASSERT_EQ(read_error(), "read");
    set(at(broken.section, broken.offset), broken.value);
    const std::size_t place = at(broken.section, broken.reported);
    EXPECT_EQ(read_error(), fmt::format("offset {:#x}: {}", place, broken.rule));
  }
}

TEST_F(NotesTest, RefusesADescriptionThatIsTooShort) {
  const auto shorten = [&](std::size_t section, std::uint64_t size) {
    cubin_ = S(S::Extent::whole);
    set(at(section, 4), static_cast<int>(size));
    Elf64_Shdr cut = cubin_.section(section);
    cut.sh_size = 24 + size;
    cubin_.set_section(section, cut);
  };
  shorten(S::kToolNote, 20);
  EXPECT_EQ(read_error(), fmt::format("offset {:#x}: a tool note needs five string offsets", at(S::kToolNote, 24)));
  shorten(S::kToolNote, 0);
  EXPECT_EQ(read_error(), fmt::format("offset {:#x}: a tool note states its layout", at(S::kToolNote, 24)));
  shorten(S::kCudaNote, 4);
  EXPECT_EQ(read_error(), fmt::format("offset {:#x}: a CUDA note needs 8 bytes", at(S::kCudaNote, 24)));
}

TEST_F(NotesTest, RefusesAStringWithoutEndAndAHeaderThatIsCut) {
  for (std::size_t i = 24 + 24 + 18; i < 24 + 64; ++i) set(at(S::kToolNote, i), 'x');
  EXPECT_EQ(read_error(),
            fmt::format("offset {:#x}: a string of a tool note must end inside the note", at(S::kToolNote, 24 + 20)));
  cubin_ = S(S::Extent::whole);
  Elf64_Shdr cut = cubin_.section(S::kToolNote);
  cut.sh_size = 11;
  cubin_.set_section(S::kToolNote, cut);
  EXPECT_EQ(read_error(), fmt::format("offset {:#x}: a note's header needs 12 bytes", at(S::kToolNote, 0)));
}

}  // namespace
}  // namespace assay::cubin
