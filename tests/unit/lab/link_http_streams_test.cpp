#include <map>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "lab/link/checksum.hpp"
#include "lab/link/stream/streams.hpp"

/// HTTP impairments without sockets: segments put in by hand, and what goes on of them.
namespace withstand::lab::link::stream {
namespace {

using namespace std::chrono_literals;
using core::HttpSettings;
using core::Link;
using Action = HttpSettings::Action;
using Side = HttpSettings::Side;

const std::string get = "GET /a HTTP/1.1\r\nHost: n1\r\n\r\n", put = "PUT /b HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
                  ok = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789";

/// Two ends of TCP, so far as this needs them: each knows what it has got, in order.
class HttpStreamsTest : public ::testing::Test, public Exit {
 protected:
  static constexpr Link up{0, 1}, down{1, 0};
  static constexpr std::uint32_t client_start = 0xffffff00, server_start = 500;  // so that numbers go round zero

  void SetUp() override { streams_.listen(); }

  void go_on(Link link, Frame frame) override {
    const auto segment = segment_of(frame);
    if (!segment) return;
    sent_[link].push_back(*segment);
    const auto* payload = reinterpret_cast<const char*>(frame.data()) + os::vnet_header_bytes + segment->header.payload;
    const std::uint32_t start = link == up ? client_start + 1 : server_start + 1;
    const auto at = static_cast<std::size_t>(std::max(distance(start, segment->data()), 0));
    std::string& got = got_[link];
    if (segment->length > 0 && at <= got.size()) got.replace(at, segment->length, payload, segment->length);
    const std::byte* ip = frame.data() + os::vnet_header_bytes;
    const auto transport = segment->header.transport;
    const FrameView tcp = FrameView(frame).subspan(os::vnet_header_bytes + transport);
    if ((load<os::VnetHeader>(frame.data()).flags & os::VnetHeader::needs_checksum) == 0)
      sums_right_ = sums_right_ && link::fold(sum_words(tcp) + pseudo_header(ip, false, 6, tcp.size())) == 0xffff;
    streams_.arrived(link, frame, now_);
  }

  /// With its complete checksum, as from an interface without offload.
  static std::vector<std::byte> frame(bool is_up, std::uint32_t sequence, std::uint32_t acknowledgement,
                                      std::uint8_t flags, const std::string& payload) {
    Route route{.ipv6 = false, .addresses = {}, .source_port = 40000, .destination_port = 7000};
    for (std::size_t i = 0; i < 8; ++i) route.addresses[i] = static_cast<std::byte>(i < 4 ? 1 : 2);
    std::vector<std::byte> made(200 + payload.size());
    const std::size_t head = forge(is_up ? route : route.back(), sequence, acknowledgement, flags, made);
    made.resize(head + payload.size());
    std::memcpy(made.data() + head, payload.data(), payload.size());
    std::byte* ip = made.data() + os::vnet_header_bytes;
    store16(ip + 2, made.size() - os::vnet_header_bytes);
    store_ipv4_checksum(ip, 20);
    store16(ip + 20 + 16, 0);
    const FrameView tcp = FrameView(made).subspan(os::vnet_header_bytes + 20);
    store(ip + 20 + 16, checksum_of(sum_words(tcp) + pseudo_header(ip, false, 6, tcp.size())));
    return made;
  }
  void put_segment(bool is_up, std::uint32_t sequence, std::uint32_t acknowledgement, std::uint8_t flags,
                   const std::string& payload = "") {
    auto made = frame(is_up, sequence, acknowledgement, flags, payload);
    streams_.meet(is_up ? up : down, made, now_, numbers_);
    streams_.release(now_);
  }
  void open() {
    put_segment(true, client_start, 0, Segment::syn);
    put_segment(false, server_start, client_start + 1, Segment::syn | Segment::ack);
    put_segment(true, client_start + 1, server_start + 1, Segment::ack);
    sent_.clear();
  }
  /// What an end says next.
  void say(bool is_up, const std::string& text, std::uint8_t flags = Segment::ack | Segment::psh) {
    say_at(is_up, said_[is_up].size(), text, flags);
    said_[is_up] += text;
  }
  void say_at(bool is_up, std::size_t at, const std::string& text, std::uint8_t flags = Segment::ack) {
    const std::uint32_t start = is_up ? client_start + 1 : server_start + 1,
                        other = is_up ? server_start + 1 : client_start + 1;
    put_segment(is_up, start + static_cast<std::uint32_t>(at),
                other + static_cast<std::uint32_t>(got_[is_up ? down : up].size()), flags, text);
  }
  void wait(std::chrono::nanoseconds time) {
    now_ += time;
    streams_.release(now_);
  }
  std::uint64_t impair(const HttpSettings& settings, const core::HttpMatch& match = {}) {
    streams_.add_http(++handle_, settings, match, {{up, core::draw_stream(1, "f", "a>b", "http")}});
    return handle_;
  }
  core::HttpEffect effect() { return streams_.ears()->effect(handle_).at(0); }

  core::Instant now_ = 1s;
  Streams streams_{*this};
  Connections numbers_;
  std::uint64_t handle_ = 0;
  bool sums_right_ = true;
  std::map<Link, std::vector<Segment>> sent_;
  std::map<Link, std::string> got_;
  std::map<bool, std::string> said_;
};

TEST_F(HttpStreamsTest, UnaskedEverythingPassesAsItIs) {
  open();
  say(true, get + put);
  say(false, ok + ok);
  EXPECT_EQ(got_[up], get + put);
  EXPECT_EQ(got_[down], ok + ok);
  EXPECT_EQ(sent_[up].size(), 1u);
}

TEST_F(HttpStreamsTest, OnlyTheRequestThatMatchesIsHeldAndWhatFollowsIt) {
  open();
  impair({.action = Action::delay, .delay = {.delay = 10ms}}, {.methods = {"PUT"}});
  say(true, get + put + get);
  EXPECT_EQ(got_[up], get);
  wait(9'999us);
  EXPECT_EQ(got_[up], get);
  wait(1us);
  EXPECT_EQ(got_[up], get + put + get);
  EXPECT_EQ(effect().matched, 1u);
  EXPECT_EQ(effect().requests, 3u);
  EXPECT_EQ(effect().delayed, 1u);
  EXPECT_EQ(effect().delay_min_ns, 10'000'000);
  EXPECT_EQ(effect().hasty, 0u);
  say(false, ok);
  EXPECT_EQ(got_[down], ok) << "the other direction is free";
}

TEST_F(HttpStreamsTest, WhatIsSentAgainWhileHeldIsHeld) {
  open();
  impair({.action = Action::delay, .delay = {.delay = 10ms}});
  say(true, get);
  wait(5ms);
  say_at(true, 0, get);
  EXPECT_EQ(got_[up], "");
  wait(5ms);
  EXPECT_EQ(got_[up], get);
  say_at(true, 0, get);
  EXPECT_EQ(effect().requests, 1u) << "it is the same request";
  EXPECT_EQ(effect().delayed, 1u);
}

TEST_F(HttpStreamsTest, APieceOfAHeadMayPassButNotTheLast) {
  open();
  impair({.action = Action::delay, .delay = {.delay = 10ms}});
  for (std::size_t first = 1; first < get.size(); ++first) {
    const std::size_t before = got_[up].size();
    say(true, get.substr(0, first));
    EXPECT_EQ(got_[up].size(), before + first);
    say(true, get.substr(first));
    EXPECT_EQ(got_[up].size(), before + first) << first;
    wait(10ms);
    EXPECT_EQ(got_[up].size(), before + get.size());
    say(false, ok);
  }
  EXPECT_EQ(effect().delayed, get.size() - 1);
}

TEST_F(HttpStreamsTest, TheEndOfTheFaultLetsGo) {
  open();
  impair({.action = Action::delay, .delay = {.delay = 10s}});
  say(true, get);
  streams_.remove(handle_, now_);
  EXPECT_EQ(got_[up], get);
  EXPECT_EQ(effect().delayed, 0u);
  EXPECT_EQ(effect().cut_short, 1u);
}

TEST_F(HttpStreamsTest, TwoDelaysEndByThemselves) {
  open();
  const auto first = impair({.action = Action::delay, .delay = {.delay = 10ms}});
  impair({.action = Action::delay, .delay = {.delay = 5ms}});
  say(true, get);
  streams_.remove(first, now_);
  EXPECT_EQ(got_[up], "");
  wait(5ms);
  EXPECT_EQ(got_[up], get);
}

TEST_F(HttpStreamsTest, AnAbortIsInPlaceOfTheRequest) {
  open();
  impair({.action = Action::abort}, {.path = "/b"});
  say(true, get + put);
  EXPECT_EQ(got_[up], get);
  ASSERT_FALSE(sent_[down].empty());
  EXPECT_TRUE(sent_[down].back().is(Segment::rst));
  EXPECT_EQ(sent_[down].back().sequence, server_start + 1);
  EXPECT_EQ(effect().told_client, 1u);
  EXPECT_EQ(effect().told_server, 0u);
  EXPECT_EQ(effect().acted, 1u);
  EXPECT_EQ(effect().leaked_bytes, 0u);
}

TEST_F(HttpStreamsTest, BothEndsMayBeToldOfAnAbortedResponse) {
  open();
  impair({.action = Action::abort, .side = Side::response, .told = HttpSettings::Told::both}, {.statuses = {"2xx"}});
  say(true, get);
  say(false, ok);
  EXPECT_EQ(got_[up], get);
  EXPECT_EQ(got_[down], "");
  EXPECT_TRUE(sent_[up].back().is(Segment::rst));
  EXPECT_EQ(sent_[up].back().sequence, client_start + 1 + get.size());
  EXPECT_TRUE(sent_[down].back().is(Segment::rst));
}

TEST_F(HttpStreamsTest, AStatusIsChangedInPlaceAndInEveryRetransmission) {
  open();
  impair({.action = Action::status, .side = Side::response, .code = 503}, {.methods = {"GET"}});
  std::string changed = ok;
  changed.replace(9, 3, "503");
  say(true, get + put);
  say(false, ok + ok);
  EXPECT_EQ(got_[down], changed + ok);
  got_[down].clear();
  say_at(false, 0, ok.substr(0, 10));  // in other segments than the first time
  say_at(false, 10, ok.substr(10));
  EXPECT_EQ(got_[down], changed);
  EXPECT_TRUE(sums_right_);
  EXPECT_EQ(effect().rewritten, 1u);
  EXPECT_EQ(effect().original, 0u);
  streams_.remove(handle_, now_);
  got_[down].clear();
  say_at(false, 0, ok);
  EXPECT_EQ(got_[down], changed) << "also after the fault's end: the receiver may have got the half";
}

TEST_F(HttpStreamsTest, AStatusIsChangedWhateverPiecesItComesIn) {
  std::string changed = ok;
  changed.replace(9, 3, "418");
  open();
  impair({.action = Action::status, .side = Side::response, .code = 418},
         {.response_headers = {{"content-length", "10"}}});
  for (std::size_t first = 1; first < ok.size(); ++first) {
    const std::size_t before = got_[down].size();
    say(true, get);
    say(false, ok.substr(0, first));
    say(false, ok.substr(first));
    EXPECT_EQ(got_[down].substr(before), changed) << first;
  }
  EXPECT_EQ(effect().rewritten, ok.size() - 1);
  EXPECT_TRUE(sums_right_);
}

TEST_F(HttpStreamsTest, AHeadThatStaysIncompleteIsNotHeldForEver) {
  open();
  impair({.action = Action::status, .side = Side::response, .code = 418});
  say(true, get);
  say(false, ok.substr(0, 20));
  EXPECT_EQ(got_[down], "");
  wait(http::Inspector::patience);
  EXPECT_EQ(got_[down], ok.substr(0, 20));
  say(false, ok.substr(20));
  EXPECT_EQ(got_[down], ok);
  EXPECT_EQ(effect().too_late, 1u);
}

TEST_F(HttpStreamsTest, AStatusWithoutBodyStaysWhatItIs) {
  open();
  impair({.action = Action::status, .side = Side::response, .code = 503});
  say(true, get);
  say(false, "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(got_[down], "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(effect().unfit, 1u);
  EXPECT_EQ(effect().acted, 0u);
}

TEST_F(HttpStreamsTest, ABodyIsCutAfterExactlySoMuch) {
  open();
  impair({.action = Action::truncate, .side = Side::response, .after_bytes = 4});
  say(true, get);
  say(false, ok);
  EXPECT_EQ(got_[down], ok.substr(0, ok.size() - 6));
  EXPECT_TRUE(sent_[down].back().is(Segment::fin));
  EXPECT_TRUE(sent_[up].back().is(Segment::rst));
  EXPECT_EQ(effect().ended_client, 1u);
  EXPECT_EQ(effect().held_back, 6u);
  EXPECT_EQ(effect().leaked_bytes, 0u);
}

TEST_F(HttpStreamsTest, ABodyThatIsShorterIsNotCut) {
  const std::string chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  open();
  impair({.action = Action::truncate, .side = Side::response, .after_bytes = 13});
  say(true, get + get + get);
  say(false, ok);
  say(false, chunks);
  EXPECT_EQ(effect().too_short, 2u);
  const std::string longer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n";
  say(false, longer);
  EXPECT_EQ(got_[down], ok + chunks + longer.substr(0, longer.size() - 1));
  EXPECT_TRUE(sent_[down].back().is(Segment::fin));
}

TEST_F(HttpStreamsTest, AHeldBodyIsCutWhenItArrives) {
  open();
  impair({.action = Action::delay, .side = Side::response, .delay = {.delay = 10ms}});
  impair({.action = Action::truncate, .side = Side::response, .after_bytes = 4});
  say(true, get);
  say(false, ok);
  EXPECT_EQ(got_[down], "");
  wait(10ms);
  EXPECT_EQ(got_[down], ok.substr(0, ok.size() - 6));
  EXPECT_TRUE(sent_[down].back().is(Segment::fin));
  EXPECT_EQ(effect().ended_client, 1u);
  EXPECT_EQ(streams_.ears()->effect(handle_ - 1).at(0).delayed, 1u);
}

TEST_F(HttpStreamsTest, ASwallowedResponseArrivesWhenTheFaultEnds) {
  open();
  impair({.action = Action::drop, .side = Side::response});
  say(true, get);
  say(false, ok);
  EXPECT_EQ(got_[down], "");
  EXPECT_EQ(sent_[down].back().length, 0u);
  EXPECT_EQ(sent_[down].back().acknowledgement, client_start + 1 + get.size()) << "what was asked has arrived";
  EXPECT_EQ(effect().held_back, ok.size());
  streams_.remove(handle_, now_);
  say_at(false, 0, ok);
  EXPECT_EQ(got_[down], ok);
  EXPECT_EQ(effect().leaked_bytes, 0u);
  say(true, put);
  say(false, ok);
  EXPECT_EQ(got_[down], ok + ok);
  EXPECT_EQ(got_[up], get + put);
}

TEST_F(HttpStreamsTest, StopsOfOneResponseEachCountWhenTheOneBeforeThemEnds) {
  open();
  const auto drop = impair({.action = Action::drop, .side = Side::response});
  const auto cut = impair({.action = Action::truncate, .side = Side::response, .after_bytes = 4});
  say(true, get);
  say(false, ok);
  EXPECT_EQ(got_[down], "");
  EXPECT_EQ(streams_.ears()->effect(drop).at(0).acted, 1u);
  EXPECT_EQ(streams_.ears()->effect(cut).at(0).acted, 0u);
  streams_.remove(drop, now_);
  say_at(false, 0, ok);  // sent again
  EXPECT_EQ(got_[down], ok.substr(0, ok.size() - 6));
  EXPECT_EQ(streams_.ears()->effect(cut).at(0).acted, 1u);
  EXPECT_EQ(streams_.ears()->effect(cut).at(0).leaked_bytes, 0u);
}

TEST_F(HttpStreamsTest, AStopBehindAnotherMayEndFirst) {
  open();
  const auto one = impair({.action = Action::drop, .side = Side::response});
  const auto other = impair({.action = Action::drop, .side = Side::response});
  say(true, get);
  say(false, ok);
  streams_.remove(other, now_);
  say_at(false, 0, ok);
  EXPECT_EQ(got_[down], "");
  streams_.remove(one, now_);
  say_at(false, 0, ok);
  EXPECT_EQ(got_[down], ok);
  EXPECT_EQ(streams_.ears()->effect(one).at(0).leaked_bytes, 0u);
}

TEST_F(HttpStreamsTest, WhatComesTooEarlyIsLostUntilItsTurn) {
  open();
  impair({.action = Action::abort}, {.path = "/b"});
  say_at(true, get.size(), put);
  EXPECT_EQ(got_[up], "");
  EXPECT_EQ(effect().early, 1u);
  say_at(true, 0, get);
  say_at(true, get.size(), put);
  EXPECT_EQ(got_[up], get);
  EXPECT_EQ(effect().acted, 1u);
}

TEST_F(HttpStreamsTest, OfABodyTheOrderDoesNotMatter) {
  open();
  impair({.action = Action::delay, .delay = {.delay = 1ms}}, {.methods = {"GET"}});
  const std::string head = "PUT /b HTTP/1.1\r\nContent-Length: 30\r\n\r\n";
  say_at(true, 0, head);
  say_at(true, head.size() + 10, std::string(20, 'y'));
  say_at(true, head.size(), std::string(10, 'x'));
  EXPECT_EQ(effect().early, 0u);
  say_at(true, head.size() + 30, get);
  EXPECT_EQ(effect().matched, 1u);
}

TEST_F(HttpStreamsTest, AShareIsDrawnForEachRequestByItself) {
  open();
  impair({.action = Action::delay, .toxicity_ppb = 500'000'000, .delay = {.delay = 1ns}});
  for (int i = 0; i < 200; ++i) {
    say(true, get);
    wait(1us);
    say(false, ok);
  }
  const auto seen = effect();
  EXPECT_EQ(seen.matched, 200u);
  EXPECT_GT(seen.chosen, 60u);
  EXPECT_LT(seen.chosen, 140u);
  EXPECT_EQ(streams_.ears()->met(handle_).size(), 200u);
}

TEST_F(HttpStreamsTest, OtherProtocolsPassAndAreCounted) {
  open();
  impair({.action = Action::abort});
  say(true, std::string("\x16\x03\x01", 3));
  say(true, get);
  EXPECT_EQ(got_[up], "\x16\x03\x01" + get);
  EXPECT_EQ(effect().tls, 1u);
  EXPECT_EQ(effect().requests, 0u);
}

TEST_F(HttpStreamsTest, ConnectionsThatAreOpenAreKnownFromTheirFirstByte) {
  open();
  say(true, get + put.substr(0, 20));
  impair({.action = Action::abort}, {.path = "/b"});
  EXPECT_EQ(effect().connections, 1u);
  say(true, put.substr(20));
  EXPECT_EQ(effect().acted, 1u) << "its head was whole when the fault was there";
  EXPECT_EQ(got_[up], get + put.substr(0, 20));
}

/// Nothing that nodes may send, true or not, ends the fabric; and nothing arrives where nothing may.
TEST_F(HttpStreamsTest, NoSegmentsByChanceBreakIt) {
  std::mt19937 random(7);
  const auto below = [&](std::size_t bound) { return static_cast<std::uint32_t>(random() % bound); };
  const std::string chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  const std::string up_text = get + put + get + "HEAD / HTTP/1.1\r\n\r\n" + put, down_text = ok + chunks + ok + chunks;
  for (int round = 0; round < 300; ++round) {
    HttpSettings settings{.action = static_cast<Action>(below(5))};
    settings.side = settings.action == Action::status || below(2) == 0 ? Side::response : Side::request;
    settings.toxicity_ppb = 500'000'000 + below(500'000'001);
    settings.delay.delay = std::chrono::microseconds(below(3000));
    settings.code = 503;
    settings.after_bytes = below(20);
    settings.orderly = below(2) == 0;
    impair(settings, below(2) == 0 ? core::HttpMatch{} : core::HttpMatch{.methods = {"PUT"}});
    put_segment(true, client_start, 0, Segment::syn);
    for (int i = 0; i < 100; ++i) {
      const bool is_up = below(2) == 0;
      const std::string& text = is_up ? up_text : down_text;
      const std::size_t at = below(text.size());
      std::string part = text.substr(at, 1 + below(80));
      if (below(30) == 0) part[below(part.size())] = static_cast<char>(below(256));
      const auto flags = below(10) == 0 ? static_cast<std::uint8_t>(below(32)) : Segment::ack;
      say_at(is_up, at, part, flags);
      wait(std::chrono::microseconds(below(500)));
      if (below(60) == 0) streams_.remove(1 + below(handle_), now_);
    }
    const auto seen = effect();
    EXPECT_LE(seen.chosen, seen.matched);
    EXPECT_LE(seen.acted, seen.chosen);
    EXPECT_EQ(seen.original, 0u);
    streams_.remove(handle_ - below(std::min<std::uint64_t>(handle_, 3)), now_);
  }
}

}  // namespace
}  // namespace withstand::lab::link::stream
