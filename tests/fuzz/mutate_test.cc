#include "tests/fuzz/mutate.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/cubin/synthetic_cubin.h"
#include "tests/cubin/synthetic_fatbin.h"
#include "tests/fuzz/parsers.h"

namespace assay::fuzz {
namespace {

std::vector<Image> seeds() {
  const Image image = cubin::SyntheticCubin(cubin::SyntheticCubin::Extent::whole).bytes();
  cubin::SyntheticFatbin fatbin;
  fatbin.add({}, image);
  return {image, fatbin.bytes()};
}

bool has_field(const std::vector<Field>& fields, std::size_t offset, std::size_t size) {
  for (const Field& field : fields)
    if (field.offset == offset && field.size == size) return true;
  return false;
}

TEST(MutateTest, TheSameSeedGivesTheSameImages) {
  Random one(7), two(7), other(8);
  std::set<Image> images;
  for (int i = 0; i < 100; ++i) {
    const Image image = mutate(seeds(), one);
    EXPECT_EQ(image, mutate(seeds(), two));
    images.insert(image);
    images.insert(mutate(seeds(), other));
  }
  EXPECT_GT(images.size(), 190u);
}

/// The golden value keeps a reported number meaning the same image.
TEST(MutateTest, TheGeneratorIsTheSameEverywhere) {
  Random random(20261122);
  EXPECT_EQ(random.next(), 646995126359979506u);
}

TEST(MutateTest, FindsTheFieldsOfImagesAndFatbins) {
  const Image image = seeds()[0];
  const cubin::SyntheticCubin cubin(cubin::SyntheticCubin::Extent::whole);
  const std::vector<Field> fields = fields_of(image);
  EXPECT_TRUE(has_field(fields, 0x31, 1)) << "the SM byte";
  EXPECT_TRUE(has_field(fields, cubin.section_at(5) + 24, 8)) << "sh_offset";
  EXPECT_TRUE(has_field(fields, cubin.symbol_at(1) + 6, 2)) << "st_shndx";
  EXPECT_TRUE(has_field(fields, cubin.section(cubin::SyntheticCubin::kKernelInfo).sh_offset + 16, 1)) << "a format";
  EXPECT_TRUE(has_field(fields_of(seeds()[1]), 16 + 8, 8)) << "a payload's size";
  EXPECT_TRUE(fields_of(cubin::bytes_of("no image")).empty());
}

/// The parsers must notice: each promise is checked on an untouched image too.
TEST(ParsersTest, GoodImagesReachTheEnd) {
  std::string breach;
  const Reached image = run_parsers(seeds()[0], breach);
  EXPECT_TRUE(image.image && image.described && image.patchable && image.inspected);
  EXPECT_FALSE(image.fatbin);
  const Reached fatbin = run_parsers(seeds()[1], breach);
  EXPECT_TRUE(fatbin.fatbin && fatbin.inspected);
  EXPECT_FALSE(fatbin.image);
  EXPECT_EQ(breach, "");
}

}  // namespace
}  // namespace assay::fuzz
