#include <map>
#include <random>

#include <gtest/gtest.h>

#include "lab/link/checksum.hpp"
#include "lab/link/stream/streams.hpp"

/// Connections without sockets: segments put in by hand, and by chance, and what goes on of them.
namespace withstand::lab::link::stream {
namespace {

using namespace std::chrono_literals;
using core::Link;
using core::StreamSettings;
using Action = StreamSettings::Action;

class StreamsTest : public ::testing::Test, public Exit {
 protected:
  static constexpr Link up{0, 1}, down{1, 0};

  void go_on(Link link, Frame frame) override {
    if (const auto segment = segment_of(frame)) sent_[link].push_back(*segment);
    streams_.arrived(link, frame, now_);
  }
  void note(const Ruling& ruling) override { told_.push_back(ruling); }
  void stopped(Link, FrameView, const Ruling& why) override { told_.push_back(why); }
  std::vector<Ruling::What> told() {
    std::vector<Ruling::What> what;
    for (const Ruling& ruling : std::exchange(told_, {})) {
      EXPECT_EQ(ruling.author->fault, "fault");
      what.push_back(ruling.what);
    }
    return what;
  }

  static std::vector<std::byte> frame(bool is_up, std::uint32_t sequence, std::uint32_t acknowledgement,
                                      std::uint8_t flags, std::size_t payload = 0, std::uint16_t client = 40000) {
    Route route{.ipv6 = false, .addresses = {}, .source_port = client, .destination_port = 7000};
    for (std::size_t i = 0; i < 8; ++i) route.addresses[i] = static_cast<std::byte>(i < 4 ? 1 : 2);
    std::vector<std::byte> made(200 + payload);
    made.resize(forge(is_up ? route : route.back(), sequence, acknowledgement, flags, made) + payload);
    std::byte* ip = made.data() + os::vnet_header_bytes;
    store16(ip + 2, made.size() - os::vnet_header_bytes);
    return made;
  }
  void put(bool is_up, std::uint32_t sequence, std::uint32_t acknowledgement, std::uint8_t flags,
           std::size_t payload = 0) {
    auto made = frame(is_up, sequence, acknowledgement, flags, payload);
    streams_.meet(is_up ? up : down, made, now_, numbers_);
    streams_.release(now_);
  }
  void pass_time(std::chrono::nanoseconds time) {
    constexpr std::chrono::nanoseconds step = 1ms;
    for (; time.count() > 0; time -= step) {
      now_ += step;
      streams_.release(now_);
    }
  }
  void open() {
    put(true, 100, 0, Segment::syn);
    put(false, 500, 101, Segment::syn | Segment::ack);
    put(true, 101, 501, Segment::ack);
    sent_.clear();
  }
  void impair(const StreamSettings& settings) {
    streams_.add(++handle_, settings, {{up, core::draw_stream(1, "f", "a>b", "toxicity")}}, now_, "fault");
    streams_.release(now_);
  }
  core::StreamEffect effect() { return streams_.effect(handle_).at(0); }

  core::Instant now_ = 1s;
  Streams streams_{*this};
  Connections numbers_;
  std::uint64_t handle_ = 0;
  std::map<Link, std::vector<Segment>> sent_;
  std::vector<Ruling> told_;
};

TEST_F(StreamsTest, CapturesAreToldOfAllThatWasDone) {
  using What = Ruling::What;
  open();
  EXPECT_EQ(told(), std::vector<What>{});
  impair({.action = Action::reset});
  EXPECT_EQ(told(), (std::vector<What>{What::made, What::made}));
  put(true, 101, 501, Segment::ack, 50);
  EXPECT_EQ(told(), (std::vector<What>{What::unanswered, What::made}));
  streams_.remove(handle_, now_);
  impair({.action = Action::refuse});
  put(true, 9000, 0, Segment::syn);
  EXPECT_EQ(told(), (std::vector<What>{What::refused, What::made}));
}

TEST_F(StreamsTest, TheEndOfALimitIsToldOfWhereItCuts) {
  using What = Ruling::What;
  open();
  impair({.action = Action::limit, .after_bytes = 20});
  put(true, 101, 501, Segment::ack, 50);
  EXPECT_EQ(told_.at(0).amount, 20);
  EXPECT_EQ(told().front(), What::cut);
  EXPECT_EQ(sent_[up].front().length, 20u);
  EXPECT_EQ(effect().held_back, 30u) << "the rest of the segment in which it ends";
  EXPECT_EQ(effect().leaked_bytes, 0u);
}

TEST_F(StreamsTest, AnEndThatIsSentAgainWithItsDataComesInItsTurn) {
  open();
  impair({.action = Action::slow_close, .delay = 1500ms});
  put(true, 101, 501, Segment::ack, 5);
  put(true, 106, 501, Segment::ack | Segment::fin);
  now_ += 200ms;
  sent_.clear();
  put(true, 101, 501, Segment::ack | Segment::fin, 5);
  ASSERT_EQ(sent_[up].size(), 1u);
  EXPECT_FALSE(sent_[up].front().is(Segment::fin));
  now_ += 1300ms;
  streams_.release(now_);
  ASSERT_EQ(sent_[up].size(), 2u);
  EXPECT_TRUE(sent_[up].back().is(Segment::fin));
}

TEST_F(StreamsTest, ARefusalOfTheServersOwnIsNoAbort) {
  impair({.action = Action::half_open});
  put(true, 100, 0, Segment::syn);
  put(false, 0, 101, Segment::rst | Segment::ack);
  EXPECT_EQ(effect().told_client, 0u);
}

TEST_F(StreamsTest, AttemptsThatNobodyAnswersMakeRoomForOthers) {
  for (std::uint32_t i = 0; i < Streams::most; ++i) {
    auto made = frame(true, 100, 0, Segment::syn, 0, static_cast<std::uint16_t>(i));
    streams_.meet(up, made, now_, numbers_);
  }
  const auto meets = [&](std::uint16_t service) {
    auto made = frame(true, 100, 0, Segment::syn, 0, 40000);
    store16(made.data() + os::vnet_header_bytes + 20 + 2, service);
    sent_.clear();
    streams_.meet(up, made, now_, numbers_);
    return sent_[up].empty();
  };
  impair({.action = Action::refuse});
  EXPECT_FALSE(meets(7001)) << "there is no room for it: it passes";
  now_ += Streams::linger + 2s;
  EXPECT_TRUE(meets(7002)) << "it is followed, and refused";
}

TEST_F(StreamsTest, AResetHasTheNumberThatEachEndExpects) {
  open();
  put(true, 101, 501, Segment::ack, 50);
  sent_.clear();
  impair({.action = Action::reset});
  ASSERT_EQ(sent_[up].size(), 1u);
  EXPECT_EQ(sent_[up][0].sequence, 151u);
  EXPECT_TRUE(sent_[up][0].is(Segment::rst));
  ASSERT_EQ(sent_[down].size(), 1u);
  EXPECT_EQ(sent_[down][0].sequence, 501u);
  sent_.clear();
  put(true, 151, 501, Segment::ack, 10);
  EXPECT_TRUE(sent_[up].empty()) << "it is no connection any more";
  ASSERT_EQ(sent_[down].size(), 1u);
  EXPECT_EQ(sent_[down][0].sequence, 501u) << "as a host answers that knows nothing of it";
}

TEST_F(StreamsTest, ALimitCountsNoByteTwice) {
  open();
  impair({.action = Action::limit, .direction = StreamSettings::Direction::up, .after_bytes = 100});
  put(true, 101, 501, Segment::ack, 60);
  put(true, 101, 501, Segment::ack, 60);  // sent again
  EXPECT_EQ(effect().struck, 0u);
  put(true, 161, 501, Segment::ack, 60);
  EXPECT_EQ(effect().struck, 1u);
  std::uint32_t furthest = 0;
  for (const Segment& segment : sent_[up]) furthest = std::max(furthest, segment.data_end());
  EXPECT_EQ(furthest, 201u) << "exactly a hundred bytes";
  EXPECT_TRUE(sent_[up].back().is(Segment::fin));
  EXPECT_TRUE(sent_[down].back().is(Segment::rst));
}

TEST_F(StreamsTest, WhatWaitsIsSentOnceAndInOrder) {
  open();
  impair({.action = Action::slice, .direction = StreamSettings::Direction::up, .delay = 1ms, .size = 10});
  put(true, 101, 501, Segment::ack, 95);
  put(true, 101, 501, Segment::ack, 95);  // sent again while it waits
  for (int i = 0; i < 20; ++i) {
    now_ += 1ms;
    streams_.release(now_);
  }
  ASSERT_EQ(sent_[up].size(), 11u) << "the first piece had left, and may be lost: it goes again";
  EXPECT_EQ(sent_[up][1].sequence, 101u);
  std::uint32_t next = 101;
  for (std::size_t i = 0; i < 11; ++i) {
    const Segment& segment = sent_[up][i];
    if (i == 1) continue;
    EXPECT_EQ(segment.sequence, next);
    EXPECT_LE(segment.length, 10u);
    next = segment.data_end();
  }
  EXPECT_EQ(next, 196u);
  EXPECT_EQ(effect().largest_piece, 10u);
}

TEST_F(StreamsTest, AnEndThatWaitsDoesNotComeSoonerWhenItIsSentAgain) {
  open();
  impair({.action = Action::slow_close, .delay = 1500ms});
  for (int i = 0; i < 5; ++i) {
    put(true, 101, 501, Segment::ack | Segment::fin, 50);
    pass_time(200ms);
  }
  for (const Segment& segment : sent_[up]) EXPECT_FALSE(segment.is(Segment::fin));
  pass_time(499ms);
  EXPECT_EQ(effect().closes, 0u);
  pass_time(1ms);
  EXPECT_EQ(effect().closes, 1u);
  EXPECT_EQ(effect().least_close_ns, 1'500'000'000);
  const auto so_far = sent_[up].size();
  put(true, 101, 501, Segment::ack | Segment::fin, 50);
  EXPECT_EQ(sent_[up].size(), so_far + 2) << "it may have been lost behind us";
  EXPECT_TRUE(sent_[up].back().is(Segment::fin));
}

TEST_F(StreamsTest, WhatIsSentAgainIsCutAndPacedToo) {
  open();
  impair({.action = Action::slice, .direction = StreamSettings::Direction::up, .delay = 1ms, .size = 100});
  put(true, 101, 501, Segment::ack, 5000);
  pass_time(10ms);
  EXPECT_EQ(sent_[up].size(), 11u);
  put(true, 101, 501, Segment::ack, 4000);  // 1100 bytes of it have left
  put(true, 101, 501, Segment::ack, 4000);
  pass_time(11ms);
  ASSERT_EQ(sent_[up].size(), 22u);
  for (std::size_t i = 11; i < 22; ++i) EXPECT_EQ(sent_[up][i].sequence, 101 + 100 * (i - 11));
  pass_time(100ms);
  EXPECT_EQ(sent_[up].size(), 61u);
  for (const Segment& segment : sent_[up]) EXPECT_LE(segment.length, 100u);
  put(true, 4101, 501, Segment::ack, 1000);  // nothing waits any more
  EXPECT_EQ(sent_[up].size(), 62u);
  EXPECT_EQ(sent_[up].back().length, 100u);
  EXPECT_EQ(effect().pieces, 50u) << "what comes twice is counted once";
  EXPECT_EQ(effect().least_gap_ns, 1'000'000);
}

TEST_F(StreamsTest, DelaysAddUp) {
  open();
  impair({.action = Action::slow_close, .delay = 500ms});
  impair({.action = Action::slow_close, .delay = 300ms});
  put(true, 101, 501, Segment::ack | Segment::fin);
  pass_time(799ms);
  EXPECT_TRUE(sent_[up].empty());
  pass_time(1ms);
  EXPECT_EQ(sent_[up].size(), 1u);
  for (const std::uint64_t each : {handle_ - 1, handle_}) EXPECT_EQ(streams_.effect(each).at(0).struck, 1u);
}

TEST_F(StreamsTest, DelaysOfPiecesAddUp) {
  open();
  impair({.action = Action::slice, .delay = 5ms, .size = 100});
  impair({.action = Action::slice, .delay = 3ms, .size = 100});
  put(true, 101, 501, Segment::ack, 300);
  pass_time(15ms);
  EXPECT_EQ(sent_[up].size(), 2u);
  pass_time(1ms);
  EXPECT_EQ(sent_[up].size(), 3u);
}

TEST_F(StreamsTest, OfSeveralTheOneThatHoldsLongestHasStruck) {
  open();
  impair({.action = Action::slice, .delay = 2ms, .size = 200});
  impair({.action = Action::bandwidth, .bits_per_second = 900'000'000});
  impair({.action = Action::slice, .size = 1000});
  put(true, 101, 501, Segment::ack, 3000);
  pass_time(100ms);
  EXPECT_EQ(sent_[up].size(), 15u);
  EXPECT_EQ(streams_.effect(handle_ - 2).at(0).struck, 1u);
  EXPECT_EQ(streams_.effect(handle_ - 1).at(0).struck, 0u);
  EXPECT_EQ(streams_.effect(handle_).at(0).struck, 0u);
}

TEST_F(StreamsTest, APaceIsMeasuredWhereItsOwnQueueLetsGo) {
  open();
  impair({.action = Action::bandwidth, .bits_per_second = 8'000'000});  // 1000 bytes a millisecond
  for (std::uint32_t i = 0; i < 20; ++i) {                              // a path that is slower: nothing waits here
    put(true, 101 + 1000 * i, 501, Segment::ack, 1000);
    put(true, 101 + 1000 * i, 501, Segment::ack, 1000);  // a copy
    pass_time(10ms);
  }
  EXPECT_EQ(effect().pieces, 20u);
  impair({.action = Action::bandwidth, .bits_per_second = 2'000'000});
  for (std::uint32_t i = 20; i < 40; ++i) put(true, 101 + 1000 * i, 501, Segment::ack, 1000);
  pass_time(100ms);
  const auto fast = streams_.effect(handle_ - 1).at(0), slow = streams_.effect(handle_).at(0);
  EXPECT_EQ(static_cast<std::int64_t>(slow.busy_bytes * 8'000'000'000) / slow.busy_ns, 2'000'000);
  EXPECT_EQ(slow.alone_ns, 0);
  EXPECT_EQ(static_cast<std::int64_t>(fast.alone_bytes * 8'000'000'000) / fast.alone_ns, 8'000'000) << "the copies";
  EXPECT_EQ(fast.busy_ns - fast.alone_ns, slow.busy_ns);
}

TEST_F(StreamsTest, WhatOneFaultHeldTheOthersMayStillHold) {
  open();
  impair({.action = Action::bandwidth, .bits_per_second = 8'000'000});
  impair({.action = Action::bandwidth, .bits_per_second = 80'000});
  for (std::uint32_t i = 0; i < 10; ++i) put(true, 101 + 1000 * i, 501, Segment::ack, 1000);
  pass_time(50ms);
  EXPECT_EQ(sent_[up].size(), 1u);
  streams_.remove(handle_, now_);
  pass_time(4ms);
  EXPECT_EQ(sent_[up].size(), 5u);
}

TEST_F(StreamsTest, WhatWaitsLeavesWhenTheFaultEnds) {
  open();
  impair({.action = Action::bandwidth, .bits_per_second = 800});
  put(true, 101, 501, Segment::ack, 95);
  put(true, 196, 501, Segment::ack, 95);
  EXPECT_EQ(sent_[up].size(), 1u);
  streams_.remove(handle_, now_);
  EXPECT_EQ(sent_[up].size(), 2u);
}

TEST_F(StreamsTest, AnotherOpeningOfTheSamePortsIsAnotherConnection) {
  open();
  impair({.action = Action::reset});
  sent_.clear();
  put(true, 9000, 0, Segment::syn);
  ASSERT_EQ(sent_[up].size(), 1u);
  EXPECT_TRUE(sent_[up][0].opens());
  EXPECT_EQ(effect().connections, 2u);
}

TEST_F(StreamsTest, AnEndThatIsNeverToHearDoesNotHearLaterEither) {
  for (const auto action : {Action::half_open, Action::black_hole}) {
    open();
    impair({.action = action});
    sent_.clear();
    for (int seconds = 0; seconds < 60; seconds += 20) {
      now_ += 20s;
      put(true, 101, 501, Segment::ack, 10);
      put(false, 501, 101, Segment::rst | Segment::ack);
      EXPECT_TRUE(sent_[up].empty() && sent_[down].empty()) << "after " << seconds << " s";
    }
    put(true, 101, 501, Segment::fin | Segment::ack);
    put(false, 501, 101, Segment::fin | Segment::ack);
    now_ += 20s;
    put(true, 101, 501, Segment::fin | Segment::ack);
    EXPECT_TRUE(sent_[up].empty());
    EXPECT_EQ(effect().connections, 1u);
    EXPECT_EQ(effect().leaked_bytes, 0u);
    streams_.remove(handle_, now_);
    put(true, 101, 501, Segment::rst);
    now_ += 20s;
  }
}

TEST_F(StreamsTest, AResetEndsWhatIsHalfOpen) {
  open();
  impair({.action = Action::half_open});
  const auto half_open = handle_;
  EXPECT_EQ(sent_[down].size(), 0u);
  impair({.action = Action::reset, .after = 100ms});
  now_ += 200ms;
  streams_.release(now_);
  EXPECT_EQ(effect().struck, 1u);
  EXPECT_EQ(effect().told_client, 1u);
  EXPECT_EQ(streams_.effect(half_open).at(0).told_client, 0u) << "by the other";
  EXPECT_EQ(streams_.effect(half_open).at(0).told_server, 1u);
}

TEST_F(StreamsTest, APortThatComesBackIsChosenForItself) {
  impair({.action = Action::reset, .toxicity_ppb = 500'000'000});
  for (std::uint32_t i = 0; i < 40; ++i) put(true, 1000 * (i + 1), 0, Segment::syn);
  const auto seen = effect();
  EXPECT_EQ(seen.connections, 40u);
  // Binomial(40, 1/2): outside with probability 1e-5.
  EXPECT_GE(seen.chosen, 7u);
  EXPECT_LE(seen.chosen, 33u);
}

/// Nothing that nodes may send, true or not, ends the fabric; and nothing arrives where nothing may.
TEST_F(StreamsTest, NoSegmentsByChanceBreakIt) {
  std::mt19937 random(7);
  const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); };
  for (int round = 0; round < 300; ++round) {
    StreamSettings settings{.action = static_cast<Action>(below(10))};
    settings.direction = static_cast<StreamSettings::Direction>(below(3));
    if (settings.action == Action::limit) settings.direction = StreamSettings::Direction::up;
    if (below(2) == 0 || settings.action == Action::limit) settings.after_bytes = 1 + below(3000);
    settings.toxicity_ppb = 500'000'000 + below(500'000'000);
    settings.delay = std::chrono::microseconds(1 + below(2000));
    settings.size = 1 + below(300);
    settings.variation = below(static_cast<std::uint32_t>(settings.size));
    settings.bits_per_second = 800 + below(1'000'000);
    settings.connections = below(4);
    settings.silent = below(2) == 0;
    impair(settings);
    for (int i = 0; i < 200; ++i) {
      const bool is_up = below(2) == 0;
      const std::uint32_t base = is_up ? 0xfffff000 : 500;  // so that numbers go round zero
      auto made = frame(is_up, base + below(6000), below(8000), static_cast<std::uint8_t>(below(32)),
                        below(3) == 0 ? below(2000) : 0, static_cast<std::uint16_t>(40000 + below(5)));
      if (below(20) == 0) made.resize(below(static_cast<std::uint32_t>(made.size())));
      if (below(10) == 0 && !made.empty()) made[below(static_cast<std::uint32_t>(made.size()))] = std::byte(below(256));
      streams_.meet(is_up ? up : down, made, now_, numbers_);
      now_ += std::chrono::microseconds(below(500));
      streams_.release(now_);
    }
    const auto seen = effect();
    EXPECT_LE(seen.struck, seen.chosen);
    EXPECT_LE(seen.chosen, seen.connections);
    if (below(2) == 0) streams_.remove(handle_ - below(static_cast<std::uint32_t>(handle_)), now_);
  }
}

}  // namespace
}  // namespace withstand::lab::link::stream
