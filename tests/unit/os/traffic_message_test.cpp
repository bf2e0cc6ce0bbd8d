#include <endian.h>
#include <netinet/in.h>

#include <gtest/gtest.h>
#include <linux/gen_stats.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "os/flower_filter.hpp"
#include "os/netlink_attributes.hpp"
#include "os/token_bucket.hpp"
#include "os/traffic_counters.hpp"

namespace withstand::os {
namespace {

TEST(AttributeWriter, PadsToFourBytesAndNests) {
  AttributeWriter out;
  out.put(1, std::uint8_t{7}).nest(2, [](AttributeWriter& nest) { nest.put_text(3, "ab"); });
  const std::vector<std::uint8_t> wanted{5, 0, 1, 0, 7, 0, 0, 0, 12, 0, 2, 0, 7, 0, 3, 0, 'a', 'b', 0, 0};
  std::vector<std::uint8_t> got;
  for (const auto each : out.bytes()) got.push_back(std::to_integer<std::uint8_t>(each));
  EXPECT_EQ(got, wanted);
  const Attributes found(out.bytes());
  EXPECT_EQ(found.value<std::uint8_t>(1), 7);
  EXPECT_EQ(found.nested(2).text(3), "ab");
  EXPECT_FALSE(found.has(3));
  EXPECT_FALSE(found.value<std::uint32_t>(1));
}

TEST(AttributeWriter, RefusesWhatNoAttributeHolds) {
  AttributeWriter out;
  EXPECT_THROW(out.put_bytes(1, std::vector<std::byte>(65532)), std::length_error);
}

TEST(Attributes, WhatIsCutIsNotThere) {
  AttributeWriter out;
  out.put(1, std::uint32_t{1}).put(2, std::uint32_t{2});
  const Attributes cut(std::span(out.bytes()).first(out.bytes().size() - 1));
  EXPECT_TRUE(cut.has(1));
  EXPECT_FALSE(cut.has(2));
}

TEST(TokenBucket, IsReadAsItWasWrittenButForTheRoundingOfItsBurst) {
  for (const TokenBucketSettings asked :
       {TokenBucketSettings{125'000, 1514, 30'000, 0}, TokenBucketSettings{125'000'000'000, 1518, 1'000'000, 24}}) {
    const auto kept = parse_token_bucket_options(token_bucket_options(asked));
    ASSERT_TRUE(kept);
    EXPECT_EQ(token_bucket_differences(asked, *kept), std::vector<std::string>{}) << asked.rate;
  }
  TokenBucketSettings kept{124'999, 1514, 30'000, 0};
  EXPECT_EQ(token_bucket_differences({125'000, 1514, 30'000, 0}, kept),
            std::vector<std::string>{"rate in bytes per second: asked 125000, kept 124999"});
}

FlowerFilter to_port_80() {
  FlowerFilter filter;
  filter.source = {10, 0, 0, 1};
  filter.destination = {10, 0, 0, 2};
  filter.protocol = IPPROTO_TCP;
  filter.destination_port = 80;
  filter.redirect_to = 9;
  filter.owner = owner_tag_of("a-run");
  return filter;
}

/// As the kernel sends it back, with counters.
std::vector<std::byte> told(const FlowerFilter& filter) {
  tcmsg head{};
  head.tcm_handle = 5;
  head.tcm_info = 0xff00U << 16 | htobe16(filter.ether_type());
  AttributeWriter out;
  out.head(head).put_text(TCA_KIND, "flower").put_bytes(TCA_OPTIONS, flower_options(filter));
  return out.bytes();
}

TEST(FlowerFilter, IsReadAsItWasWritten) {
  FlowerFilter v6;
  v6.source.assign(16, 0xfe);
  v6.protocol = IPPROTO_UDP;
  v6.source_port = 53;
  v6.owner = owner_tag_of("b");
  EXPECT_EQ(v6.ether_type(), ETH_P_IPV6);
  for (const FlowerFilter& filter : {to_port_80(), v6}) {
    const auto seen = parse_filter(told(filter));
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->kind, "flower");
    EXPECT_EQ(seen->handle, 5U);
    EXPECT_EQ(seen->priority, 0xff00);
    EXPECT_EQ(seen->ether_type, filter.ether_type());
    EXPECT_TRUE(seen->has_owner);
    EXPECT_TRUE(seen->filter == filter);
  }
}

TEST(FlowerFilter, OwnersDiffer) {
  EXPECT_NE(owner_tag_of("a"), owner_tag_of("b"));
  EXPECT_EQ(owner_tag_of("a"), owner_tag_of("a"));
}

TEST(FlowerFilter, AChainsHeadIsNone) {
  AttributeWriter out;
  out.head(tcmsg{}).put_text(TCA_KIND, "flower");
  EXPECT_FALSE(parse_filter(out.bytes()));
}

TEST(TrafficCounters, AreThoseOfTheKernelsStatistics) {
  gnet_stats_basic basic{};
  basic.bytes = 1500;
  basic.packets = 3;
  gnet_stats_queue queue{.qlen = 4, .backlog = 5, .drops = 6, .requeues = 7, .overlimits = 8};
  AttributeWriter out;
  out.put(TCA_STATS_BASIC, basic).put(TCA_STATS_QUEUE, queue);
  const TrafficCounters counters = parse_counters(Attributes(out.bytes()));
  EXPECT_EQ(counters.packets, 3U);
  EXPECT_EQ(counters.bytes, 1500U);
  EXPECT_EQ(counters.waiting, 4U);
  EXPECT_EQ(counters.dropped, 6U);
  EXPECT_EQ(counters.requeued, 7U);
  EXPECT_EQ(counters.throttled, 8U);
  out.put(TCA_STATS_PKT64, std::uint64_t{1} << 33);
  EXPECT_EQ(parse_counters(Attributes(out.bytes())).packets, std::uint64_t{1} << 33);
}

}  // namespace
}  // namespace withstand::os
