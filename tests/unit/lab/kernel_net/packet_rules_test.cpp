#include "lab/kernel_net/packet_rules.hpp"

#include <gmock/gmock.h>

namespace withstand::lab::kernel {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

RuleTask task(RuleTask::Work work, std::int64_t number) {
  RuleTask made;
  made.work = work;
  made.number = number;
  made.interface = 7;
  made.ends = {{{10, 0, 0, 1}, {10, 0, 0, 2}}};
  return made;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(PacketRules, OnlyTheLinksPacketsMeetThem) {
  const auto words = commands_to_add("ours", "l0r1", task(RuleTask::Work::mtu, 600));
  EXPECT_THAT(words, HasSubstr("meta iif 7 ip saddr 10.0.0.1 ip daddr 10.0.0.2 jump l0r1_do\n"));
  EXPECT_THAT(words, HasSubstr("meta length > 600 counter drop"));
  EXPECT_EQ(count(words, "inet ours l0r1_"), count(words, "inet ours ")) << "nothing of another's name";
}

TEST(PacketRules, APacketMeetsThemOnce) {
  auto narrow = task(RuleTask::Work::loss, 1000);
  narrow.match.port = 80;
  const auto words = commands_to_add("ours", "l0r1", narrow);
  EXPECT_THAT(words, HasSubstr("meta l4proto { tcp, udp } th dport 80 jump"));
  EXPECT_THAT(words, HasSubstr("th sport 80 th dport != 80 jump")) << "from and to the port";
}

TEST(PacketRules, HopsAreTakenFromWhatHasThem) {
  const auto words = commands_to_add("ours", "l0r1", task(RuleTask::Work::ttl, 3));
  EXPECT_THAT(words, HasSubstr("ip ttl <= 3 counter drop"));
  EXPECT_THAT(words, HasSubstr("jump hops3\n"));
  EXPECT_THAT(words, Not(HasSubstr("ttl set"))) << "hundreds of rules, which are made beforehand";
  const auto shared = commands_to_take_hops("ours", 3);
  EXPECT_THAT(shared, HasSubstr("add chain inet ours hops3\n"));
  EXPECT_THAT(shared, HasSubstr("ip ttl 64 ip ttl set 61 accept"));
  EXPECT_THAT(shared, HasSubstr("ip ttl 4 ip ttl set 1 accept"));
  EXPECT_THAT(shared, Not(HasSubstr("ip ttl 3 ip ttl set")));
  EXPECT_THAT(commands_to_take_hops("ours", 255), Not(HasSubstr("ttl set")));
  EXPECT_EQ(hops_chain(1000), hops_chain(255)) << "more than any packet has";
}

TEST(PacketRules, WhatIsAddedIsTakenAway) {
  for (const auto work :
       {RuleTask::Work::mtu, RuleTask::Work::ttl, RuleTask::Work::loss, RuleTask::Work::refuse, RuleTask::Work::mute}) {
    const auto added = commands_to_add("ours", "l0r1", task(work, 3)),
               removed = commands_to_remove("ours", "l0r1", task(work, 3));
    EXPECT_EQ(count(added, "add chain"), count(removed, "delete chain"));
    EXPECT_EQ(count(added, "add set"), count(removed, "delete set"));
  }
}

TEST(PacketRules, RefusalsAreAnsweredUnlessSilent) {
  auto one = task(RuleTask::Work::refuse, 0);
  one.match.port = 5432;
  EXPECT_THAT(commands_to_add("ours", "l0r1", one), HasSubstr("reject with tcp reset"));
  EXPECT_THAT(commands_to_add("ours", "l0r1", one), HasSubstr("tcp flags & (syn | ack) == syn tcp dport 5432 jump"));
  one.work = RuleTask::Work::mute;
  EXPECT_THAT(commands_to_add("ours", "l0r1", one), Not(HasSubstr("reject")));
}

TEST(PacketRules, TheLeastHopsAreOfTheWorstPacket) {
  EXPECT_EQ(least_taken({{64, 10}}, {{61, 10}}), 3U);
  EXPECT_EQ(least_taken({{64, 10}, {255, 2}}, {{61, 9}, {252, 2}}), 3U) << "one is on its way";
  EXPECT_EQ(least_taken({{64, 10}}, {{61, 9}, {64, 1}}), 0U) << "one kept all";
  EXPECT_EQ(least_taken({{64, 10}, {2, 5}}, {{61, 10}}), 3U) << "the rest had no more";
  EXPECT_EQ(least_taken({}, {}), 255U);
}

}  // namespace
}  // namespace withstand::lab::kernel
