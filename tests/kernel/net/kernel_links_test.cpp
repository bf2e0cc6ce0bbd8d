#include <csignal>
#include <fcntl.h>
#include <optional>
#include <thread>
#include <unistd.h>

#include <sys/wait.h>

#include "core/undo_journal.hpp"
#include "kernel_fixture.hpp"
#include "lab/kernel_net/attached_interface.hpp"
#include "os/netem.hpp"
#include "os/network_namespace.hpp"
#include "os/traffic_control.hpp"

/// Each fault on interfaces that are not ours, its effect seen by sockets; and that nothing of others is touched.
namespace withstand::faults::testing {
namespace {

using namespace std::chrono_literals;

class KernelLinksTest : public KernelNetTest {
 protected:
  std::size_t arrived(std::uint32_t packets = 200) {
    const auto times = arrivals(packets);
    return static_cast<std::size_t>(std::count_if(times.begin(), times.end(), [](int each) { return each > 0; }));
  }
  /// How long one packet takes; nothing when it does not come within 10 s.
  std::optional<core::Instant> once(core::NodeId from, core::NodeId to) {
    const os::Fd out = udp(from, 7001), in = udp(to, 7002);
    const auto begin = core::now();
    send(out, to, 1, 4, 7002);
    pollfd wanted{.fd = in.get(), .events = POLLIN, .revents = 0};
    if (::poll(&wanted, 1, 10'000) <= 0) return std::nullopt;
    return core::now() - begin;
  }
  os::TrafficControl control(core::NodeId node) {
    std::optional<os::TrafficControl> made;
    rig_->network(node).visit([&] { made.emplace(); });
    return std::move(*made);
  }
};

TEST_F(KernelLinksTest, APartitionTakesOneDirectionAndEndsWithoutATrace) {
  const std::string before = rig_->picture(1);
  EXPECT_EQ(arrived(), 200U);
  auto& cut = inject("network.partition", {});
  EXPECT_EQ(arrived(), 0U);
  EXPECT_TRUE(once(1, 0)) << "the way back is whole";
  EXPECT_TRUE(cut.observe().took_effect()) << words(cut);
  cut.revert();
  EXPECT_EQ(arrived(), 200U);
  EXPECT_TRUE(cut.observe().took_effect()) << words(cut);
  EXPECT_EQ(rig_->picture(1).find(" ifb "), std::string::npos) << "an empty detour is closed: " << rig_->picture(1);
  EXPECT_EQ(rig_->picture(1), before);
}

TEST_F(KernelLinksTest, DelayIsMeasuredFromOutsideAndByTheWitnessAlike) {
  auto& slow = inject("network.latency", {{"delay", milliseconds(300)}});
  const auto took = once(0, 1);
  ASSERT_TRUE(took);
  EXPECT_GE(*took, 300ms);
  EXPECT_LT(*took, 600ms);
  arrivals(200, 2000ms);
  EXPECT_TRUE(slow.observe().took_effect()) << words(slow);
  const auto effect = rig_->links().effect(1).at(0);
  EXPECT_EQ(effect.delayed, effect.delivered);
  EXPECT_GE(effect.delay_min_ns, 300'000'000);
  EXPECT_EQ(effect.requested_mean_ns, 300'000'000);
}

TEST_F(KernelLinksTest, JitterKeepsOrderUnlessToldNotTo) {
  const os::Fd from = udp(0), at = udp(1);
  const auto in_order = [&](std::uint32_t count, std::chrono::milliseconds apart) {
    for (std::uint32_t i = 0; i < count; ++i) {
      send(from, 1, i);
      std::this_thread::sleep_for(apart);
    }
    const auto numbers = receive(at, 1500ms);
    EXPECT_EQ(numbers.size(), count);
    return std::is_sorted(numbers.begin(), numbers.end());
  };
  auto& kept = inject("network.latency", {{"delay", milliseconds(200)}, {"jitter", milliseconds(100)}});
  EXPECT_TRUE(in_order(60, 50ms)) << "closer together all would wait for the latest one before them";
  kept.revert();
  EXPECT_TRUE(kept.observe().took_effect()) << words(kept);
  auto& free =
      inject("network.latency", {{"delay", milliseconds(200)}, {"jitter", milliseconds(100)}, {"order", text("free")}});
  EXPECT_FALSE(in_order(300, 0ms));
  free.revert();
  EXPECT_TRUE(free.observe().took_effect()) << words(free);
}

TEST_F(KernelLinksTest, FaultsOnOneLinkComposeAndEndByThemselves) {
  auto& slow = inject("network.latency", {{"delay", milliseconds(100)}});
  auto& slower = inject("network.latency", {{"delay", milliseconds(200)}});
  EXPECT_GE(once(0, 1).value_or(0ms), 300ms);
  auto& lossy = inject("network.loss", {{"loss", percent(50)}});
  const auto through = arrived(1000);
  EXPECT_NEAR(static_cast<double>(through), 500, 6 * 15.8);
  slow.revert();
  lossy.revert();
  const auto left = once(0, 1).value_or(0ms);
  EXPECT_GE(left, 200ms);
  EXPECT_EQ(arrived(), 200U);
  slower.revert();
  for (auto* each : {&slow, &slower, &lossy}) EXPECT_TRUE(each->observe().took_effect()) << words(*each);
}

TEST_F(KernelLinksTest, DamageIsFoundByTheReceiver) {
  auto& damaged = inject("network.corrupt", {{"corrupt", percent(50)}, {"where", text("anywhere")}});
  EXPECT_LT(arrived(1000), 700U) << "most bits of so small a packet are covered by checksums";
  EXPECT_TRUE(damaged.observe().took_effect()) << words(damaged);
}

TEST_F(KernelLinksTest, ChosenPacketsOvertake) {
  auto& order =
      inject("network.reorder", {{"reorder", percent(25)}, {"hold", milliseconds(100)}, {"held", text("others")}});
  const os::Fd from = udp(0), at = udp(1);
  for (std::uint32_t i = 0; i < 300; ++i) send(from, 1, i);
  const auto numbers = receive(at, 1500ms);
  EXPECT_EQ(numbers.size(), 300U);
  EXPECT_FALSE(std::is_sorted(numbers.begin(), numbers.end()));
  order.revert();
  EXPECT_TRUE(order.observe().took_effect()) << words(order);
}

TEST_F(KernelLinksTest, ARateIsKept) {
  auto& narrow = inject("network.rate", {{"rate", spec::Value(spec::Bandwidth{800'000})},
                                         {"queue", spec::Value(spec::Bytes{1'000'000})}});
  const os::Fd from = udp(0), at = udp(1);
  const auto begin = core::now();
  for (std::uint32_t i = 0; i < 200; ++i) send(from, 1, i, 972);  // 1000 bytes of IP each
  const auto sending = core::now() - begin;                       // the last one waits so much less
  EXPECT_EQ(receive(at, 1500ms).size(), 200U);
  EXPECT_GE(core::now() - begin, 1900ms);
  narrow.revert();
  const auto effect = rig_->links().effect(1).at(0);
  EXPECT_EQ(effect.delivered, 200U);
  EXPECT_EQ(effect.wire_bytes, 200'000U) << "of IP, not of frames";
  EXPECT_GE(effect.delay_max_ns, (1900ms - sending) / 1ns) << "200 kB at 100 kB/s";
  EXPECT_LT(effect.delay_max_ns, 3'000'000'000);
  EXPECT_TRUE(narrow.observe().took_effect()) << words(narrow);
}

TEST_F(KernelLinksTest, AFullQueueLoses) {
  auto& narrow = inject("network.rate",
                        {{"rate", spec::Value(spec::Bandwidth{800'000})}, {"queue", spec::Value(spec::Bytes{20'000})}});
  const os::Fd from = udp(0), at = udp(1);
  for (std::uint32_t i = 0; i < 100; ++i) send(from, 1, i, 972);
  const auto numbers = receive(at, 1000ms);
  EXPECT_NEAR(static_cast<double>(numbers.size()), 21, 6);
  const auto effect = rig_->links().effect(1).at(0);
  EXPECT_EQ(effect.refused + numbers.size(), 100U);
  EXPECT_TRUE(narrow.observe().took_effect()) << words(narrow);
}

TEST_F(KernelLinksTest, NarrowingPicksPortsAndProtocols) {
  auto& cut = inject("network.partition", {{"protocol", text("udp")}, {"port", spec::Value(std::int64_t{7000})}});
  EXPECT_EQ(arrived(), 0U);
  EXPECT_TRUE(once(0, 1)) << "port 7002";
  cut.revert();
  EXPECT_TRUE(cut.observe().took_effect()) << words(cut);
}

TEST_F(KernelLinksTest, IPv6IsTheSameLink) {
  inject("network.partition", {});
  os::Fd from = rig_->socket(0, AF_INET6, SOCK_DGRAM), at = rig_->socket(1, AF_INET6, SOCK_DGRAM);
  sockaddr_in6 there{};
  there.sin6_family = AF_INET6;
  there.sin6_port = htons(7000);
  ::inet_pton(AF_INET6, rig_->topology().at(1).address6.c_str(), &there.sin6_addr);
  os::check("bind", ::bind(at.get(), reinterpret_cast<sockaddr*>(&there), sizeof there));
  const std::uint32_t number = 7;
  const auto say = [&] {
    os::check("send",
              ::sendto(from.get(), &number, sizeof number, 0, reinterpret_cast<sockaddr*>(&there), sizeof there));
  };
  say();
  EXPECT_TRUE(receive(at, 500ms).empty());
  injections_.clear();
  rig_->links().remove(1);
  say();
  EXPECT_EQ(receive(at, 2000ms).size(), 1U);
}

TEST_F(KernelLinksTest, SuperPacketsAreCutAndDecidedPacketByPacket) {
  auto& lossy = inject("network.loss", {{"loss", percent(2)}});
  os::Fd listener = rig_->socket(1, AF_INET, SOCK_STREAM), from = rig_->socket(0, AF_INET, SOCK_STREAM);
  const sockaddr_in there = address(1);
  os::check("bind", ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there));
  os::check("listen", ::listen(listener.get(), 1));
  os::check("connect", ::connect(from.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there));
  const os::Fd at(os::check("accept", ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  os::set_nonblocking(from);
  const std::string block(1 << 16, 'x');
  std::string got(1 << 16, ' ');
  std::size_t sent = 0, received = 0;
  const std::size_t all = 4 << 20;
  const auto deadline = core::now() + 60s;
  while (received < all && core::now() < deadline) {
    if (sent < all) {
      const auto more = ::send(from.get(), block.data(), std::min(block.size(), all - sent), MSG_NOSIGNAL);
      if (more > 0) sent += static_cast<std::size_t>(more);
    }
    pollfd wanted{.fd = at.get(), .events = POLLIN, .revents = 0};
    if (::poll(&wanted, 1, 20) > 0) received += static_cast<std::size_t>(::recv(at.get(), got.data(), got.size(), 0));
  }
  EXPECT_EQ(received, all);
  const auto effect = rig_->links().effect(1).at(0);
  EXPECT_GT(effect.offered, all / 1500) << "64 KiB at once would be far fewer";
  EXPECT_TRUE(lossy.observe().took_effect()) << words(lossy);
}

TEST_F(KernelLinksTest, WhatTheKernelCannotDoIsRefusedAndNothingIsChanged) {
  const std::string before = rig_->picture(1);
  EXPECT_THROW(inject("network.loss", {{"loss", percent(0.3)}, {"correlation", percent(25)}}), core::CannotAim);
  EXPECT_EQ(rig_->picture(1), before);
  inject("network.duplicate", {{"duplicate", percent(50)}});
  EXPECT_THROW(inject("network.duplicate", {{"duplicate", percent(50)}}), core::CannotAim);
  EXPECT_THROW(inject("network.loss", {{"p", percent(1)}, {"r", percent(20)}}), core::CannotAim);
  EXPECT_GT(arrivals(100).size(), 0U);
}

/// Somebody else's queue and filter on the same interface do their work meanwhile, and are the same afterwards.
TEST_F(KernelLinksTest, ForeignQueuesAndFiltersAreNotTouched) {
  rig_->detach();
  auto foreign = control(1);
  const int eth0 = foreign.interface("eth0")->index;
  foreign.add_qdisc(eth0, os::tc_root, os::tc_handle(0x77), "netem", os::netem_options({.delay = 150ms}));
  foreign.add_qdisc(eth0, os::tc_clsact, os::tc_handle(0xffff), "clsact", {});
  const int sink = foreign.add_ifb("foreign0", "somebody's", 1500);
  foreign.bring_up(sink);
  os::FlowerFilter theirs;
  theirs.source = {198, 18, 0, 1};
  theirs.protocol = IPPROTO_UDP;
  theirs.destination_port = 7002;
  theirs.redirect_to = sink;
  foreign.add_filter(eth0, os::tc_ingress_hook, 10, 1, theirs);
  const std::string before = rig_->picture(1);
  rig_->attach("second");
  lab_ = std::make_unique<support::RigLab>(rig_->loop(), rig_->topology(), rig_->links());
  auto& cut = inject("network.partition", {});
  EXPECT_EQ(arrived(), 0U);
  EXPECT_GE(once(1, 0).value_or(0ms), 150ms) << "their delay on the way out";
  cut.revert();
  EXPECT_GE(once(1, 0).value_or(0ms), 150ms);
  EXPECT_EQ(arrived(), 200U);
  injections_.clear();
  rig_->detach();
  EXPECT_EQ(rig_->picture(1), before);
}

TEST_F(KernelLinksTest, AFilterThatWouldBePassedByIsRefused) {
  rig_->detach();
  auto foreign = control(1);
  const int eth0 = foreign.interface("eth0")->index;
  foreign.add_qdisc(eth0, os::tc_clsact, os::tc_handle(0xffff), "clsact", {});
  os::FlowerFilter late;
  late.source = {198, 18, 0, 1};
  late.redirect_to = eth0;
  foreign.add_filter(eth0, os::tc_ingress_hook, 0xff80, 1, late);
  try {
    rig_->attach("second");
    FAIL() << "it was not refused";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("it has a filter of priority 65408"));
  }
}

TEST_F(KernelLinksTest, TwoRunsDoNotImpairOneInterface) {
  inject("network.latency", {{"delay", milliseconds(10)}});
  try {
    lab::kernel::AttachedInterface second(rig_->network(1), "eth0", "second");
    FAIL() << "it was not refused";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("it is impaired by another run (withstand test)"));
  }
}

TEST_F(KernelLinksTest, ConnectionsCannotBeFollowed) {
  EXPECT_THROW(rig_->links().add_stream({}, {link}), core::CannotAim);
}

/// Its owner may take an interface away at any time: what was seen stays seen, and what ends, ends.
TEST_F(KernelLinksTest, AnInterfaceThatGoesAwayIsNoFailureOfTheHarness) {
  auto& lossy = inject("network.loss", {{"loss", percent(50)}});
  auto& slow = inject("network.latency", {{"delay", milliseconds(10)}});
  arrivals(200);
  const auto before = rig_->links().effect(1).at(0);
  EXPECT_GT(before.offered, 0U);
  auto owner = control(1);
  const int eth0 = owner.interface("eth0")->index;
  owner.remove_interface(eth0);
  try {
    inject("network.latency", {{"delay", milliseconds(10)}});
    FAIL() << "there is nothing left that it could be done to";
  } catch (const core::CannotAim& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("interface eth0"));
    EXPECT_THAT(error.what(), ::testing::HasSubstr("is gone"));
  }
  slow.revert();
  lossy.revert();
  EXPECT_GE(rig_->links().effect(1).at(0).offered, before.offered);
  EXPECT_TRUE(lossy.observe().took_effect()) << words(lossy);
  // One with its name is another's: nothing of it is touched.
  const int other = owner.add_ifb("eth0", "somebody's", 1500);
  owner.bring_up(other);
  owner.add_qdisc(other, os::tc_clsact, os::tc_handle(0xffff), "clsact", {});
  injections_.clear();
  rig_->detach();
  EXPECT_EQ(owner.interface("eth0")->alias, "somebody's");
  const auto queues = owner.qdiscs(other);
  EXPECT_TRUE(std::any_of(queues.begin(), queues.end(), [](const auto& queue) { return queue.kind == "clsact"; }));
  EXPECT_EQ(rig_->picture(1).find("ws"), std::string::npos) << rig_->picture(1);
}

/// kill -9 in the midst of it: whoever reads the undo journal then finds all of it, and only that.
TEST_F(KernelLinksTest, WhatAKilledHarnessLeftIsUndone) {
  rig_->detach();
  const std::string clean = rig_->picture(1);
  os::Pipe pipe = os::make_pipe();
  const pid_t child = os::check("fork", ::fork());
  if (child == 0) {
    rig_->attach("killed");
    core::Impairment slow;
    slow.kind = core::Impairment::Kind::latency;
    slow.settings.delay.delay = 100ms;
    rig_->links().add(slow, {link, back});
    static_cast<void>(::write(pipe.write.get(), "r", 1));
    for (;;) ::pause();
  }
  char word = 0;
  ASSERT_EQ(::read(pipe.read.get(), &word, 1), 1);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_NE(rig_->picture(1), clean);
  EXPECT_GE(once(0, 1).value_or(0ms), 100ms) << "the fault outlives its harness";
  for (core::NodeId node = 0; node < 2; ++node) {
    const int eth0 = control(node).interface("eth0")->index;
    core::DetourTraces traces{rig_->path(node), rig_->network(node).identity(), "eth0", eth0, "killed", true};
    EXPECT_NE(core::detours_left(traces), "");
    traces.network = "/nowhere";  // its name is gone: it is found by a process that lives in it
    EXPECT_EQ(core::undo_detours(traces), "");
    EXPECT_EQ(core::undo_detours(traces), "") << "again";
    EXPECT_EQ(core::detours_left(traces), "");
  }
  EXPECT_EQ(rig_->picture(1), clean);
  EXPECT_EQ(arrived(), 200U);
}

TEST_F(KernelLinksTest, EverythingIsAnnouncedBeforeItIsMade) {
  ASSERT_EQ(rig_->announced().size(), 2U);
  for (const auto& traces : rig_->announced()) {
    EXPECT_EQ(traces.owner, "test");
    EXPECT_EQ(traces.interface, "eth0");
    EXPECT_TRUE(traces.made_hook);
  }
}

}  // namespace
}  // namespace withstand::faults::testing
