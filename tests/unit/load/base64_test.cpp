#include "load/base64.hpp"

#include <random>

#include <gtest/gtest.h>

namespace withstand::load {
namespace {

TEST(Base64, IsThatOfTheStandard) {  // RFC 4648, section 10
  const std::vector<std::pair<std::string, std::string>> table = {{"", ""},
                                                                  {"f", "Zg=="},
                                                                  {"fo", "Zm8="},
                                                                  {"foo", "Zm9v"},
                                                                  {"foob", "Zm9vYg=="},
                                                                  {"fooba", "Zm9vYmE="},
                                                                  {"foobar", "Zm9vYmFy"},
                                                                  {"\xfb\xff\xfe", "+//+"}};
  for (const auto& [bytes, text] : table) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text), bytes);
  }
}

TEST(Base64, WhatIsNoneIsRefused) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "=", "====", "Z===", "Zg==Zg==", "Zm9v\n", "-_-_", "Zm 9"})
    EXPECT_FALSE(base64_decode(text)) << text;
}

TEST(Base64, ComesBackAsItWas) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 1'000; ++round) {
    std::string bytes(random() % 70, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
  }
}

}  // namespace
}  // namespace withstand::load
