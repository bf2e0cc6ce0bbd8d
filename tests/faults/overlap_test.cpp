#include <thread>

#include <gmock/gmock.h>

#include "packet_fixture.hpp"

/// Faults that share a link: each keeps its own account, and none is blamed for what another did.
namespace withstand::faults::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class OverlapTest : public PacketFaultTest {
 protected:
  void SetUp() override {
    PacketFaultTest::SetUp();
    if (IsSkipped()) return;
    from_ = udp(0);
    to_ = udp(1);
  }
  void send_some(std::uint32_t count, std::size_t bytes, std::chrono::microseconds apart = 0us) {
    for (std::uint32_t i = 0; i < count; ++i) {
      send_numbered(from_, 1, i, bytes);
      if (apart.count() > 0) std::this_thread::sleep_for(apart);
    }
  }
  void set_type_of_service(int value) const {
    os::check("set the type of service", ::setsockopt(from_.get(), IPPROTO_IP, IP_TOS, &value, sizeof value));
  }
  static std::string told(core::Injection& injection) {
    std::string all;
    for (const auto& row : injection.observe().rows)
      all +=
          row.what + " | " + row.requested + " | " + row.measured + " | " + std::string(to_text(row.judgement)) + "\n";
    return all;
  }
  static void expect_effect(core::Injection& injection) {
    EXPECT_TRUE(injection.observe().took_effect()) << told(injection);
  }
  core::Injection& rate(std::int64_t rate) {
    return inject("network.rate", {{"rate", mbits(rate)}, {"queue", bytes(4 << 20)}});
  }

  os::Fd from_, to_;
};

TEST_F(OverlapTest, EachOfTwoRatesIsHeldToItsOwn) {
  auto& fast = rate(20);
  auto& slow = rate(4);
  send_some(500, 1372);
  EXPECT_EQ(receive_all(to_).size(), 500u);
  expect_effect(fast);
  expect_effect(slow);
}

TEST_F(OverlapTest, ARateBehindASlowerOneIsNotBlamed) {
  auto& slow = rate(4);
  auto& fast = rate(20);
  send_some(500, 1372);
  EXPECT_EQ(receive_all(to_).size(), 500u);
  expect_effect(slow);
  EXPECT_THAT(told(fast), Not(HasSubstr("mismatch"))) << "others were slower, which is no fault of its own";
}

TEST_F(OverlapTest, ARateIsJudgedWithoutWhatIsHeldBehindIt) {
  auto& narrow = rate(4);
  auto& jumbled = inject("network.reorder", {{"reorder", ratio(20)}, {"hold", milliseconds(300)}});
  auto& slow =
      inject("network.latency", {{"delay", milliseconds(60)}, {"jitter", milliseconds(40)}, {"order", text("free")}});
  send_some(400, 1372);
  EXPECT_EQ(receive_all(to_, 800ms).size(), 400u);
  for (core::Injection* one : {&narrow, &jumbled, &slow}) expect_effect(*one);
}

TEST_F(OverlapTest, ARateGoesOnWhenAnotherEnds) {
  auto& first = rate(4);
  auto& second = rate(8);
  send_some(200, 1372);
  std::this_thread::sleep_for(300ms);
  first.revert();
  send_some(300, 1372);
  EXPECT_EQ(receive_all(to_, 1s).size(), 500u);
  second.revert();
  expect_effect(first);
  expect_effect(second);
}

TEST_F(OverlapTest, EachDelayTellsOfItself) {
  auto& short_one = inject("network.latency", {{"delay", milliseconds(5)}});
  auto& long_one =
      inject("network.latency", {{"delay", milliseconds(60)}, {"jitter", milliseconds(20)}, {"order", text("free")}});
  send_some(300, 100, 1ms);
  EXPECT_EQ(receive_all(to_).size(), 300u);
  expect_effect(short_one);
  expect_effect(long_one);
  EXPECT_THAT(told(short_one), HasSubstr("5ms | mean 5"));
  EXPECT_THAT(told(long_one), HasSubstr("| mean 6"));
}

TEST_F(OverlapTest, DamageThatIsRepairedShowsWhereverItIs) {
  for (const char* where : {"header", "anywhere", "payload"}) {
    auto& damage = inject("network.corrupt",
                          {{"corrupt", ratio(50)}, {"where", text(where)}, {"repair_checksum", spec::Value(true)}});
    send_some(500, 100);
    receive_all(to_);
    damage.revert();
    expect_effect(damage);
    EXPECT_THAT(told(damage), Not(HasSubstr("but the seed"))) << where;
  }
}

TEST_F(OverlapTest, TwoDamagesOfFewBytesAreTwo) {
  auto& one = inject("network.corrupt", {{"corrupt", ratio(50)}});
  auto& other = inject("network.corrupt", {{"corrupt", ratio(50)}});
  send_some(800, 4);
  receive_all(to_);
  EXPECT_THAT(told(one) + told(other), Not(HasSubstr("mismatch"))) << "now and then both flip the same bit";
}

TEST_F(OverlapTest, WhatADamagedHeaderSaysBlamesNobody) {
  set_type_of_service(2);
  auto& hops = inject("network.ttl", {{"hops", number(3)}});
  auto& marks = inject("network.loss", {{"loss", ratio(100)}, {"mark", spec::Value(true)}});
  auto& cut = inject("network.partition", {{"port", number(7001)}});
  auto& damage = inject("network.corrupt", {{"corrupt", ratio(90)}, {"where", text("header")}});
  send_some(800, 100);
  receive_all(to_);
  for (core::Injection* one : {&hops, &marks, &cut, &damage})
    EXPECT_THAT(told(*one), Not(HasSubstr("mismatch"))) << told(*one);
  expect_effect(marks);
  expect_effect(damage);
}

TEST_F(OverlapTest, AMarkIsOnlyTheirsWhoMadeIt) {
  set_type_of_service(2);
  auto& marks = inject("network.loss", {{"loss", ratio(100)}, {"mark", spec::Value(true)}});
  auto& never =
      inject("network.rate", {{"rate", mbits(4)}, {"mark_above", milliseconds(600'000)}, {"queue", bytes(1 << 20)}});
  send_some(300, 100);
  receive_all(to_);
  expect_effect(marks);
  EXPECT_THAT(told(never), Not(HasSubstr("marked")));
}

TEST_F(OverlapTest, WhatIsMarkedAlreadyIsLeftAlone) {
  set_type_of_service(3);
  auto& marks = inject("network.loss", {{"loss", ratio(50)}, {"mark", spec::Value(true)}});
  send_some(300, 100);
  EXPECT_EQ(receive_all(to_).size(), 300u);
  EXPECT_FALSE(marks.observe().took_effect()) << told(marks);
}

TEST_F(OverlapTest, EveryNthOfAConnectionIsCountedByConnection) {
  auto& jumbled = inject("network.reorder", {{"reorder", ratio(100)}, {"hold", milliseconds(5)}, {"gap", number(5)}});
  for (std::uint16_t flow = 0; flow < 50; ++flow) {
    const os::Fd one = udp(0, static_cast<std::uint16_t>(10'000 + flow));
    for (std::uint32_t i = 0; i < (flow < 25 ? 4u : 10u); ++i) send_numbered(one, 1, i, 100);
  }
  receive_all(to_);
  EXPECT_THAT(told(jumbled), HasSubstr("50 of 50 packets")) << "two each of those that had ten";
}

TEST_F(OverlapTest, CopiesOfCopiesHaveAnEnd) {
  for (int i = 0; i < 5; ++i) inject("network.duplicate", {{"duplicate", ratio(100)}, {"copies", number(16)}});
  const auto begin = core::now();
  send_numbered(from_, 1, 1, 100);
  const auto came = receive_all(to_).size();
  EXPECT_GT(came, 500u);
  EXPECT_LT(came, 2500u);
  EXPECT_LT(core::now() - begin, 3s);
}

}  // namespace
}  // namespace withstand::faults::testing
