#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <set>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "core/event_loop.hpp"
#include "os/check.hpp"
#include "os/pidfd.hpp"
#include "support/net_rig.hpp"

// Everything here is seen from outside: sockets in the nodes' namespaces, and clocks of this process.
namespace withstand {
namespace {

using namespace std::chrono_literals;
using core::Impairment;
using Kind = core::Impairment::Kind;
using std::chrono::nanoseconds;

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

Address address_of(const core::NodeInfo& node, int family, std::uint16_t port) {
  Address address;
  if (family == AF_INET) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    ::inet_pton(AF_INET, node.address.c_str(), &v4.sin_addr);
    std::memcpy(&address.storage, &v4, address.length = sizeof v4);
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    ::inet_pton(AF_INET6, node.address6.c_str(), &v6.sin6_addr);
    std::memcpy(&address.storage, &v6, address.length = sizeof v6);
  }
  return address;
}

bool readable(const os::Fd& fd, std::chrono::milliseconds patience) {
  pollfd wanted{.fd = fd.get(), .events = POLLIN, .revents = 0};
  return os::check("poll", os::retry([&] { return ::poll(&wanted, 1, static_cast<int>(patience.count())); })) > 0;
}

class LinkFabric : public testing::Test {
 protected:
  void SetUp() override {
    if (!support::NetRig::unavailable().empty()) GTEST_SKIP() << support::NetRig::unavailable();
    rig = std::make_unique<support::NetRig>(3);
  }

  /// A bound UDP socket that sends large bursts without losing them itself.
  os::Fd udp(core::NodeId node, int family = AF_INET, std::uint16_t port = 7000) {
    os::Fd socket = rig->socket(node, family, SOCK_DGRAM);
    const int size = 64 << 20;
    if (::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
      ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    const Address own = address_of(rig->topology().at(node), family, port);
    os::check("bind", ::bind(socket.get(), own.get(), own.length));
    return socket;
  }

  void send(const os::Fd& from, core::NodeId to, std::uint32_t number, int family = AF_INET) {
    const Address there = address_of(rig->topology().at(to), family, 7000);
    os::check("send", ::sendto(from.get(), &number, sizeof number, 0, there.get(), there.length));
  }

  static std::optional<std::uint32_t> receive(const os::Fd& at, std::chrono::milliseconds patience) {
    if (!readable(at, patience)) return {};
    std::uint32_t number = 0;
    os::check("receive", ::recv(at.get(), &number, sizeof number, 0));
    return number;
  }

  /// One way, as a socket sees it.
  nanoseconds transit(const os::Fd& from, core::NodeId to, const os::Fd& at, int family = AF_INET) {
    const auto start = core::now();
    send(from, to, 1, family);
    EXPECT_TRUE(receive(at, 3s));
    return core::now() - start;
  }
  nanoseconds fastest_transit(const os::Fd& from, core::NodeId to, const os::Fd& at) {
    nanoseconds best = 10s;
    for (int i = 0; i < 5; ++i) best = std::min(best, transit(from, to, at));
    return best;
  }

  static Impairment latency(const std::string& name, nanoseconds delay, nanoseconds jitter = 0ns) {
    return {.kind = Kind::latency, .fault = name, .seed = 7, .settings = {.delay = {.delay = delay, .jitter = jitter}}};
  }
  static Impairment loss(const std::string& name, std::int64_t ppb, std::uint64_t seed = 7) {
    return {.kind = Kind::loss, .fault = name, .seed = seed, .settings = {.loss = {.random = {.ppb = ppb}}}};
  }
  static Impairment partition(const std::string& name) { return {.kind = Kind::partition, .fault = name, .seed = 7}; }

  std::unique_ptr<support::NetRig> rig;
};

TEST_F(LinkFabric, ForwardsBothFamiliesBetweenAllNodes) {
  for (const int family : {AF_INET, AF_INET6})
    for (core::NodeId from = 0; from < 3; ++from)
      for (core::NodeId to = 0; to < 3; ++to) {
        if (from == to) continue;
        const os::Fd sender = udp(from, family), receiver = udp(to, family);
        send(sender, to, 4711, family);
        EXPECT_EQ(receive(receiver, 3s), 4711u) << from << " to " << to;
      }
  EXPECT_EQ(rig->fabric().health().overload, "");
}

TEST_F(LinkFabric, HasNoWayOut) {
  const os::Fd sender = udp(0);
  const core::NodeInfo outside{.name = "outside", .kind = {}, .address = "192.0.2.1", .address6 = {}, .ports = {}};
  const Address there = address_of(outside, AF_INET, 7000);
  EXPECT_LT(::sendto(sender.get(), "x", 1, 0, there.get(), there.length), 0);
  EXPECT_EQ(errno, ENETUNREACH);
}

TEST_F(LinkFabric, CountsWhatIsForNobody) {
  const os::Fd sender = udp(0);
  const core::NodeInfo nobody{.name = "nobody", .kind = {}, .address = "198.18.7.7", .address6 = {}, .ports = {}};
  const Address there = address_of(nobody, AF_INET, 7000);
  os::check("send", ::sendto(sender.get(), "x", 1, 0, there.get(), there.length));
  const os::Fd receiver = udp(1);
  send(sender, 1, 1);  // behind it in the same queue
  EXPECT_TRUE(receive(receiver, 3s));
  EXPECT_EQ(rig->fabric().health().unroutable, 1u);
}

TEST_F(LinkFabric, DelaysOneDirectionOnly) {
  const os::Fd a = udp(0), b = udp(1);
  const auto handle = rig->fabric().add(latency("slow", 30ms), {{0, 1}});
  EXPECT_GE(fastest_transit(a, 1, b), 30ms);
  EXPECT_LT(fastest_transit(a, 1, b), 35ms);
  EXPECT_LT(fastest_transit(b, 0, a), 15ms);
  const auto effects = rig->fabric().effect(handle);
  ASSERT_EQ(effects.size(), 1u);
  EXPECT_EQ(effects[0].link, (core::Link{0, 1}));
  EXPECT_EQ(effects[0].offered, 10u);
  EXPECT_EQ(effects[0].delayed, 10u);
  EXPECT_EQ(effects[0].refused, 0u);
  EXPECT_EQ(effects[0].requested_mean_ns, 30'000'000);
  EXPECT_GE(effects[0].delay_min_ns, 30'000'000);
  EXPECT_LT(effects[0].delay_p50_ns, 32'000'000);
}

TEST_F(LinkFabric, LatenciesAddUpAndEndInAnyOrder) {
  const os::Fd a = udp(0), b = udp(1);
  for (const bool first_ends_first : {true, false}) {
    const auto long_one = rig->fabric().add(latency("long", 40ms), {{0, 1}});
    const auto short_one = rig->fabric().add(latency("short", 15ms), {{0, 1}});
    EXPECT_GE(fastest_transit(a, 1, b), 55ms);
    EXPECT_LT(fastest_transit(a, 1, b), 62ms);
    rig->fabric().remove(first_ends_first ? long_one : short_one);
    const nanoseconds left = first_ends_first ? 15ms : 40ms;
    EXPECT_GE(fastest_transit(a, 1, b), left);
    EXPECT_LT(fastest_transit(a, 1, b), left + 7ms);
    rig->fabric().remove(first_ends_first ? short_one : long_one);
    EXPECT_LT(fastest_transit(a, 1, b), 8ms);
    EXPECT_EQ(rig->fabric().effect(long_one).at(0).refused, 0u);
    EXPECT_EQ(rig->fabric().effect(short_one).at(0).delayed, first_ends_first ? 20u : 10u);
  }
}

TEST_F(LinkFabric, JitterStaysInItsBoundsAndKeepsOrder) {
  const os::Fd a = udp(0), b = udp(1);
  const auto handle = rig->fabric().add(latency("jittery", 20ms, 10ms), {{0, 1}});
  constexpr std::uint32_t packets = 400;
  for (std::uint32_t i = 0; i < packets; ++i) {
    send(a, 1, i);
    std::this_thread::sleep_for(250us);
  }
  for (std::uint32_t i = 0; i < packets; ++i) ASSERT_EQ(receive(b, 3s), i);
  const auto effect = rig->fabric().effect(handle).at(0);
  EXPECT_EQ(effect.delayed, packets);
  EXPECT_GE(effect.delay_min_ns, 10'000'000);
  EXPECT_LT(effect.delay_max_ns, 35'000'000);
  // The mean of 400 uniform draws of ±10 ms has a standard deviation of 0.29 ms: 2 ms is beyond 6 sigma.
  EXPECT_NEAR(static_cast<double>(effect.drawn_mean_ns), 20e6, 2e6);
  EXPECT_GE(effect.requested_mean_ns, effect.drawn_mean_ns);
  EXPECT_NEAR(static_cast<double>(effect.delay_mean_ns), static_cast<double>(effect.requested_mean_ns), 2e6);
}

TEST_F(LinkFabric, PacketsThatAreUnderWayAreDeliveredAfterTheEndAndHoldNobodyUp) {
  const os::Fd a = udp(0), b = udp(1);
  const auto handle = rig->fabric().add(latency("slow", 80ms), {{0, 1}});
  const auto start = core::now();
  send(a, 1, 1);
  while (rig->fabric().effect(handle).at(0).in_flight == 0) ASSERT_LT(core::now() - start, 60ms);
  rig->fabric().remove(handle);
  send(a, 1, 2);
  EXPECT_EQ(receive(b, 3s), 2u);
  EXPECT_EQ(receive(b, 3s), 1u);
  EXPECT_GE(core::now() - start, 80ms);
  const auto effect = rig->fabric().effect(handle).at(0);
  EXPECT_EQ(effect.delayed, 1u);
  EXPECT_EQ(effect.in_flight, 0u);
}

TEST_F(LinkFabric, LosesTheRatioThatWasAskedFor) {
  const os::Fd a = udp(0), b = udp(1);
  const auto handle = rig->fabric().add(loss("lossy", 50'000'000), {{0, 1}});  // 5 %
  constexpr std::uint32_t packets = 100'000;
  std::uint32_t received = 0;
  const auto deadline = core::now() + 60s;
  for (std::uint32_t i = 0; i < packets; ++i) {
    send(a, 1, i);
    if (i % 500 != 499) continue;
    // Never more under way than the queues of a loaded machine hold.
    while (rig->fabric().effect(handle).at(0).offered <= i) ASSERT_LT(core::now(), deadline);
    while (receive(b, 0ms)) ++received;
  }
  while (receive(b, 200ms)) ++received;
  const auto effect = rig->fabric().effect(handle).at(0);
  EXPECT_EQ(effect.offered, packets);
  EXPECT_EQ(effect.refused, effect.decided);
  EXPECT_EQ(effect.delivered, packets - effect.refused);
  EXPECT_EQ(effect.delivered, received);
  // 5 000 ± 68.9: a hash that draws fairly leaves ±500 with a probability below 1e-12.
  EXPECT_NEAR(static_cast<double>(effect.refused), 5000.0, 500.0);
  EXPECT_EQ(rig->fabric().health().overload, "");
}

TEST_F(LinkFabric, SameSeedLosesTheSamePackets) {
  const os::Fd a = udp(0), b = udp(1);
  const auto survivors = [&](std::uint64_t seed) {
    const auto handle = rig->fabric().add(loss("lossy", 300'000'000, seed), {{0, 1}});
    for (std::uint32_t i = 0; i < 500; ++i) send(a, 1, i);
    std::set<std::uint32_t> seen;
    while (const auto number = receive(b, 150ms)) seen.insert(*number);
    rig->fabric().remove(handle);
    return seen;
  };
  const auto first = survivors(1);
  EXPECT_EQ(first, survivors(1));
  EXPECT_NE(first, survivors(2));
}

TEST_F(LinkFabric, LossesAreIndependentAndTheSecondSeesWhatTheFirstLeft) {
  const os::Fd a = udp(0), b = udp(1);
  const auto half = rig->fabric().add(loss("half", 500'000'000), {{0, 1}});
  const auto third = rig->fabric().add(loss("third", 333'333'333), {{0, 1}});
  for (std::uint32_t i = 0; i < 6000; ++i) send(a, 1, i);
  std::uint32_t received = 0;
  while (receive(b, 150ms)) ++received;
  const auto first = rig->fabric().effect(half).at(0), second = rig->fabric().effect(third).at(0);
  EXPECT_EQ(first.offered, 6000u);
  EXPECT_EQ(first.refused, first.decided);
  EXPECT_EQ(second.offered, 6000u - first.refused);
  EXPECT_EQ(second.refused, second.decided);
  EXPECT_EQ(first.dropped_later, second.refused);
  EXPECT_EQ(second.delivered, received);
  // Of 6 000, 2 000 ± 36.5 remain; ±300 is beyond 8 sigma.
  EXPECT_NEAR(static_cast<double>(received), 2000.0, 300.0);
}

TEST_F(LinkFabric, PartitionIsOneWayAndExact) {
  const os::Fd a = udp(0), b = udp(1);
  const auto handle = rig->fabric().add(partition("cut"), {{0, 1}});
  for (std::uint32_t i = 0; i < 50; ++i) send(a, 1, i);
  for (std::uint32_t i = 0; i < 50; ++i) send(b, 0, i);
  for (std::uint32_t i = 0; i < 50; ++i) EXPECT_EQ(receive(a, 3s), i);
  EXPECT_FALSE(receive(b, 50ms));
  rig->fabric().remove(handle);
  send(a, 1, 99);
  EXPECT_EQ(receive(b, 3s), 99u);
  const auto effect = rig->fabric().effect(handle).at(0);
  EXPECT_EQ(effect.offered, 50u);
  EXPECT_EQ(effect.refused, 50u);
  EXPECT_EQ(effect.delivered, 0u);
}

TEST_F(LinkFabric, AllLinksOfAPartitionSwitchTogether) {
  const std::vector<core::Link> isolate{{0, 1}, {1, 0}, {0, 2}, {2, 0}};
  const auto handle = rig->fabric().add(partition("isolate"), isolate);
  const os::Fd a = udp(0), b = udp(1), c = udp(2);
  send(a, 1, 1);
  send(a, 2, 1);
  send(c, 0, 1);
  send(b, 2, 1);
  EXPECT_EQ(receive(c, 3s), 1u);
  EXPECT_FALSE(receive(a, 20ms) || receive(b, 20ms) || receive(c, 20ms));
  std::vector<core::Link> seen;
  for (const auto& effect : rig->fabric().effect(handle)) seen.push_back(effect.link);
  EXPECT_EQ(seen, isolate);
}

/// Sends `bytes` pseudo-random bytes over one TCP connection from node 0 to node 1 and checks them there; the last step
/// of the sender is to wait until the receiver has closed. Returns what went wrong, 0 if nothing.
int transfer(const support::NetRig& rig, int family, std::size_t bytes, const std::function<void()>& meanwhile = {}) {
  const Address server = address_of(rig.topology().at(1), family, 7300);
  const os::Fd listener = rig.socket(1, family, SOCK_STREAM);
  const int yes = 1;
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  os::check("bind", ::bind(listener.get(), server.get(), server.length));
  os::check("listen", ::listen(listener.get(), 1));
  const auto byte_at = [](std::size_t i) { return static_cast<char>((i * 2654435761U) >> 16); };
  const int receiver = rig.start(1, [&] {
    const os::Fd stream(os::check("accept", ::accept(listener.get(), nullptr, nullptr)));
    std::vector<char> buffer(65536);
    for (std::size_t at = 0; at < bytes;) {
      const auto got = ::recv(stream.get(), buffer.data(), buffer.size(), 0);
      if (got <= 0) return 1;
      for (ssize_t i = 0; i < got; ++i)
        if (buffer[static_cast<std::size_t>(i)] != byte_at(at++)) return 2;
    }
    return 0;
  });
  const int sender = rig.start(0, [&] {
    const os::Fd stream(os::check("make a socket", ::socket(family, SOCK_STREAM, 0)));
    os::check("connect", ::connect(stream.get(), server.get(), server.length));
    std::vector<char> data(bytes);
    for (std::size_t i = 0; i < bytes; ++i) data[i] = byte_at(i);
    for (std::size_t at = 0; at < bytes;)
      at +=
          static_cast<std::size_t>(os::check("send", ::send(stream.get(), data.data() + at, bytes - at, MSG_NOSIGNAL)));
    char end = 0;
    return static_cast<int>(::recv(stream.get(), &end, 1, 0));
  });
  if (meanwhile) meanwhile();
  int sent = 0, received = 0;
  os::check("wait for the sender", ::waitpid(sender, &sent, 0));
  os::check("wait for the receiver", ::waitpid(receiver, &received, 0));
  return sent != 0 ? sent : received;
}

TEST_F(LinkFabric, TcpArrivesWholeThroughLossAndJitterWithOffloadsOn) {
  const auto lossy = rig->fabric().add(loss("lossy", 10'000'000), {{0, 1}, {1, 0}});
  const auto jittery = rig->fabric().add(latency("jittery", 1ms, 500us), {{0, 1}});
  for (const int family : {AF_INET, AF_INET6}) EXPECT_EQ(transfer(*rig, family, 4 << 20), 0);
  rig->fabric().remove(jittery);
  // Without jitter, neighbours travel on together after the decision.
  for (const int family : {AF_INET, AF_INET6}) EXPECT_EQ(transfer(*rig, family, 16 << 20), 0);
  const auto effect = rig->fabric().effect(lossy).at(0);
  const auto health = rig->fabric().health();
  EXPECT_GT(effect.offered, (40u << 20) / 1500);  // decided on packets, not on super-packets
  EXPECT_GT(effect.refused, 0u);
  EXPECT_EQ(effect.refused, effect.decided);
  EXPECT_EQ(effect.offered, effect.refused + effect.dropped_later + effect.in_flight + effect.delivered);
  EXPECT_LT(health.forwarded, effect.offered) << "runs of packets were written as one";
  EXPECT_EQ(health.kernel_drops, 0u);
}

TEST_F(LinkFabric, TcpSurvivesAPartition) {
  // A round trip of 40 ms makes the transfer last for many of them, so that the cut falls into it.
  rig->fabric().add(latency("far", 20ms), {{0, 1}, {1, 0}});
  const auto cut_in_the_middle = [&] {
    const auto deadline = core::now() + 20s;
    while (rig->fabric().health().forwarded < 50 && core::now() < deadline) rig->loop().run_for(1ms);
    const auto handle = rig->fabric().add(partition("cut"), {{0, 1}, {1, 0}});
    const auto refused = [&] {
      const auto effects = rig->fabric().effect(handle);
      return effects.at(0).refused + effects.at(1).refused;
    };
    while (refused() < 3 && core::now() < deadline) rig->loop().run_for(1ms);
    rig->fabric().remove(handle);
    EXPECT_GE(refused(), 3u);
    for (const auto& effect : rig->fabric().effect(handle)) {
      EXPECT_EQ(effect.delivered, 0u);
      EXPECT_EQ(effect.offered, effect.refused);
    }
  };
  EXPECT_EQ(transfer(*rig, AF_INET, 16 << 20, cut_in_the_middle), 0);
}

TEST_F(LinkFabric, ThreeOnOneLinkEachWithItsOwnEvidence) {
  const os::Fd a = udp(0), b = udp(1);
  const auto slow = rig->fabric().add(latency("slow", 5ms), {{0, 1}});
  const auto lossy = rig->fabric().add(loss("lossy", 500'000'000), {{0, 1}});
  for (std::uint32_t i = 0; i < 100; ++i) send(a, 1, i);
  const auto cut = rig->fabric().add(partition("cut"), {{0, 1}});
  for (std::uint32_t i = 0; i < 40; ++i) send(a, 1, 1000 + i);
  std::uint32_t received = 0;
  while (receive(b, 100ms)) ++received;
  rig->fabric().remove(lossy);
  rig->fabric().remove(cut);
  for (std::uint32_t i = 0; i < 10; ++i) send(a, 1, 2000 + i);
  for (std::uint32_t i = 0; i < 10; ++i) EXPECT_EQ(receive(b, 3s), 2000 + i);
  rig->fabric().remove(slow);
  const auto delayed = rig->fabric().effect(slow).at(0), lost = rig->fabric().effect(lossy).at(0),
             refused = rig->fabric().effect(cut).at(0);
  // Where the fabric was when the cut came decides how many of the first hundred it still met; nothing is unaccounted.
  EXPECT_EQ(refused.offered, refused.refused);
  EXPECT_GE(refused.refused, 40u);
  EXPECT_EQ(lost.offered + refused.refused, 140u);
  EXPECT_EQ(lost.refused, lost.decided);
  EXPECT_EQ(lost.delivered, received);
  EXPECT_EQ(delayed.offered, lost.offered - lost.refused + 10);
  EXPECT_EQ(delayed.delayed, received + 10);
}

TEST_F(LinkFabric, RefusesLinksThatWereNotClaimed) {
  EXPECT_THROW(rig->fabric().add(partition("self"), {{1, 1}}), std::logic_error);
  EXPECT_THROW(rig->fabric().add(partition("nothing"), {}), std::logic_error);
}

TEST_F(LinkFabric, ItsDeathIsReported) {
  std::string how;
  rig->fabric().on_death([&](const std::string& text) { how = text; });
  ::kill(rig->fabric().pid(), SIGKILL);
  rig->loop().run_until([&] { return !how.empty(); }, core::now() + 3s);
  EXPECT_EQ(how, "its process was killed by SIGKILL");
  EXPECT_THROW(rig->fabric().add(partition("late"), {{0, 1}}), std::runtime_error);
  EXPECT_THROW(static_cast<void>(rig->fabric().health()), std::runtime_error);
}

TEST_F(LinkFabric, EndsWithTheProcessThatStartedIt) {
  os::Pipe pipe = os::make_pipe();
  const pid_t orchestrator = os::check("fork", ::fork());
  if (orchestrator == 0) {
    support::NetRig doomed(2);
    const pid_t fabric = doomed.fabric().pid();
    static_cast<void>(!::write(pipe.write.get(), &fabric, sizeof fabric));
    for (;;) ::pause();
  }
  pid_t fabric = 0;
  ASSERT_EQ(::read(pipe.read.get(), &fabric, sizeof fabric), static_cast<ssize_t>(sizeof fabric));
  const os::Pidfd watched = os::Pidfd::open(fabric);
  ::kill(orchestrator, SIGKILL);
  ::waitpid(orchestrator, nullptr, 0);
  EXPECT_TRUE(watched.wait_end(1000));
}

TEST_F(LinkFabric, HavingBeenStoppedIsNoticed) {
  EXPECT_EQ(rig->fabric().health().overload, "");
  ::kill(rig->fabric().pid(), SIGSTOP);
  std::this_thread::sleep_for(250ms);
  ::kill(rig->fabric().pid(), SIGCONT);
  EXPECT_THAT(rig->fabric().health().overload, testing::HasSubstr("the fabric stood still for"));
}

TEST_F(LinkFabric, WhatTheKernelDroppedIsNoticed) {
  const os::Fd a = udp(0), b = udp(1);
  ::kill(rig->fabric().pid(), SIGSTOP);
  for (std::uint32_t i = 0; i < 9000; ++i) send(a, 1, i);  // the queue holds 8192
  ::kill(rig->fabric().pid(), SIGCONT);
  std::uint32_t received = 0;
  while (receive(b, 200ms)) ++received;
  const auto health = rig->fabric().health();
  EXPECT_GT(health.kernel_drops, 0u);
  EXPECT_EQ(health.kernel_drops + received, 9000u);
  EXPECT_THAT(health.overload, testing::HasSubstr("that n1 sent were lost"));
}

TEST_F(LinkFabric, AnswersFast) {
  nanoseconds best = 1s;
  for (int i = 0; i < 20; ++i) {
    const auto start = core::now();
    rig->fabric().remove(rig->fabric().add(partition("quick"), {{0, 1}, {1, 0}}));
    best = std::min(best, core::now() - start);
  }
  EXPECT_LT(best, 2ms) << "three requests";
}

}  // namespace
}  // namespace withstand
