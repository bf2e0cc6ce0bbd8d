#include "link_replay.hpp"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <random>

#include <sys/socket.h>

#include "lab/link/recount.hpp"
#include "os/check.hpp"
#include "support/net_rig.hpp"

namespace withstand::lab::link::test {

Replay::Replay(const Impairments& impairments, const Table& table, core::Instant now) {
  const core::Topology topology = support::plain_topology(2);
  std::vector<NodeAddresses> addresses(2);
  for (const core::NodeInfo& node : topology.nodes()) {
    ::inet_pton(AF_INET, node.address.c_str(), addresses[node.id].v4.data());
    ::inet_pton(AF_INET6, node.address6.c_str(), addresses[node.id].v6.data());
  }
  std::vector<os::Fd> tuns;
  for (os::Fd& outside : outside_) {
    int pair[2];
    os::check("make sockets", ::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair));
    tuns.emplace_back(pair[0]);
    outside = os::Fd(pair[1]);
  }
  forwarder_ = std::make_unique<Forwarder>(addresses, std::move(tuns));
  for (const auto& [kind, settings] : impairments) {
    const core::Impairment asked{.kind = kind, .fault = "a fault", .seed = 42, .settings = settings};
    const Forwarder::StagedLink link{{0, 1}, draws_of(topology, asked, {0, 1})};
    forwarder_->add({.kind = kind, .handle = ++handle_, .settings = settings, .fault = asked.fault},
                    std::span(&link, 1), table, now);
  }
}

void Replay::send(const Bytes& frame) {
  os::check("send", ::send(outside_[0].get(), frame.data(), frame.size(), 0));
  forwarder_->read_burst(0);
}

std::vector<Bytes> Replay::run(const std::vector<Bytes>& recording) {
  std::vector<Bytes> seen;
  for (const Bytes& frame : recording) {
    send(frame);
    forwarder_->release();
    for (Bytes& out : received()) seen.push_back(std::move(out));
  }
  return seen;
}

std::vector<Bytes> Replay::received() {
  std::vector<Bytes> seen;
  for (;;) {
    Bytes out(70'000);
    const auto length = ::recv(outside_[1].get(), out.data(), out.size(), 0);
    if (length < 0) return seen;
    out.resize(static_cast<std::size_t>(length));
    seen.push_back(std::move(out));
  }
}

core::LinkEffect Replay::effect(std::uint64_t handle) {
  return forwarder_->stages(handle)->front().second->effect({0, 1}, core::now());
}

Bytes packet(std::uint16_t from_port, std::uint16_t to_port, std::size_t payload, std::uint8_t tcp_flags) {
  const bool tcp = tcp_flags != 0;
  Bytes frame(os::vnet_header_bytes + (tcp ? 40 : 28) + payload);
  std::byte* ip = frame.data() + os::vnet_header_bytes;
  ip[0] = std::byte{0x45};
  ip[8] = std::byte{64};
  ip[9] = static_cast<std::byte>(tcp ? IPPROTO_TCP : IPPROTO_UDP);
  const std::array<int, 8> addresses{198, 18, 0, 1, 198, 18, 0, 2};
  for (std::size_t k = 0; k < addresses.size(); ++k) ip[12 + k] = static_cast<std::byte>(addresses[k]);
  for (const auto& [place, port] : {std::pair(20, from_port), std::pair(22, to_port)}) {
    ip[place] = static_cast<std::byte>(port >> 8);
    ip[place + 1] = static_cast<std::byte>(port & 0xff);
  }
  if (tcp) {
    ip[32] = std::byte{0x50};
    ip[33] = static_cast<std::byte>(tcp_flags);
  }
  return frame;
}

std::vector<Bytes> recording(std::size_t packets) {
  std::mt19937 random(3);
  std::vector<Bytes> frames;
  for (std::size_t i = 0; i < packets; ++i) {
    const std::size_t payload = 20 + random() % 900;
    frames.push_back(packet(static_cast<std::uint16_t>(0x9c00 + random() % 5), 53, payload));
    for (auto byte = frames.back().end() - static_cast<std::ptrdiff_t>(payload); byte != frames.back().end(); ++byte)
      *byte = static_cast<std::byte>(random());
  }
  return frames;
}

}  // namespace withstand::lab::link::test
