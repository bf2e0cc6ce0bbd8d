#include <csignal>
#include <optional>
#include <unistd.h>

#include <sys/wait.h>

#include "core/undo_journal.hpp"
#include "kernel_fixture.hpp"
#include "os/nftables.hpp"
#include "os/traffic_control.hpp"

/// What rules do on interfaces that are not ours, seen by sockets; and that no table of others is touched.
namespace withstand::faults::testing {
namespace {

using namespace std::chrono_literals;

class KernelRulesTest : public KernelNetTest {
 protected:
  /// All that nftables holds in a node's network, without counters.
  [[nodiscard]] std::string ruleset(core::NodeId node) const {
    std::string text;
    rig_->network(node).visit([&] { text = os::Nftables().ask("list", "list ruleset"); });
    return text;
  }
  void tell(core::NodeId node, const std::string& commands) const {
    rig_->network(node).visit([&] { os::Nftables().run("add somebody's", commands); });
  }
  /// A packet of so many bytes of IP gets through.
  bool passes(std::size_t bytes, std::chrono::milliseconds patience = 500ms) {
    const os::Fd from = udp(0), at = udp(1);
    send(from, 1, 1, bytes - 28);
    return !receive(at, patience).empty();
  }
  /// errno of an attempt to connect to n2; 0 when it did; ETIMEDOUT when nothing came within a second.
  int connects(std::uint16_t port) {
    const os::Fd from = rig_->socket(0, AF_INET, SOCK_STREAM);
    os::set_nonblocking(from);
    const sockaddr_in there = address(1, port);
    if (::connect(from.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    pollfd wanted{.fd = from.get(), .events = POLLOUT, .revents = 0};
    if (::poll(&wanted, 1, 1000) <= 0) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    os::check("ask", ::getsockopt(from.get(), SOL_SOCKET, SO_ERROR, &error, &size));
    return error;
  }
  [[nodiscard]] os::Fd listener(std::uint16_t port) const {
    os::Fd socket = rig_->socket(1, AF_INET, SOCK_STREAM);
    const int yes = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const sockaddr_in own = address(1, port);
    os::check("bind", ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own));
    os::check("listen", ::listen(socket.get(), 16));
    return socket;
  }
  core::StreamSettings refusal(std::uint16_t port, bool silent) const {
    core::StreamSettings asked;
    asked.action = core::StreamSettings::Action::refuse;
    asked.port = port;
    asked.silent = silent;
    return asked;
  }
};

TEST_F(KernelRulesTest, LargePacketsVanish) {
  const std::string rules = ruleset(1);
  auto& hole = inject("network.mtu", {{"mtu", spec::Value(spec::Bytes{600})}});
  EXPECT_TRUE(passes(600));
  EXPECT_FALSE(passes(601));
  EXPECT_FALSE(passes(1400));
  EXPECT_TRUE(hole.observe().took_effect()) << words(hole);
  hole.revert();
  EXPECT_TRUE(passes(1400));
  EXPECT_TRUE(hole.observe().took_effect()) << words(hole);
  const auto effect = rig_->links().effect(1).at(0);
  EXPECT_EQ(effect.refused, 2U);
  EXPECT_EQ(effect.largest, 600U);
  injections_.clear();
  rig_->detach();
  EXPECT_EQ(rig_->picture(1).find("ws"), std::string::npos) << rig_->picture(1);
  EXPECT_EQ(ruleset(1), rules);
}

TEST_F(KernelRulesTest, HopsAreTakenAndRunOut) {
  auto& loop = inject("network.ttl", {{"hops", spec::Value(std::int64_t{10})}});
  const os::Fd from = udp(0), at = udp(1);
  const int yes = 1;
  os::check("ask for hops", ::setsockopt(at.get(), IPPROTO_IP, IP_RECVTTL, &yes, sizeof yes));
  const auto arrives_with = [&](int sent) {
    os::check("say hops", ::setsockopt(from.get(), IPPROTO_IP, IP_TTL, &sent, sizeof sent));
    send(from, 1, 1);
    pollfd wanted{.fd = at.get(), .events = POLLIN, .revents = 0};
    if (::poll(&wanted, 1, 500) <= 0) return -1;
    std::uint32_t number = 0;
    alignas(cmsghdr) char control[64];
    iovec part{&number, sizeof number};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    os::check("receive", ::recvmsg(at.get(), &message, 0));
    int hops = -2;
    if (const cmsghdr* head = CMSG_FIRSTHDR(&message)) std::memcpy(&hops, CMSG_DATA(head), sizeof hops);
    return hops;
  };
  EXPECT_EQ(arrives_with(64), 54);
  EXPECT_EQ(arrives_with(255), 245);
  EXPECT_EQ(arrives_with(11), 1);
  EXPECT_EQ(arrives_with(10), -1);
  const auto effect = rig_->links().effect(1).at(0);
  EXPECT_EQ(effect.refused, 1U);
  EXPECT_EQ(effect.delivered, 3U);
  EXPECT_EQ(effect.least_hops_taken, 10U);
  EXPECT_TRUE(loop.observe().took_effect()) << words(loop);
  loop.revert();
  EXPECT_EQ(arrives_with(64), 64);
}

TEST_F(KernelRulesTest, ConnectionsAreRefusedAtOnce) {
  const os::Fd server = listener(7100), other = listener(7101);
  EXPECT_EQ(connects(7100), 0);
  auto& links = rig_->links();
  const auto handle = links.add_stream({.fault = "no", .settings = refusal(7100, false)}, {link});
  EXPECT_EQ(connects(7100), ECONNREFUSED);
  EXPECT_EQ(connects(7100), ECONNREFUSED);
  EXPECT_EQ(connects(7101), 0) << "another port";
  const auto effect = links.stream_effect(handle).at(0);
  EXPECT_EQ(effect.opening, 2U);
  EXPECT_EQ(effect.opened, 0U);
  EXPECT_EQ(effect.told_client, 2U);
  links.remove(handle);
  EXPECT_EQ(connects(7100), 0);
  EXPECT_EQ(links.stream_effect(handle).at(0).opening, 2U) << "what was counted stays";
}

TEST_F(KernelRulesTest, ASilentRefusalIsNotAnswered) {
  const os::Fd server = listener(7100);
  auto& links = rig_->links();
  const auto handle = links.add_stream({.fault = "no", .settings = refusal(0, true)}, {link});
  EXPECT_EQ(connects(7100), ETIMEDOUT);
  const auto effect = links.stream_effect(handle).at(0);
  EXPECT_EQ(effect.opening, 1U) << "said twice, it is the same connection";
  EXPECT_EQ(effect.told_client, 0U);
}

/// Who has not been answered is new; who has is not.
TEST_F(KernelRulesTest, NarrowingTellsNewConnectionsFromOthers) {
  const os::Fd server = listener(7100);
  const os::Fd from = rig_->socket(0, AF_INET, SOCK_STREAM);
  const sockaddr_in there = address(1, 7100);
  os::check("connect", ::connect(from.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there));
  const os::Fd at(os::check("accept", ::accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  const auto carries = [&] {
    os::check("send", ::send(from.get(), "x", 1, MSG_NOSIGNAL));
    pollfd wanted{.fd = at.get(), .events = POLLIN, .revents = 0};
    char got = 0;
    return ::poll(&wanted, 1, 1000) > 0 && ::recv(at.get(), &got, 1, 0) == 1;
  };
  auto& fresh = inject("network.partition", {{"connections", text("new")}});
  EXPECT_EQ(connects(7100), ETIMEDOUT);
  EXPECT_TRUE(carries());
  fresh.revert();
  EXPECT_TRUE(fresh.observe().took_effect()) << words(fresh);
  auto& old = inject("network.partition", {{"connections", text("established")}});
  EXPECT_EQ(connects(7100), 0);
  EXPECT_FALSE(carries());
  old.revert();
  EXPECT_TRUE(old.observe().took_effect()) << words(old);
}

TEST_F(KernelRulesTest, TablesOfOthersAreNotTouched) {
  rig_->detach();
  tell(1,
       "table inet theirs { chain in { type filter hook prerouting priority -145 ; policy accept ; "
       "udp dport 7002 drop ; } ; }\n"
       "table ip withstand { chain c { } ; }\n");
  const std::string before = ruleset(1);
  rig_->attach("second");
  lab_ = std::make_unique<support::RigLab>(rig_->loop(), rig_->topology(), rig_->links());
  inject("network.mtu", {{"mtu", spec::Value(spec::Bytes{600})}});
  EXPECT_FALSE(passes(1000));
  EXPECT_NE(ruleset(1), before);
  EXPECT_THAT(ruleset(1), ::testing::HasSubstr(core::rules_table("second")));
  injections_.clear();
  rig_->detach();
  EXPECT_EQ(ruleset(1), before);
}

/// kill -9 in the midst of it: what the undo journal names is taken away, and only that.
TEST_F(KernelRulesTest, WhatAKilledHarnessLeftIsUndone) {
  rig_->detach();
  const std::string clean = ruleset(1), picture = rig_->picture(1);
  os::Pipe pipe = os::make_pipe();
  const pid_t child = os::check("fork", ::fork());
  if (child == 0) {
    rig_->attach("killed");
    core::Impairment hole;
    hole.kind = core::Impairment::Kind::mtu;
    hole.settings.mtu = 600;
    rig_->links().add(hole, {link});
    const char told = rig_->announced().back().table.empty() ? 'n' : 'y';
    static_cast<void>(::write(pipe.write.get(), &told, 1));
    for (;;) ::pause();
  }
  char told = 0;
  ASSERT_EQ(::read(pipe.read.get(), &told, 1), 1);
  EXPECT_EQ(told, 'y') << "announced with its table";
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(passes(1000)) << "the fault outlives its harness";
  std::optional<os::TrafficControl> control;
  rig_->network(1).visit([&] { control.emplace(); });
  const core::DetourTraces traces{.network = rig_->path(1),
                                  .identity = rig_->network(1).identity(),
                                  .interface = "eth0",
                                  .index = control->interface("eth0")->index,
                                  .owner = "killed",
                                  .made_hook = true,
                                  .table = core::rules_table("killed")};
  EXPECT_NE(core::detours_left(traces), "");
  EXPECT_EQ(core::undo_detours(traces), "");
  EXPECT_EQ(core::undo_detours(traces), "") << "again";
  EXPECT_EQ(core::detours_left(traces), "");
  EXPECT_EQ(ruleset(1), clean);
  EXPECT_EQ(rig_->picture(1), picture);
  EXPECT_TRUE(passes(1000));
}

}  // namespace
}  // namespace withstand::faults::testing
