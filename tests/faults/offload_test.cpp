#include <sys/wait.h>

#include "packet_fixture.hpp"

/// What offloads hand over as one piece of 64 KiB is many packets to whoever asks for packets, and one to all others.
namespace withstand::faults::testing {
namespace {

using namespace std::chrono_literals;
using core::Impairment;
using Kind = Impairment::Kind;

constexpr std::size_t transfer_bytes = 6 << 20;

char byte_at(std::size_t i) { return static_cast<char>((i * 2654435761U) >> 16); }

class OffloadTest : public PacketFaultTest {
 protected:
  /// Over one TCP connection from node 0 to node 1, checked there byte by byte; 0 when all is well.
  int transfer() {
    const os::Fd listener = rig_->socket(1, AF_INET, SOCK_STREAM);
    const sockaddr_in there = address(1, static_cast<std::uint16_t>(7500 + transfers_++));
    os::check("bind", ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there));
    os::check("listen", ::listen(listener.get(), 1));
    const int receiver = rig_->start(1, [&] {
      const os::Fd stream(os::check("accept", ::accept(listener.get(), nullptr, nullptr)));
      std::vector<char> buffer(65536);
      for (std::size_t at = 0; at < transfer_bytes;) {
        const auto got = ::recv(stream.get(), buffer.data(), buffer.size(), 0);
        if (got <= 0) return 1;
        for (ssize_t i = 0; i < got; ++i)
          if (buffer[static_cast<std::size_t>(i)] != byte_at(at++)) return 2;
      }
      return 0;
    });
    const int sender = rig_->start(0, [&] {
      const os::Fd stream(os::check("make a socket", ::socket(AF_INET, SOCK_STREAM, 0)));
      os::check("connect", ::connect(stream.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there));
      std::vector<char> data(transfer_bytes);
      for (std::size_t i = 0; i < data.size(); ++i) data[i] = byte_at(i);
      for (std::size_t at = 0; at < data.size();)
        at += static_cast<std::size_t>(
            os::check("send", ::send(stream.get(), data.data() + at, data.size() - at, MSG_NOSIGNAL)));
      char end = 0;
      return static_cast<int>(::recv(stream.get(), &end, 1, 0));
    });
    int sent = 0, received = 0;
    os::check("wait for the sender", ::waitpid(sender, &sent, 0));
    os::check("wait for the receiver", ::waitpid(receiver, &received, 0));
    return sent != 0 ? sent : received;
  }

  static Impairment asked(Kind kind, const core::LinkSettings& settings) {
    return {.kind = kind, .fault = "a fault", .seed = 7, .settings = settings};
  }

  int transfers_ = 0;
};

TEST_F(OffloadTest, WhoeverAsksForPacketsGetsPackets) {
  const std::pair<Kind, core::LinkSettings> kinds[] = {
      {Kind::loss, {.loss = {.random = {.ppb = 5'000'000}}}},
      {Kind::loss, {.loss = {.model = core::LossSettings::Model::gilbert_elliott, .p = 1'000'000, .r = 500'000'000}}},
      {Kind::duplicate, {.choice = {.ppb = 50'000'000}}},
      {Kind::corrupt, {.choice = {.ppb = 5'000'000}}},
      {Kind::reorder, {.choice = {.ppb = 10'000'000}, .reorder = {.hold = 300us}}},
      {Kind::rate, {.rate = {.bits_per_second = 100'000'000}}},
      {Kind::mtu, {.mtu = 1500}},
      {Kind::latency, {.delay = {.delay = 1ms, .jitter = 500us, .reorders = true}}}};
  for (const auto& [kind, settings] : kinds) {
    SCOPED_TRACE(static_cast<int>(kind));
    const auto handle = rig_->fabric().add(asked(kind, settings), {link});
    EXPECT_EQ(transfer(), 0);
    rig_->fabric().remove(handle);
    const auto effect = rig_->fabric().effect(handle).at(0);
    EXPECT_GT(effect.offered, transfer_bytes / 1500);
    EXPECT_EQ(effect.offered, effect.refused + effect.dropped_later + effect.in_flight + effect.delivered);
    if (kind == Kind::loss) {
      EXPECT_EQ(effect.decided, effect.refused);
    } else if (kind == Kind::duplicate || kind == Kind::corrupt || kind == Kind::reorder) {
      EXPECT_GT(effect.decided, 0u);
      EXPECT_EQ(effect.decided, effect.changed_delivered + effect.changed_dropped_later + effect.changed_in_flight);
    }
  }
  EXPECT_EQ(rig_->fabric().health().kernel_drops, 0u);
}

TEST_F(OffloadTest, WhoeverDoesNotKeepsThemWhole) {
  EXPECT_EQ(transfer(), 0);
  const auto plain = rig_->fabric().health().forwarded;
  EXPECT_LT(plain, transfer_bytes / 1500 / 2) << "frames in both directions";
  const auto handle = rig_->fabric().add(asked(Kind::latency, {.delay = {.delay = 200us}}), {link});
  EXPECT_EQ(transfer(), 0);
  EXPECT_LT(rig_->fabric().health().forwarded - plain, transfer_bytes / 1500 / 2);
  EXPECT_GT(rig_->fabric().effect(handle).at(0).offered, transfer_bytes / 1500) << "counted as what they are made of";
}

}  // namespace
}  // namespace withstand::faults::testing
