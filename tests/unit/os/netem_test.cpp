#include "os/netem.hpp"

#include <gtest/gtest.h>
#include <linux/pkt_sched.h>

#include "os/netlink_attributes.hpp"

namespace withstand::os {
namespace {

using namespace std::chrono_literals;

std::vector<std::uint8_t> octets(const std::vector<std::byte>& bytes) {
  std::vector<std::uint8_t> out;
  for (const auto each : bytes) out.push_back(std::to_integer<std::uint8_t>(each));
  return out;
}

template <class T>
T at(const std::vector<std::byte>& bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

TEST(NetemProbability, IsAPartOf32Bits) {
  EXPECT_EQ(netem_probability(0), 0U);
  EXPECT_EQ(netem_probability(1'000'000'000), netem_always);
  EXPECT_EQ(netem_probability(500'000'000), 2'147'483'648U);
  EXPECT_EQ(netem_probability(1), 4U);  // 1e-9 of 2^32 - 1, to the nearest
  EXPECT_EQ(netem_probability(2'000'000'000), netem_always);
}

/// As linux/pkt_sched.h lays them out: seven numbers, then attributes.
TEST(NetemOptions, AreLaidOutByteForByte) {
  NetemSettings settings;
  settings.limit = 7;
  settings.delay = 100ms;
  settings.loss = GilbertElliottLoss{1, 2, 3, 4};
  const auto bytes = netem_options(settings);
  const std::vector<std::uint8_t> wanted{
      0x84, 0xd7, 0x17, 0x00,                                                  // latency: 100 ms / 64 ns
      7,    0,    0,    0,                                                     // limit
      0,    0,    0,    0,    0,    0,    0,    0,    0, 0, 0, 0, 0, 0, 0, 0,  // loss, gap, duplicate, jitter
      12,   0,    10,   0,    0x00, 0xe1, 0xf5, 0x05, 0, 0, 0, 0,              // TCA_NETEM_LATENCY64
      12,   0,    11,   0,    0,    0,    0,    0,    0, 0, 0, 0,              // TCA_NETEM_JITTER64
      24,   0,    5,    0,                                                     // TCA_NETEM_LOSS
      20,   0,    2,    0,    1,    0,    0,    0,    2, 0, 0, 0, 3, 0, 0, 0,
      4,    0,    0,    0,  // NETEM_LOSS_GE: p, r, h, 1-k
  };
  EXPECT_EQ(octets(bytes), wanted);
}

NetemSettings everything() {
  NetemSettings all;
  all.limit = 12345;
  all.delay = 123'456'789ns;
  all.jitter = 1'000'001ns;
  all.loss = FourStateLoss{1, 2, 3, 4, 5};
  all.ecn = true;
  all.duplicate = 11;
  all.corrupt = 12;
  all.reorder = 13;
  all.gap = 3;
  all.rate = 10'000'000'000;
  all.packet_overhead = -14;
  all.cell_size = 48;
  all.cell_overhead = 5;
  all.slot = NetemSlot{800us, 2ms, 32, 64000};
  all.seed = 0x0123456789abcdef;
  return all;
}

TEST(NetemOptions, AreReadAsTheyWereWritten) {
  const auto kept = parse_netem_options(netem_options(everything()));
  ASSERT_TRUE(kept);
  EXPECT_EQ(netem_differences(everything(), *kept), std::vector<std::string>{});
  EXPECT_TRUE(seed_kept(everything(), *kept));
  EXPECT_EQ(kept->loss, everything().loss);
  EXPECT_EQ(kept->slot, everything().slot);
}

TEST(NetemOptions, ARateBeyond32BitsHasItsOwnAttribute) {
  NetemSettings fast;
  fast.rate = 5'000'000'000;
  const auto bytes = netem_options(fast);
  const Attributes attributes{std::span(bytes).subspan(sizeof(tc_netem_qopt))};
  EXPECT_EQ(attributes.value<tc_netem_rate>(TCA_NETEM_RATE)->rate, 0xffffffffU);
  EXPECT_EQ(attributes.value<std::uint64_t>(TCA_NETEM_RATE64), 5'000'000'000U);
}

TEST(NetemOptions, ADistributionIsSentAsItIs) {
  NetemSettings settings;
  settings.jitter = 1ms;
  settings.distribution = {-8192, 0, 8192};
  const auto bytes = netem_options(settings);
  const Attributes attributes{std::span(bytes).subspan(sizeof(tc_netem_qopt))};
  const auto table = attributes.bytes(TCA_NETEM_DELAY_DIST);
  ASSERT_EQ(table.size(), 6U);
  EXPECT_EQ(at<std::int16_t>({table.begin(), table.end()}, 0), -8192);
  EXPECT_EQ(at<std::int16_t>({table.begin(), table.end()}, 4), 8192);
}

TEST(NetemDifferences, NameWhatWasNotKept) {
  NetemSettings kept = everything();
  kept.jitter = 999'999ns;
  kept.loss = RandomLoss{0};
  kept.slot.reset();
  kept.seed.reset();
  const auto differences = netem_differences(everything(), kept);
  ASSERT_EQ(differences.size(), 3U);
  EXPECT_EQ(differences[0], "jitter in ns: asked 1000001, kept 999999");
  EXPECT_EQ(differences[1], "loss: asked four states 1 2 3 4 5, kept random 0");
  EXPECT_THAT(differences[2], testing::HasSubstr("slot: asked 800000 to 2000000 ns"));
  EXPECT_FALSE(seed_kept(everything(), kept));
}

TEST(NetemOptions, CutOnesAreNone) {
  auto bytes = netem_options(everything());
  bytes.resize(sizeof(tc_netem_qopt) - 1);
  EXPECT_FALSE(parse_netem_options(bytes));
}

}  // namespace
}  // namespace withstand::os
