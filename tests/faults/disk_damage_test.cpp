// Data that is damaged: what programs read, and what is in the folder below, compared with what should be there.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "disk_fixture.hpp"

namespace withstand::faults::testing {
namespace {

using ::testing::HasSubstr;
using Parameters = std::map<std::string, spec::Value>;

constexpr std::size_t block = 4096;

class DiskDamageTest : public DiskFaultTest {
 protected:
  /// A file of blocks, each full of its own letter.
  void make_file(core::NodeId node, const std::string& name, std::size_t blocks, char first = 'a') {
    std::string text;
    for (std::size_t i = 0; i < blocks; ++i)
      text += std::string(block, static_cast<char>(first + static_cast<char>(i)));
    ASSERT_EQ(run(node, "touch " + name).error, "");
    std::ofstream(data(node, name), std::ios::binary) << text;
  }
  [[nodiscard]] std::string stored(core::NodeId node, const std::string& name) const {
    std::ifstream file(data(node, name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string read(core::NodeId node, const std::string& name) { return run(node, "cat " + name).output; }
  static std::vector<std::size_t> differing(const std::string& a, const std::string& b) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
      if (a[i] != b[i]) found.push_back(i);
    return found;
  }
  core::Injection& corrupt(Parameters parameters, std::vector<core::NodeId> on = {0}) {
    return strike("disk.corrupt", std::move(parameters), std::move(on));
  }
  void expect_evidence(core::Injection& injection) {
    injection.revert();
    EXPECT_TRUE(injection.observe().took_effect()) << text(injection);
  }
};

TEST_F(DiskDamageTest, AReaderGetsFlippedBitsAndTheFileIsWell) {
  stand();
  make_file(0, "f", 3);
  auto& injection = corrupt({{"path", std::string("f")}});
  const auto wrong = differing(read(0, "f"), stored(0, "f"));
  ASSERT_GE(wrong.size(), 1U);
  EXPECT_THAT(text(injection), HasSubstr("byte " + std::to_string(wrong.front())));
  injection.revert();
  EXPECT_EQ(read(0, "f"), stored(0, "f"));
  expect_evidence(injection);
}

TEST_F(DiskDamageTest, AWholeBlockIsZero) {
  stand();
  make_file(0, "f", 3);
  auto& injection = corrupt({{"damage", std::string("zeros")}, {"nth", std::int64_t{1}}});
  const auto got = read(0, "f");
  const auto wrong = differing(got, stored(0, "f"));
  ASSERT_EQ(wrong.size(), block);
  EXPECT_EQ(wrong.front() % block, 0U);
  for (const std::size_t each : wrong) EXPECT_EQ(got[each], '\0');
  expect_evidence(injection);
}

TEST_F(DiskDamageTest, WhatIsWrittenArrivesDamagedAndStaysSo) {
  stand();
  auto& injection =
      corrupt({{"damage", std::string("noise")}, {"of", std::string("writes")}, {"path", std::string("f")}});
  run(0, "head -c 8192 /dev/zero > f");
  injection.revert();
  const auto wrong = differing(stored(0, "f"), std::string(2 * block, '\0'));
  EXPECT_GT(wrong.size(), block * 9 / 10);
  EXPECT_LE(wrong.size(), 2 * block);
  EXPECT_EQ(read(0, "f"), stored(0, "f"));
  expect_evidence(injection);
}

TEST_F(DiskDamageTest, AWriteGetsLost) {
  stand();
  make_file(0, "f", 3);
  auto& injection = corrupt({{"damage", std::string("stale")}, {"of", std::string("writes")}});
  const auto before = stored(0, "f");
  EXPECT_EQ(run(0, "head -c 4096 /dev/zero | dd of=f bs=4096 seek=1 conv=notrunc status=none; echo $?").output, "0\n");
  EXPECT_EQ(stored(0, "f"), before);
  expect_evidence(injection);
}

TEST_F(DiskDamageTest, AWriteGoesToAnotherPlace) {
  stand();
  make_file(0, "f", 4);
  auto& injection = corrupt({{"damage", std::string("misdirected")}, {"of", std::string("writes")}});
  const auto before = stored(0, "f");
  run(0, "head -c 4096 /dev/zero | dd of=f bs=4096 seek=1 conv=notrunc status=none");
  const auto changed = differing(stored(0, "f"), before);
  ASSERT_EQ(changed.size(), block);
  EXPECT_NE(changed.front(), block);
  EXPECT_EQ(stored(0, "f").substr(block, block), before.substr(block, block));
  expect_evidence(injection);
}

TEST_F(DiskDamageTest, AReaderGetsWhatWasThereBefore) {
  stand();
  make_file(0, "f", 2);
  auto& injection = corrupt({{"damage", std::string("stale")}});
  EXPECT_EQ(read(0, "f"), stored(0, "f"));  // nothing was written yet
  const auto before = stored(0, "f");
  run(0, "head -c 8192 /dev/zero | dd of=f bs=8192 conv=notrunc status=none");
  const auto got = read(0, "f");
  const auto wrong = differing(got, stored(0, "f"));
  ASSERT_EQ(wrong.size(), block);
  for (const std::size_t each : wrong) EXPECT_EQ(got[each], before[each]);
  expect_evidence(injection);
}

TEST_F(DiskDamageTest, BadSectorsFailUntilTheyAreWrittenWhole) {
  stand();
  make_file(0, "f", 8);
  auto& injection = corrupt({{"damage", std::string("bad-sector")}, {"probability", spec::Ratio{500'000'000}}});
  const auto readable = [&] {
    return run(0,
               "for i in 0 1 2 3 4 5 6 7; do dd if=f of=/dev/null bs=4096 skip=$i count=1 status=none 2>/dev/null "
               "&& printf . || printf x; done")
        .output;
  };
  const std::string first = readable();
  EXPECT_THAT(first, HasSubstr("x"));
  EXPECT_THAT(first, HasSubstr("."));
  EXPECT_EQ(readable(), first);  // they stay
  const auto bad = first.find('x');
  const std::string there = "seek=" + std::to_string(bad) + " conv=notrunc status=none";
  EXPECT_THAT(run(0, "head -c 4096 /dev/zero | dd of=f bs=1 count=10 seek=" + std::to_string(bad * block + 5) +
                         " conv=notrunc status=none")
                  .error,
              HasSubstr("Input/output error"));
  EXPECT_EQ(run(0, "head -c 4096 /dev/zero | dd of=f bs=4096 " + there).error, "");
  std::string healed = first;
  healed[bad] = '.';
  EXPECT_EQ(readable(), healed);
  EXPECT_THAT(text(injection), HasSubstr("1 sectors written anew"));
  expect_evidence(injection);
}

TEST_F(DiskDamageTest, WhatIsStoredIsDamagedOnceAndStaysSo) {
  stand();
  make_file(0, "f", 20);
  const auto before = stored(0, "f");
  EXPECT_EQ(read(0, "f"), before);
  auto& injection = corrupt({{"of", std::string("stored")},
                             {"path", std::string("f")},
                             {"probability", spec::Ratio{300'000'000}},
                             {"damage", std::string("zeros")}});
  std::set<std::size_t> blocks;
  for (const std::size_t each : differing(stored(0, "f"), before)) blocks.insert(each / block);
  EXPECT_GE(blocks.size(), 1U);
  EXPECT_LT(blocks.size(), 20U);
  EXPECT_EQ(read(0, "f"), stored(0, "f"));
  EXPECT_THAT(text(injection), HasSubstr(std::to_string(blocks.size()) + " blocks of 20"));
  EXPECT_THAT(text(injection), HasSubstr("f " + std::to_string(*blocks.begin() * block) + "+4096 by withstand"));
  injection.revert();
  EXPECT_NE(stored(0, "f"), before);
  expect_evidence(injection);
}

TEST_F(DiskDamageTest, StripesDamageEveryNodeAndNoByteOnTwo) {
  stand(3);
  for (core::NodeId node = 0; node < 3; ++node) make_file(node, "f", 24);
  const auto before = stored(0, "f");
  corrupt({{"of", std::string("stored")},
           {"probability", spec::Ratio{1'000'000'000}},
           {"damage", std::string("noise")},
           {"stripe", spec::Bytes{8192}}},
          {0, 1, 2});
  std::vector<int> damaged(before.size(), 0);
  for (core::NodeId node = 0; node < 3; ++node) {
    const auto wrong = differing(stored(node, "f"), before);
    EXPECT_GT(wrong.size(), before.size() / 4) << "node " << node;
    for (const std::size_t each : wrong) ++damaged[each];
  }
  EXPECT_EQ(*std::max_element(damaged.begin(), damaged.end()), 1);
}

TEST_F(DiskDamageTest, WhatIsNotThereIsNoEvidence) {
  stand();
  make_file(0, "walfile", 2);
  auto& injection = corrupt(
      {{"of", std::string("stored")}, {"path", std::string("walfiles")}, {"probability", spec::Ratio{1'000'000'000}}});
  injection.revert();
  EXPECT_FALSE(injection.observe().took_effect());
  EXPECT_THAT(text(injection), HasSubstr("nearest: walfile"));
}

}  // namespace
}  // namespace withstand::faults::testing
