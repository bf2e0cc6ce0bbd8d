#include <netinet/in.h>
#include <optional>

#include <gtest/gtest.h>

#include "os/netem.hpp"
#include "os/token_bucket.hpp"
#include "os/traffic_control.hpp"
#include "support/kernel_rig.hpp"

/// Every attribute is told to the kernel that runs and asked back.
namespace withstand::os {
namespace {

using namespace std::chrono_literals;

class KernelSettingsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!support::KernelRig::unavailable().empty()) GTEST_SKIP() << support::KernelRig::unavailable();
    rig_ = std::make_unique<support::KernelRig>();
    rig_->network(0).visit([&] { control_.emplace(); });
  }

  /// What the kernel keeps of it, on an interface of its own.
  NetemSettings kept(const NetemSettings& asked) {
    const int index = control_->add_ifb("ifb-test", "a test", 1500);
    control_->add_qdisc(index, tc_root, tc_handle(1), "netem", netem_options(asked));
    const auto queues = control_->qdiscs(index);
    const auto parsed = parse_netem_options(queues.at(0).options);
    control_->remove_interface(index);
    EXPECT_TRUE(parsed);
    return parsed.value_or(NetemSettings{});
  }
  void expect_kept(const NetemSettings& asked) {
    EXPECT_EQ(netem_differences(asked, kept(asked)), std::vector<std::string>{});
  }

  std::unique_ptr<support::KernelRig> rig_;
  std::optional<TrafficControl> control_;
};

TEST_F(KernelSettingsTest, DelaysAreKeptToTheNanosecond) {
  expect_kept({.limit = 77, .delay = 123'456'789ns, .jitter = 1'000'001ns});
  expect_kept({.delay = 10min});
  NetemSettings table{.delay = 1s, .jitter = 100ms};
  table.distribution.assign(16384, 5);
  expect_kept(table);
}

TEST_F(KernelSettingsTest, EveryModelOfLossIsKept) {
  NetemSettings asked;
  const std::vector<NetemLoss> models{RandomLoss{netem_probability(3'000'000)}, RandomLoss{netem_always},
                                      GilbertElliottLoss{1, 2, 3, 4}, FourStateLoss{1, 2, 3, 4, 5}};
  for (const NetemLoss& loss : models) {
    asked.loss = loss;
    expect_kept(asked);
  }
  asked.ecn = true;
  expect_kept(asked);
}

TEST_F(KernelSettingsTest, CopiesDamageOrderRateAndSlotsAreKept) {
  expect_kept({.duplicate = 11, .corrupt = 12});
  expect_kept({.delay = 10ms, .reorder = 13, .gap = 3});
  expect_kept({.rate = 125'000, .packet_overhead = -14, .cell_overhead = 5, .cell_size = 48});
  expect_kept({.rate = 10'000'000'000});
  expect_kept({.slot = NetemSlot{800us, 2ms, 32, 64000}});
  NetemSlot drawn{.packets = 5, .delay = 3ms, .jitter = 1ms};
  drawn.table.assign(4096, 7);
  expect_kept({.slot = drawn});
}

/// It keeps 31 bits of nanoseconds without a word.
TEST_F(KernelSettingsTest, AJitterThatIsCutOffIsNoticed) {
  const NetemSettings asked{.delay = 10s, .jitter = 3s};
  EXPECT_EQ(netem_differences(asked, kept(asked)),
            std::vector<std::string>{"jitter in ns: asked 3000000000, kept 2147483647"});
}

TEST_F(KernelSettingsTest, ASeedIsKeptOrItIsNoticed) {
  const NetemSettings asked{.seed = 0x0123456789abcdef};
  const NetemSettings told = kept(asked);
  EXPECT_EQ(seed_kept(asked, told), told.seed.has_value());
  RecordProperty("seed_kept", told.seed ? "yes" : "no");
}

TEST_F(KernelSettingsTest, TokenBucketsAreKept) {
  for (const TokenBucketSettings asked :
       {TokenBucketSettings{125'000, 1518, 30'000, 0}, TokenBucketSettings{10'000, 1518, 30'000, 24},
        TokenBucketSettings{125'000'000'000, 1518, 1'000'000, 24}}) {
    const int index = control_->add_ifb("ifb-test", "a test", 1500);
    control_->add_qdisc(index, tc_root, tc_handle(1), "tbf", token_bucket_options(asked));
    const auto kept = parse_token_bucket_options(control_->qdiscs(index).at(0).options);
    control_->remove_interface(index);
    ASSERT_TRUE(kept);
    EXPECT_EQ(token_bucket_differences(asked, *kept), std::vector<std::string>{});
  }
}

TEST_F(KernelSettingsTest, FiltersOfTcpFlagsAreKept) {
  const int index = control_->add_ifb("ifb-test", "a test", 1500);
  control_->add_qdisc(index, tc_clsact, tc_handle(0xffff), "clsact", {});
  FlowerFilter filter;
  filter.source = {198, 18, 0, 1};
  filter.protocol = IPPROTO_TCP;
  filter.tcp_flags_mask = 0x12;
  filter.tcp_flags = 0x02;
  filter.redirect_to = index;
  control_->add_filter(index, tc_ingress_hook, 1, 1, filter);
  const auto kept = control_->filters(index, tc_ingress_hook);
  control_->remove_interface(index);
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].filter, filter);
}

TEST_F(KernelSettingsTest, AnInterfaceSaysWhoseItIs) {
  const int index = control_->add_ifb("ifb-test", "withstand a-test", 1400);
  const auto kept = control_->interface("ifb-test");
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->index, index);
  EXPECT_EQ(kept->kind, "ifb");
  EXPECT_EQ(kept->alias, "withstand a-test");
  EXPECT_EQ(kept->mtu, 1400U);
  EXPECT_FALSE(kept->up);
}

TEST_F(KernelSettingsTest, WhatIsThereIsNeverReplaced) {
  const int index = control_->add_ifb("ifb-test", "a test", 1500);
  control_->add_qdisc(index, tc_root, tc_handle(1), "netem", netem_options({.delay = 1ms}));
  EXPECT_THROW(control_->add_qdisc(index, tc_root, tc_handle(2), "netem", netem_options({.delay = 2ms})),
               std::system_error);
  const auto queues = control_->qdiscs(index);
  ASSERT_EQ(queues.size(), 1U);
  EXPECT_EQ(queues[0].handle, tc_handle(1));
}

TEST_F(KernelSettingsTest, ARefusalCarriesTheKernelsOwnWords) {
  const int index = control_->add_ifb("ifb-test", "a test", 1500);
  try {
    control_->add_qdisc(index, tc_root, tc_handle(1), "no-such-kind", {});
    FAIL() << "the kernel took it";
  } catch (const std::system_error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("add a no-such-kind queue 1:0"));
    EXPECT_THAT(error.what(), testing::HasSubstr("the kernel: "));
  }
}

}  // namespace
}  // namespace withstand::os
