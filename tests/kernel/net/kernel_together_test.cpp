#include "kernel_fixture.hpp"
#include "support/model_checks.hpp"

/// Several faults on one link: what the queues and rules do together is what they do one by one.
namespace withstand::faults::testing {
namespace {

using namespace std::chrono_literals;

class KernelTogetherTest : public KernelNetTest {
 protected:
  spec::Value bandwidth(std::int64_t bits) { return spec::Value(spec::Bandwidth{bits}); }
  spec::Value bytes(std::int64_t count) { return spec::Value(spec::Bytes{count}); }
  /// How long so many packets of `bytes` of IP take from the first one sent to the last one received.
  std::chrono::duration<double> time_of(std::uint32_t packets, std::size_t bytes, std::uint16_t port = 7000) {
    const os::Fd from = udp(0), at = udp(1, port);
    const auto begin = core::now();
    for (std::uint32_t i = 0; i < packets; ++i) send(from, 1, i, bytes - 28, port);
    std::uint32_t came = 0;
    core::Instant last = begin;
    while (came < packets) {
      pollfd wanted{.fd = at.get(), .events = POLLIN, .revents = 0};
      if (::poll(&wanted, 1, 3000) <= 0) break;
      std::uint32_t number = 0;
      os::check("receive", ::recv(at.get(), &number, sizeof number, 0));
      last = core::now();
      ++came;
    }
    EXPECT_EQ(came, packets);
    return last - begin;
  }
};

constexpr std::uint32_t sent_packets = 20'000;

/// A copy meets what is behind it once, as any packet.
TEST_F(KernelTogetherTest, CopiesAreDelayedAndLostLikeOtherPackets) {
  auto& lossy = inject("network.loss", {{"loss", percent(10)}});
  auto& twice = inject("network.duplicate", {{"duplicate", percent(30)}});
  auto& slow = inject("network.latency", {{"delay", milliseconds(50)}});
  const auto times = arrivals(sent_packets, 2000ms);
  // No copy: 0.7; each packet is lost by itself.
  const double none = 0.7 * 0.1 + 0.3 * 0.01, two = 0.3 * 0.81;
  const auto share = [&](int count) {
    return static_cast<double>(std::count(times.begin(), times.end(), count)) / sent_packets;
  };
  const auto sigma = [](double p) { return std::sqrt(p * (1 - p) / sent_packets); };
  EXPECT_NEAR(share(0), none, 5 * sigma(none));
  EXPECT_NEAR(share(2), two, 5 * sigma(two));
  EXPECT_EQ(share(3), 0) << "a copy is not copied";
  for (auto* each : {&lossy, &twice, &slow}) EXPECT_TRUE(each->observe().took_effect()) << words(*each);
  const auto delays = rig_->links().effect(3).at(0);
  EXPECT_GE(delays.delay_min_ns, 50'000'000);
  EXPECT_LT(delays.delay_p50_ns, 90'000'000) << "copies are not delayed twice";
}

TEST_F(KernelTogetherTest, LossesOfSeveralFaultsMultiply) {
  auto& first = inject("network.loss", {{"loss", percent(20)}});
  auto& second = inject("network.loss", {{"loss", percent(10)}});
  support::expect_independent(lost(arrivals(sent_packets)), 1 - 0.8 * 0.9);
  for (auto* each : {&first, &second}) EXPECT_TRUE(each->observe().took_effect()) << words(*each);
}

/// Narrowed differently: who is on port 7000 meets both.
TEST_F(KernelTogetherTest, FaultsAreNarrowedEachByItself) {
  auto& lossy = inject("network.loss", {{"loss", percent(30)}, {"port", spec::Value(std::int64_t{7000})}});
  auto& slow = inject("network.latency", {{"delay", milliseconds(200)}});
  const os::Fd from = udp(0, 7001), at = udp(1, 7002);
  const auto begin = core::now();
  for (std::uint32_t i = 0; i < 100; ++i) send(from, 1, i, 4, 7002);
  EXPECT_EQ(receive(at, 1000ms).size(), 100U) << "none is lost of another port";
  EXPECT_GE(core::now() - begin, 200ms);
  support::expect_independent(lost(arrivals(sent_packets)), 0.3);
  for (auto* each : {&lossy, &slow}) EXPECT_TRUE(each->observe().took_effect()) << words(*each);
  const auto effect = rig_->links().effect(2).at(0);
  EXPECT_GE(effect.delay_min_ns, 200'000'000) << "in both of its queues";
}

TEST_F(KernelTogetherTest, TheSlowerOfTwoRatesIsTheRate) {
  inject("network.rate", {{"rate", bandwidth(8'000'000)}, {"queue", bytes(1'000'000)}});
  auto& slow = inject("network.rate", {{"rate", bandwidth(800'000)}, {"queue", bytes(1'000'000)}});
  const auto took = time_of(100, 1000);
  EXPECT_GE(took, 950ms) << "100 kB at 100 kB/s, but for a burst of one packet";
  EXPECT_LT(took, 1500ms);
  EXPECT_TRUE(slow.observe().took_effect()) << words(slow);
}

/// A packet of 100 bytes is a frame of 114; what is added above that is exact.
TEST_F(KernelTogetherTest, OverheadCountsForEachPacket) {
  auto& narrow =
      inject("network.rate", {{"rate", bandwidth(80'000)}, {"queue", bytes(1'000'000)}, {"overhead", bytes(38)}});
  const double expected = (200 * 138 - 1518) / 10'000.0;
  EXPECT_NEAR(time_of(200, 100).count(), expected, 0.2);
  EXPECT_EQ(rig_->links().effect(1).at(0).wire_bytes, 200U * 138);
  EXPECT_TRUE(narrow.observe().took_effect()) << words(narrow);
}

/// ATM: 48 bytes of each cell of 53 carry something.
TEST_F(KernelTogetherTest, PacketsTravelInCells) {
  auto& narrow = inject("network.rate", {{"rate", bandwidth(80'000)},
                                         {"queue", bytes(1'000'000)},
                                         {"overhead", bytes(8)},
                                         {"cell", bytes(48)},
                                         {"cell_overhead", bytes(5)}});
  const double expected = 100 * 3 * 53 / 10'000.0;
  EXPECT_NEAR(time_of(100, 90).count(), expected, 0.15) << "98 bytes take three cells";
  EXPECT_TRUE(narrow.observe().took_effect()) << words(narrow);
}

TEST_F(KernelTogetherTest, NothingLeavesBetweenSlots) {
  auto& slotted = inject("network.rate", {{"slot_min", milliseconds(100)},
                                          {"slot_max", milliseconds(100)},
                                          {"slot_packets", spec::Value(std::int64_t{5})}});
  const auto took = time_of(50, 100);
  EXPECT_GE(took, 900ms) << "ten slots of five packets";
  EXPECT_LT(took, 2000ms);
  EXPECT_TRUE(slotted.observe().took_effect()) << words(slotted);
}

/// A small packet from a super-packet of segmentation offload is no large one.
TEST_F(KernelTogetherTest, ASmallMtuLetsSmallSegmentsThrough) {
  inject("network.mtu", {{"mtu", bytes(1300)}});
  inject("network.latency", {{"delay", milliseconds(20)}, {"port", spec::Value(std::int64_t{7000})}});
  const os::Fd listener = rig_->socket(1, AF_INET, SOCK_STREAM), from = rig_->socket(0, AF_INET, SOCK_STREAM);
  const sockaddr_in there = address(1);
  const int segment = 1000;
  os::check("say a size", ::setsockopt(from.get(), IPPROTO_TCP, 2 /* TCP_MAXSEG */, &segment, sizeof segment));
  os::check("bind", ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there));
  os::check("listen", ::listen(listener.get(), 1));
  os::check("connect", ::connect(from.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there));
  const os::Fd at(os::check("accept", ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  const std::string all(200'000, 'x');
  os::set_nonblocking(from);
  std::string got(all.size(), ' ');
  std::size_t sent = 0, received = 0;
  const auto deadline = core::now() + 20s;
  while (received < all.size() && core::now() < deadline) {
    const auto more = ::send(from.get(), all.data() + sent, all.size() - sent, MSG_NOSIGNAL);
    if (more > 0) sent += static_cast<std::size_t>(more);
    pollfd wanted{.fd = at.get(), .events = POLLIN, .revents = 0};
    if (::poll(&wanted, 1, 20) > 0) received += static_cast<std::size_t>(::recv(at.get(), got.data(), got.size(), 0));
  }
  EXPECT_EQ(received, all.size());
  EXPECT_EQ(rig_->links().effect(1).at(0).refused, 0U);
  EXPECT_LE(rig_->links().effect(1).at(0).largest, 1060U);
  EXPECT_GE(rig_->links().effect(2).at(0).delay_min_ns, 20'000'000);
}

}  // namespace
}  // namespace withstand::faults::testing
