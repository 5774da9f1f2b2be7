#include "harness/evidence/base64.h"

#include "gtest/gtest.h"

namespace assay::evidence {
namespace {

struct Pair {
  std::string bytes, text;
};

TEST(Base64Test, WritesAndReadsTheVectorsOfRfc4648) {
  for (const Pair& pair : {Pair{"", ""}, Pair{"f", "Zg=="}, Pair{"fo", "Zm8="}, Pair{"foo", "Zm9v"},
                           Pair{"foob", "Zm9vYg=="}, Pair{"fooba", "Zm9vYmE="}, Pair{"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(base64(pair.bytes), pair.text);
    const auto back = unbase64(pair.text);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, pair.bytes);
  }
}

TEST(Base64Test, EveryByteGoesThereAndBack) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  EXPECT_EQ(*unbase64(base64(bytes)), bytes);
}

TEST(Base64Test, ReadsEitherAlphabet) {
  EXPECT_EQ(base64("\xfb\xff\xbf"), "+/+/");
  EXPECT_EQ(*unbase64("+/+/"), "\xfb\xff\xbf");
  EXPECT_EQ(*unbase64("-_-_"), "\xfb\xff\xbf");
}

struct Fault {
  std::string text, message;
};

TEST(Base64Test, RefusesEveryOtherSpelling) {
  for (const Fault& fault : {
           Fault{"+/-_", "base64: offset 0: a letter of the standard alphabet among those of the URL-safe one"},
           Fault{"AA-_BB/A", "base64: offset 6: a letter of the standard alphabet among those of the URL-safe one"},
           Fault{"Zg", "base64: offset 2: padding is missing"},
           Fault{"Zg=", "base64: offset 3: padding is missing"},
           Fault{"Z===", "base64: offset 1: no letter of base64"},
           Fault{"====", "base64: offset 0: no letter of base64"},
           Fault{"Zg==Zg==", "base64: offset 2: no letter of base64"},
           Fault{"Zh==", "base64: offset 1: unused bits are not zero"},
           Fault{"Zm9=", "base64: offset 2: unused bits are not zero"},
           Fault{" Zg=", "base64: offset 0: no letter of base64"},
           Fault{"Zm9\n", "base64: offset 3: no letter of base64"},
           Fault{std::string("Zm9\0", 4), "base64: offset 3: no letter of base64"},
       }) {
    const auto read = unbase64(fault.text);
    ASSERT_FALSE(read) << fault.text;
    EXPECT_EQ(read.error().message, fault.message) << fault.text;
  }
}

}  // namespace
}  // namespace assay::evidence
