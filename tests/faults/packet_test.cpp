#include <bit>
#include <fcntl.h>
#include <sched.h>
#include <set>
#include <sstream>
#include <thread>
#include <unistd.h>

#include "packet_fixture.hpp"

/// Each fault on packets, as sockets of the nodes see it.
namespace withstand::faults::testing {
namespace {

using namespace std::chrono_literals;

TEST_F(PacketFaultTest, RateLetsThroughWhatItWasAskedForAndNoMore) {
  const os::Fd a = udp(0), b = udp(1);
  auto& narrow = inject("network.rate", {{"rate", mbits(8)}, {"queue", bytes(1 << 20)}});
  constexpr std::uint32_t packets = 300;
  const auto begin = core::now();
  for (std::uint32_t i = 0; i < packets; ++i) send_numbered(a, 1, i, 972);  // 1000 bytes of IP packet: 1 ms each
  for (std::uint32_t i = 0; i < packets; ++i) ASSERT_EQ(receive_number(b, 3s), i);
  const auto took = core::now() - begin;
  EXPECT_GE(took, 300ms);
  EXPECT_LT(took, 330ms);
  EXPECT_TRUE(narrow.observe().took_effect()) << narrow.observe().objection();
  narrow.revert();
  send_numbered(a, 1, 7);
  EXPECT_EQ(receive_number(b, 3s), 7u);
}

TEST_F(PacketFaultTest, RateCountsOverheadAndLosesTheTailOfAFullQueue) {
  const os::Fd a = udp(0), b = udp(1);
  auto& narrow = inject("network.rate", {{"rate", mbits(8)}, {"queue", bytes(20'000)}, {"overhead", bytes(1000)}});
  const auto begin = core::now();
  for (std::uint32_t i = 0; i < 300; ++i) send_numbered(a, 1, i, 972);
  const auto arrived = receive_all(b);
  const auto took = core::now() - begin - 300ms;
  EXPECT_GE(arrived.size(), 20u);
  EXPECT_LT(arrived.size(), 40u) << "the queue holds twenty";
  EXPECT_GE(took, 40ms) << "twice as long with the overhead";
  EXPECT_TRUE(narrow.observe().took_effect()) << narrow.observe().objection();
}

TEST_F(PacketFaultTest, RateDeliversInSlots) {
  const os::Fd a = udp(0), b = udp(1);
  auto& slotted = inject("network.rate", {{"slot_min", milliseconds(50)}, {"slot_packets", number(2)}});
  for (std::uint32_t i = 0; i < 6; ++i) send_numbered(a, 1, i);
  std::vector<core::Instant> arrivals;
  for (std::uint32_t i = 0; i < 6; ++i) {
    ASSERT_EQ(receive_number(b, 3s), i);
    arrivals.push_back(core::now());
  }
  for (std::size_t i = 0; i < 6; i += 2) EXPECT_LT(arrivals[i + 1] - arrivals[i], 25ms);
  for (std::size_t i = 1; i < 5; i += 2) EXPECT_GT(arrivals[i + 1] - arrivals[i], 25ms);
  EXPECT_TRUE(slotted.observe().took_effect()) << slotted.observe().objection();
}

/// The congestion bits (RFC 3168 §5) of the next datagrams.
std::vector<int> marks(const os::Fd& at, int datagrams) {
  const int yes = 1;
  os::check("ask for them", ::setsockopt(at.get(), IPPROTO_IP, IP_RECVTOS, &yes, sizeof yes));
  std::vector<int> seen;
  for (int i = 0; i < datagrams; ++i) {
    char data[2000];
    alignas(cmsghdr) char control[64];
    iovec part{data, sizeof data};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    os::check("receive", ::recvmsg(at.get(), &message, 0));
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    seen.push_back(header == nullptr ? -1 : *CMSG_DATA(header) & 3);
  }
  return seen;
}

constexpr int capable = 2;  // ECT(0)

TEST_F(PacketFaultTest, RateMarksCongestionForThoseWhoKnowMarks) {
  const os::Fd a = udp(0), b = udp(1);
  auto& narrow = inject("network.rate", {{"rate", mbits(8)}, {"mark_above", milliseconds(5)}});
  os::check("set the traffic class", ::setsockopt(a.get(), IPPROTO_IP, IP_TOS, &capable, sizeof capable));
  marks(b, 0);
  for (std::uint32_t i = 0; i < 20; ++i) send_numbered(a, 1, i, 972);
  const auto seen = marks(b, 20);
  EXPECT_EQ(seen.front(), capable);
  EXPECT_EQ(seen.back(), 3);
  EXPECT_TRUE(narrow.observe().took_effect()) << narrow.observe().objection();
}

TEST_F(PacketFaultTest, LossMarksInsteadOfDroppingForThoseWhoKnowMarks) {
  const os::Fd a = udp(0), b = udp(1);
  auto& marking = inject("network.loss", {{"loss", ratio(100)}, {"mark", spec::Value(true)}});
  marks(b, 0);
  send_numbered(a, 1, 1);  // knows none
  os::check("set the traffic class", ::setsockopt(a.get(), IPPROTO_IP, IP_TOS, &capable, sizeof capable));
  send_numbered(a, 1, 2);
  EXPECT_EQ(marks(b, 1), std::vector<int>{3});
  EXPECT_FALSE(receive(b, 100ms));
  EXPECT_TRUE(marking.observe().took_effect()) << marking.observe().objection();
}

TEST_F(PacketFaultTest, DuplicateDeliversEachChosenPacketAgain) {
  const os::Fd a = udp(0), b = udp(1);
  auto& twice = inject("network.duplicate", {{"duplicate", ratio(100)}, {"copies", number(2)}});
  for (std::uint32_t i = 0; i < 50; ++i) send_numbered(a, 1, i);
  std::map<std::uint32_t, int> times;
  for (const auto seen : receive_all(b)) ++times[seen];
  EXPECT_EQ(times.size(), 50u);
  for (const auto& [seen, count] : times) EXPECT_EQ(count, 3) << seen;
  EXPECT_TRUE(twice.observe().took_effect()) << twice.observe().objection();
}

TEST_F(PacketFaultTest, DuplicateTakesItsShare) {
  const os::Fd a = udp(0), b = udp(1);
  auto& some = inject("network.duplicate", {{"duplicate", ratio(30)}});
  for (std::uint32_t i = 0; i < 2000; ++i) send_numbered(a, 1, i);
  const auto arrived = receive_all(b);
  EXPECT_NEAR(static_cast<double>(arrived.size()), 2600, 6 * 20.5);  // sd of 2000 draws of 0.3
  EXPECT_EQ(std::set<std::uint32_t>(arrived.begin(), arrived.end()).size(), 2000u);
  EXPECT_TRUE(some.observe().took_effect()) << some.observe().objection();
}

/// Of the node's kernel, counted where a checksum was found wrong.
std::uint64_t bad_checksums(const support::NetRig& rig, core::NodeId node) {
  const auto made = support::descriptors_from_child([&] {
    os::check("enter the node's network", ::setns(rig.network_namespace(node).get(), CLONE_NEWNET));
    std::vector<os::Fd> fds;
    fds.emplace_back(os::check("open its counters", ::open("/proc/thread-self/net/snmp", O_RDONLY | O_CLOEXEC)));
    return fds;
  });
  std::string text(65536, '\0');
  text.resize(static_cast<std::size_t>(os::check("read", ::read(made.at(0).get(), text.data(), text.size()))));
  std::istringstream lines(text);
  for (std::string names, values; std::getline(lines, names) && std::getline(lines, values);) {
    if (!names.starts_with("Udp:")) continue;
    std::istringstream name(names), value(values);
    for (std::string one, other; name >> one && value >> other;)
      if (one == "InCsumErrors") return std::stoull(other);
  }
  return 0;
}

TEST_F(PacketFaultTest, CorruptIsFoundOutByTheReceiversKernel) {
  const os::Fd a = udp(0), b = udp(1);
  auto& bad = inject("network.corrupt", {{"corrupt", ratio(100)}});
  for (std::uint32_t i = 0; i < 40; ++i) send_numbered(a, 1, i, 500);
  EXPECT_TRUE(receive_all(b).empty());
  EXPECT_EQ(bad_checksums(*rig_, 1), 40u);
  EXPECT_TRUE(bad.observe().took_effect()) << bad.observe().objection();
  bad.revert();
  send_numbered(a, 1, 7);
  EXPECT_EQ(receive_number(b, 3s), 7u);
}

TEST_F(PacketFaultTest, CorruptWithRepairedChecksumsReachesTheApplication) {
  const os::Fd a = udp(0), b = udp(1);
  auto& bad =
      inject("network.corrupt", {{"corrupt", ratio(100)}, {"bits", number(3)}, {"repair_checksum", spec::Value(true)}});
  const std::string sent(700, 'u');
  for (int i = 0; i < 40; ++i) {
    send(a, 1, sent);
    const auto got = receive(b, 3s);
    ASSERT_TRUE(got);
    ASSERT_EQ(got->size(), sent.size());
    int flipped = 0;
    for (std::size_t k = 0; k < sent.size(); ++k)
      flipped += std::popcount(static_cast<unsigned>(static_cast<unsigned char>(sent[k] ^ (*got)[k])));
    EXPECT_EQ(flipped, 3);
  }
  EXPECT_EQ(bad_checksums(*rig_, 1), 0u);
  EXPECT_TRUE(bad.observe().took_effect()) << bad.observe().objection();
}

TEST_F(PacketFaultTest, ReorderLetsLaterPacketsOvertake) {
  const os::Fd a = udp(0), b = udp(1);
  auto& jumbled = inject("network.reorder", {{"reorder", ratio(30)}, {"hold", milliseconds(30)}});
  for (std::uint32_t i = 0; i < 200; ++i) {
    send_numbered(a, 1, i);
    std::this_thread::sleep_for(1ms);
  }
  const auto arrived = receive_all(b);
  ASSERT_EQ(arrived.size(), 200u);
  EXPECT_EQ(std::set<std::uint32_t>(arrived.begin(), arrived.end()).size(), 200u) << "none lost, none doubled";
  std::uint32_t highest = 0;
  int late = 0;
  for (const auto seen : arrived) {
    late += seen < highest;
    highest = std::max(highest, seen);
  }
  EXPECT_NEAR(late, 60, 6 * 6.5);  // of 200, each with 0.3: exceeded once in 5e8 seeds
  EXPECT_TRUE(jumbled.observe().took_effect()) << jumbled.observe().objection();
}

TEST_F(PacketFaultTest, ReorderByOvertakingHoldsEverybodyElse) {
  const os::Fd a = udp(0), b = udp(1);
  inject("network.reorder",
         {{"reorder", ratio(100)}, {"hold", milliseconds(40)}, {"held", text("others")}, {"gap", number(5)}});
  for (std::uint32_t i = 1; i <= 10; ++i) send_numbered(a, 1, i);
  const auto arrived = receive_all(b);
  EXPECT_EQ(arrived, (std::vector<std::uint32_t>{5, 10, 1, 2, 3, 4, 6, 7, 8, 9}));
}

TEST_F(PacketFaultTest, MtuSwallowsLargePacketsOnly) {
  const os::Fd a = udp(0), b = udp(1);
  auto& hole = inject("network.mtu", {{"mtu", bytes(1280)}});
  send_numbered(a, 1, 1, 1280 - 28);
  send_numbered(a, 1, 2, 1281 - 28);
  send_numbered(a, 1, 3, 100);
  EXPECT_EQ(receive_all(b), (std::vector<std::uint32_t>{1, 3}));
  EXPECT_TRUE(hole.observe().took_effect()) << hole.observe().objection();
}

TEST_F(PacketFaultTest, TimeToLiveRunsOut) {
  const os::Fd a = udp(0), b = udp(1);
  auto& loop = inject("network.ttl", {{"hops", number(10)}});
  const int yes = 1;
  os::check("ask for it", ::setsockopt(b.get(), IPPROTO_IP, IP_RECVTTL, &yes, sizeof yes));
  for (const int hops : {10, 11, 64}) {
    os::check("set the time to live", ::setsockopt(a.get(), IPPROTO_IP, IP_TTL, &hops, sizeof hops));
    send_numbered(a, 1, static_cast<std::uint32_t>(hops));
  }
  EXPECT_EQ(receive_all(b), (std::vector<std::uint32_t>{11, 64}));
  EXPECT_TRUE(loop.observe().took_effect()) << loop.observe().objection();
}

TEST_F(PacketFaultTest, NarrowedToAPortItLeavesOthersAlone) {
  const os::Fd a = udp(0), b = udp(1), c = udp(1, 7001);
  auto& twice =
      inject("network.duplicate", {{"duplicate", ratio(100)}, {"protocol", text("udp")}, {"port", number(7001)}});
  send(a, 1, "other");
  send(a, 1, "hit", 7001);
  EXPECT_EQ(receive(b, 3s), "other");
  EXPECT_FALSE(receive(b, 100ms));
  EXPECT_EQ(receive(c, 3s), "hit");
  EXPECT_EQ(receive(c, 3s), "hit");
  const auto evidence = twice.observe();
  EXPECT_TRUE(evidence.took_effect()) << evidence.objection();
}

TEST_F(PacketFaultTest, ManyFaultsOnOneLinkEachKeepTheirAccount) {
  const os::Fd a = udp(0), b = udp(1);
  auto& jumbled = inject("network.reorder", {{"reorder", ratio(20)}, {"hold", milliseconds(10)}});
  auto& twice = inject("network.duplicate", {{"duplicate", ratio(25)}});
  auto& narrow = inject("network.rate", {{"rate", mbits(4)}, {"queue", bytes(1 << 20)}});
  auto& bad = inject("network.corrupt", {{"corrupt", ratio(20)}, {"repair_checksum", spec::Value(true)}});
  auto& lossy = inject("network.loss", {{"loss", ratio(20)}});
  auto& slow = inject("network.latency", {{"delay", milliseconds(5)}, {"jitter", milliseconds(2)}});
  for (std::uint32_t i = 0; i < 400; ++i) send_numbered(a, 1, i, 472);
  EXPECT_GT(receive_all(b).size(), 300u);
  for (core::Injection* one : {&slow, &jumbled, &bad, &twice, &lossy, &narrow}) {
    one->revert();
    EXPECT_TRUE(one->observe().took_effect()) << one->observe().objection();
  }
  send_numbered(a, 1, 7);
  EXPECT_EQ(receive_number(b, 3s), 7u);
}

}  // namespace
}  // namespace withstand::faults::testing
