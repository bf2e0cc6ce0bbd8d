#include <thread>

#include "connection_fixture.hpp"

/// What is done to TCP connections, as the sockets at their ends see it.
namespace withstand::faults::testing {
namespace {

using namespace std::chrono_literals;

class StreamFaultTest : public ConnectionFaultTest {
 protected:
  void watch() override { rig_->fabric().watch_streams(); }

  /// Reads up to `count` bytes; fewer at the end of the stream; the error instead where there is one.
  struct Read {
    std::size_t bytes = 0;
    int error = 0;  ///< EAGAIN: nothing came in time
  };
  static Read read_up_to(const os::Fd& socket, std::size_t count, std::size_t* largest = nullptr) {
    Read read;
    std::vector<char> room(65536);
    while (read.bytes < count) {
      const auto got = ::recv(socket.get(), room.data(), std::min(room.size(), count - read.bytes), 0);
      if (got == 0) break;
      if (got < 0) {
        read.error = errno;
        break;
      }
      if (largest != nullptr) *largest = std::max(*largest, static_cast<std::size_t>(got));
      read.bytes += static_cast<std::size_t>(got);
    }
    return read;
  }
  static bool say(const os::Fd& socket, std::size_t bytes = 5) {
    const std::string text(bytes, 'x');
    return ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes);
  }
  static void expect_effect(core::Injection& injection) {
    EXPECT_TRUE(injection.observe().took_effect()) << injection.observe().objection() << table(injection);
  }
  static std::string table(core::Injection& injection) {
    std::string text;
    for (const auto& row : injection.observe().rows)
      text += "\n" + row.what + " | " + row.requested + " | " + row.measured;
    return text;
  }
};

TEST_F(StreamFaultTest, ResetTellsBothEndsOfAnIdleConnection) {
  const Pair pair = connected();
  auto& reset = inject("network.stream", {{"action", text("reset")}});
  EXPECT_EQ(error_of(pair.client), ECONNRESET);
  EXPECT_EQ(error_of(pair.server), ECONNRESET);
  expect_effect(reset);
  reset.revert();
  const Pair later = connected();
  EXPECT_TRUE(say(later.client));
  EXPECT_EQ(read_up_to(later.server, 5).bytes, 5u);
}

TEST_F(StreamFaultTest, ResetComesAfterItsTimeToConnectionsOpenedLater) {
  auto& reset = inject("network.stream", {{"action", text("reset")}, {"after", milliseconds(150)}});
  const Pair pair = connected();
  const auto begin = core::now();
  EXPECT_TRUE(say(pair.client));
  EXPECT_EQ(read_up_to(pair.server, 5).bytes, 5u) << "it lives until then";
  EXPECT_EQ(error_of(pair.client), ECONNRESET);
  EXPECT_GE(core::now() - begin, 140ms);
  expect_effect(reset);
}

TEST_F(StreamFaultTest, ResetLetsExactlySoManyBytesThrough) {
  const Pair pair = connected();
  auto& reset =
      inject("network.stream", {{"action", text("reset")}, {"after_bytes", bytes(100'000)}, {"direction", text("up")}});
  EXPECT_TRUE(say(pair.client, 99'999));
  EXPECT_EQ(read_up_to(pair.server, 99'999).bytes, 99'999u);
  EXPECT_EQ(reset.observe().took_effect(), false);
  say(pair.client, 50'000);
  const Read rest = read_up_to(pair.server, 50'000);
  EXPECT_LE(rest.bytes, 1u);
  EXPECT_EQ(rest.error, ECONNRESET);
  EXPECT_EQ(error_of(pair.client), ECONNRESET);
  expect_effect(reset);
}

TEST_F(StreamFaultTest, BlackHoleKeepsConnectionsOpenAndNothingPasses) {
  const Pair pair = connected();
  auto& hole = inject("network.stream", {{"action", text("black-hole")}});
  EXPECT_TRUE(say(pair.client));
  be_patient(pair.server, 300ms);
  EXPECT_EQ(read_up_to(pair.server, 5).error, EAGAIN);
  EXPECT_EQ(error_of(pair.client, 0ms), 0);
  expect_effect(hole);
  hole.revert();
  be_patient(pair.server, 5s);
  EXPECT_EQ(read_up_to(pair.server, 5).bytes, 5u) << "sent again once the hole is closed";
}

TEST_F(StreamFaultTest, BlackHoleMayLetAcknowledgementsAndAnswersPass) {
  const Pair pair = connected();
  auto& hole = inject("network.stream", {{"action", text("black-hole")}, {"direction", text("up")}});
  EXPECT_TRUE(say(pair.server));
  EXPECT_EQ(read_up_to(pair.client, 5).bytes, 5u);
  EXPECT_TRUE(say(pair.client));
  be_patient(pair.server, 300ms);
  EXPECT_EQ(read_up_to(pair.server, 5).error, EAGAIN);
  expect_effect(hole);
}

TEST_F(StreamFaultTest, HalfOpenTellsOneEndAlone) {
  const Pair pair = connected();
  auto& half = inject("network.stream", {{"action", text("half-open")}});
  EXPECT_EQ(error_of(pair.server), ECONNRESET);
  EXPECT_TRUE(say(pair.client)) << "it has not heard";
  be_patient(pair.client, 300ms);
  EXPECT_EQ(read_up_to(pair.client, 1).error, EAGAIN);
  EXPECT_EQ(error_of(pair.client, 0ms), 0);
  expect_effect(half);
  half.revert();
  EXPECT_EQ(error_of(pair.client, 10s), ECONNRESET) << "what it sends again reaches a host that knows nothing of it";
}

TEST_F(StreamFaultTest, HalfOpenLasts) {
  Pair pair = connected();
  auto& half = inject("network.stream", {{"action", text("half-open")}});
  EXPECT_EQ(error_of(pair.server), ECONNRESET);
  pair.server = {};
  for (int second = 0; second < 8; ++second) {
    std::this_thread::sleep_for(1s);
    EXPECT_TRUE(say(pair.client));
    ASSERT_EQ(error_of(pair.client, 50ms), 0) << "after " << second + 1 << " s";
  }
  expect_effect(half);
}

TEST_F(StreamFaultTest, SlowCloseDelaysTheEndAndNotTheData) {
  const Pair pair = connected();
  auto& slow = inject("network.stream", {{"action", text("slow-close")}, {"delay", milliseconds(300)}});
  EXPECT_TRUE(say(pair.client));
  const auto begin = core::now();
  ::shutdown(pair.client.get(), SHUT_WR);
  EXPECT_EQ(read_up_to(pair.server, 5).bytes, 5u);
  EXPECT_LT(core::now() - begin, 200ms);
  const Read end = read_up_to(pair.server, 1);
  EXPECT_EQ(end.bytes, 0u);
  EXPECT_EQ(end.error, 0);
  EXPECT_GE(core::now() - begin, 295ms);
  EXPECT_LT(core::now() - begin, 600ms);
  expect_effect(slow);
}

TEST_F(StreamFaultTest, SliceDeliversSmallPiecesOneAfterTheOther) {
  const Pair pair = connected();
  auto& slices = inject("network.stream", {{"action", text("slice")},
                                           {"size", bytes(100)},
                                           {"variation", bytes(20)},
                                           {"delay", milliseconds(5)},
                                           {"direction", text("up")}});
  const auto begin = core::now();
  EXPECT_TRUE(say(pair.client, 2000));
  std::size_t largest = 0;
  EXPECT_EQ(read_up_to(pair.server, 2000, &largest).bytes, 2000u);
  const auto took = core::now() - begin;
  EXPECT_GE(took, 75ms) << "17 pieces or more";
  EXPECT_LT(took, 400ms);
  EXPECT_LT(largest, 600u) << "read as they come";
  EXPECT_TRUE(say(pair.server, 2000));
  EXPECT_EQ(read_up_to(pair.client, 2000).bytes, 2000u) << "the way back is free";
  expect_effect(slices);
}

TEST_F(StreamFaultTest, SlicesLargerThanAnythingSaidHadNoEffect) {
  const Pair pair = connected();
  auto& slices =
      inject("network.stream", {{"action", text("slice")}, {"size", bytes(60'000)}, {"delay", milliseconds(5)}});
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(say(pair.client));
    EXPECT_EQ(read_up_to(pair.server, 5).bytes, 5u);
  }
  EXPECT_FALSE(slices.observe().took_effect());
}

TEST_F(StreamFaultTest, BandwidthHoldsForEachConnectionByItself) {
  const Pair first = connected(), second = connected();
  auto& narrow =
      inject("network.stream", {{"action", text("bandwidth")}, {"rate", mbits(4)}, {"direction", text("up")}});
  constexpr std::size_t amount = 150'000;  // 0.3 s at 500 kB/s, and no more than a socket holds
  const auto begin = core::now();
  for (const Pair* pair : {&first, &second}) {
    const int room = 1 << 20;
    ::setsockopt(pair->client.get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    EXPECT_TRUE(say(pair->client, amount));
  }
  for (const Pair* pair : {&first, &second}) {
    be_patient(pair->server, 5s);
    EXPECT_EQ(read_up_to(pair->server, amount).bytes, amount);
  }
  const auto took = core::now() - begin;
  EXPECT_GE(took, 290ms);
  EXPECT_LT(took, 550ms) << "both at once";
  expect_effect(narrow);
}

TEST_F(StreamFaultTest, LimitEndsTheStreamAfterExactlySoMuch) {
  const Pair pair = connected();
  auto& limit = inject("network.stream",
                       {{"action", text("limit")}, {"after_bytes", bytes(70'001)}, {"direction", text("down")}});
  say(pair.server, 100'000);
  const Read got = read_up_to(pair.client, 100'000);
  EXPECT_EQ(got.bytes, 70'001u);
  EXPECT_EQ(got.error, 0) << "an orderly end, in the middle of the data";
  EXPECT_EQ(error_of(pair.server), ECONNRESET);
  expect_effect(limit);
}

TEST_F(StreamFaultTest, RefuseIsLikeAPortWhereNobodyListens) {
  const Pair before = connected();
  auto& refused = inject("network.stream", {{"action", text("refuse")}});
  os::Fd client;
  const auto begin = core::now();
  EXPECT_EQ(try_to_connect(client), ECONNREFUSED);
  EXPECT_LT(core::now() - begin, 500ms);
  EXPECT_TRUE(say(before.client)) << "those that are open stay";
  EXPECT_EQ(read_up_to(before.server, 5).bytes, 5u);
  expect_effect(refused);
  refused.revert();
  EXPECT_TRUE(connected().server.valid());
}

TEST_F(StreamFaultTest, RefuseMayBeSilent) {
  const Pair before = connected();
  auto& refused = inject("network.stream", {{"action", text("refuse")}, {"silent", spec::Value(true)}});
  os::Fd client;
  EXPECT_EQ(try_to_connect(client, 300ms), EINPROGRESS) << "nobody has answered";
  expect_effect(refused);
}

TEST_F(StreamFaultTest, RefusingWhereNobodyListensHasNoEffect) {
  auto& refused = inject("network.stream", {{"action", text("refuse")}});
  os::Fd client;
  EXPECT_EQ(try_to_connect(client), ECONNREFUSED);
  EXPECT_FALSE(refused.observe().took_effect()) << "as far as anybody has seen, nobody does";
  refused.revert();
  EXPECT_TRUE(connected().server.valid());
  EXPECT_TRUE(refused.observe().took_effect()) << "somebody did, as it turns out";
}

TEST_F(StreamFaultTest, AcceptedSilentlyWhatIsSentIsAcknowledgedAndNeverAnswered) {
  auto& mute = inject("network.stream", {{"action", text("accept-silently")}});
  const Pair pair = connected();
  EXPECT_TRUE(say(pair.client));
  EXPECT_EQ(read_up_to(pair.server, 5).bytes, 5u);
  EXPECT_TRUE(say(pair.server));
  be_patient(pair.client, 300ms);
  EXPECT_EQ(read_up_to(pair.client, 5).error, EAGAIN);
  expect_effect(mute);
}

TEST_F(StreamFaultTest, CapLeavesRoomForSoManyAtOnce) {
  auto& cap = inject("network.stream", {{"action", text("cap")}, {"connections", number(2)}});
  const Pair first = connected();
  {
    const Pair second = connected();
    os::Fd third;
    EXPECT_EQ(try_to_connect(third), ECONNREFUSED);
  }
  // The second has been closed by both ends; the fabric sees that when the last FIN has passed.
  os::Fd again;
  const auto begin = core::now();
  int error = try_to_connect(again);
  while (error == ECONNREFUSED && core::now() - begin < 2s) error = try_to_connect(again);
  EXPECT_EQ(error, 0);
  expect_effect(cap);
}

TEST_F(StreamFaultTest, ToxicityChoosesBySeedWhateverThePorts) {
  std::vector<std::string> runs;
  for (int round = 0; round < 2; ++round) {
    auto& some = inject("network.stream", {{"action", text("reset")}, {"toxicity", ratio(50)}});
    std::string hit;
    for (int i = 0; i < 40; ++i) {
      os::Fd client;  // told so soon that connect(2) itself may say it
      const int error = try_to_connect(client);
      hit += error == ECONNRESET || error_of(client, 50ms) == ECONNRESET ? 'x' : '.';
    }
    expect_effect(some);
    some.revert();
    runs.push_back(hit);
    const auto share = std::count(hit.begin(), hit.end(), 'x');
    // Binomial(40, 1/2): outside with probability 1e-5.
    EXPECT_GE(share, 7);
    EXPECT_LE(share, 33);
  }
  EXPECT_NE(runs[0], runs[1]) << "other connections of the same link are chosen by themselves";
}

TEST_F(StreamFaultTest, ToxicityChoosesAmongConnectionsOfOnePortToo) {
  auto& some = inject("network.stream", {{"action", text("reset")}, {"toxicity", ratio(50)}});
  int hit = 0;
  for (int i = 0; i < 40; ++i) {
    const os::Fd client = rig_->socket(0, AF_INET, SOCK_STREAM);
    be_patient(client, 2s);
    const int one = 1;
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(client.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    ::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    const sockaddr_in own = address(0, 45001), there = address(1, port);
    ASSERT_EQ(::bind(client.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own), 0);
    const int error = ::connect(client.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0 ? 0 : errno;
    hit += error == ECONNRESET || error_of(client, 50ms) == ECONNRESET ? 1 : 0;
  }
  expect_effect(some);
  // Binomial(40, 1/2): outside with probability 1e-5.
  EXPECT_GE(hit, 7);
  EXPECT_LE(hit, 33);
}

TEST_F(StreamFaultTest, OneThatMeetsNobodyHadNoEffect) {
  auto& reset = inject("network.stream", {{"action", text("reset")}, {"port", number(7001)}});
  const Pair pair = connected();
  EXPECT_TRUE(say(pair.client));
  EXPECT_EQ(read_up_to(pair.server, 5).bytes, 5u);
  EXPECT_FALSE(reset.observe().took_effect());
}

TEST_F(StreamFaultTest, SeveralOnOneConnectionEndByThemselves) {
  const Pair pair = connected();
  auto& narrow =
      inject("network.stream", {{"action", text("bandwidth")}, {"rate", mbits(8)}, {"direction", text("up")}});
  auto& slow = inject("network.stream", {{"action", text("slow-close")}, {"delay", milliseconds(200)}});
  auto& latency = inject("network.latency", {{"delay", milliseconds(20)}});
  EXPECT_TRUE(say(pair.client, 100'000));
  EXPECT_EQ(read_up_to(pair.server, 100'000).bytes, 100'000u);
  expect_effect(narrow);
  narrow.revert();
  const auto begin = core::now();
  ::shutdown(pair.client.get(), SHUT_WR);
  EXPECT_EQ(read_up_to(pair.server, 1).bytes, 0u);
  EXPECT_GE(core::now() - begin, 215ms) << "the close and the latency";
  expect_effect(slow);
  expect_effect(latency);
}

TEST_F(StreamFaultTest, PiecesStaySmallWhereTheyGetLost) {
  const Pair pair = connected();
  auto& slices =
      inject("network.stream", {{"action", text("slice")}, {"size", bytes(100)}, {"delay", milliseconds(2)}});
  auto& loss = inject("network.loss", {{"loss", ratio(3)}});
  std::thread writer([&] {
    for (int i = 0; i < 20; ++i) {
      say(pair.client, 1000);
      std::this_thread::sleep_for(50ms);
    }
  });
  be_patient(pair.server, 30s);  // each loss of an end makes TCP twice as patient
  EXPECT_EQ(read_up_to(pair.server, 20'000).bytes, 20'000u);
  writer.join();
  expect_effect(slices);
  expect_effect(loss);
}

TEST_F(StreamFaultTest, AnEndThatIsSentAgainComesNoSooner) {
  const Pair pair = connected();
  auto& slow = inject("network.stream", {{"action", text("slow-close")}, {"delay", milliseconds(1500)}});
  auto& loss = inject("network.loss", {{"loss", ratio(100)}});
  EXPECT_TRUE(say(pair.client));
  const auto begin = core::now();
  ::shutdown(pair.client.get(), SHUT_WR);
  std::this_thread::sleep_for(100ms);
  loss.revert();
  EXPECT_EQ(read_up_to(pair.server, 5).bytes, 5u) << "sent again";
  const Read end = read_up_to(pair.server, 1);
  EXPECT_EQ(end.error, 0);
  EXPECT_GE(core::now() - begin, 1490ms);
  expect_effect(slow);
}

TEST_F(StreamFaultTest, BandwidthIsNotBlamedForWhatPacketsMeet) {
  struct Beside {
    std::string kind;
    std::map<std::string, spec::Value> parameters;
  };
  const std::vector<Beside> all{{"network.rate", {{"rate", mbits(2)}}},
                                {"network.latency", {{"delay", milliseconds(150)}}},
                                {"network.duplicate", {{"duplicate", ratio(50)}}}};
  for (const Beside& beside : all) {
    const Pair pair = connected();
    auto& narrow = inject("network.stream", {{"action", text("bandwidth")}, {"rate", mbits(8)}});
    auto& other = inject(beside.kind, beside.parameters);
    std::thread writer([&] { say(pair.client, 400'000); });
    be_patient(pair.server, 10s);
    EXPECT_EQ(read_up_to(pair.server, 400'000).bytes, 400'000u);
    writer.join();
    for (const auto& row : narrow.observe().rows)
      EXPECT_NE(row.judgement, core::EvidenceRow::Judgement::mismatch) << beside.kind << table(narrow);
    narrow.revert();
    other.revert();
  }
}

TEST_F(StreamFaultTest, ConnectionsThatNothingIsAskedOfCarryMuchUnharmed) {
  inject("network.stream", {{"action", text("reset")}, {"port", number(9)}});
  const Pair pair = connected();
  constexpr std::size_t amount = 20'000'000;
  std::thread writer([&] {
    for (std::size_t sent = 0; sent < amount; sent += 100'000) say(pair.client, 100'000);
  });
  EXPECT_EQ(read_up_to(pair.server, amount).bytes, amount);
  writer.join();
}

}  // namespace
}  // namespace withstand::faults::testing
