#include "lab/kernel_net/witness.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <netinet/in.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include "os/check.hpp"

namespace withstand::lab::kernel {
namespace {

constexpr std::size_t captured = 96;  // headers and some of what they carry
constexpr std::size_t most_under_way = 100'000;
constexpr std::uint64_t enough = 200'000;  // samples, after which nothing more is learnt
constexpr int buffer_bytes = 8 << 20;

os::Fd listener(const os::NetworkNamespace& network, int interface, bool only_arriving) {
  os::Fd socket;
  network.visit([&] {
    socket =
        os::Fd(os::check("open a packet socket", ::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)));
  });
  const int yes = 1;
  os::check("ask for time stamps", ::setsockopt(socket.get(), SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes));
  if (only_arriving)
    os::check("hear arriving packets only",
              ::setsockopt(socket.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes));
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof buffer_bytes) < 0)
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
  sockaddr_ll place{};
  place.sll_family = AF_PACKET;
  place.sll_protocol = htons(ETH_P_ALL);
  place.sll_ifindex = interface;
  os::check("listen to an interface", ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place));
  return socket;
}

bool same(std::span<const std::uint8_t> packet, std::size_t at, const Address& address) {
  return packet.size() >= at + address.size() &&
         std::equal(address.begin(), address.end(), packet.begin() + static_cast<std::ptrdiff_t>(at));
}

/// Where the transport's header begins and what it is.
struct Layout {
  std::size_t source = 0, destination = 0, transport = 0;
  std::uint8_t protocol = 0;
};
std::optional<Layout> layout_of(std::span<const std::uint8_t> packet) {
  if (packet.size() >= 20 && packet[0] >> 4 == 4)
    return Layout{12, 16, static_cast<std::size_t>(packet[0] & 15) * 4, packet[9]};
  if (packet.size() >= 40 && packet[0] >> 4 == 6) return Layout{8, 24, 40, packet[6]};
  return std::nullopt;
}

/// FNV-1a.
class Hash {
 public:
  void add(std::span<const std::uint8_t> bytes) {
    for (const auto each : bytes) value_ = (value_ ^ each) * 0x100000001b3;
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace

std::optional<std::uint64_t> packet_key(std::span<const std::uint8_t> packet, const std::vector<AddressPair>& ends) {
  const auto layout = layout_of(packet);
  if (!layout || packet.size() < layout->transport + 8) return std::nullopt;
  const bool ours = std::any_of(ends.begin(), ends.end(), [&](const AddressPair& pair) {
    const bool v6 = layout->source == 8;
    return pair.source.size() == (v6 ? 16U : 4U) && same(packet, layout->source, pair.source) &&
           same(packet, layout->destination, pair.destination);
  });
  if (!ours) return std::nullopt;
  Hash hash;
  const bool v6 = layout->source == 8;
  hash.add(packet.subspan(layout->source, v6 ? 32 : 8));
  if (!v6) hash.add(packet.subspan(4, 2));  // identification
  // Ports, sequence and acknowledgement of TCP: the same in a super-packet and in its first segment.
  const std::size_t telling = layout->protocol == IPPROTO_TCP ? 12 : 24;
  hash.add(packet.subspan(layout->transport, std::min(telling, packet.size() - layout->transport)));
  return hash.value();
}

Witness::Witness(core::EventLoop& loop, const AttachedInterface& at, int behind, std::vector<AddressPair> ends,
                 std::vector<std::shared_ptr<Delays>> into, Request request)
    : ends_(std::move(ends)),
      into_(std::move(into)),
      request_(request),
      arriving_(listener(at.network(), at.index(), true)),
      leaving_(listener(at.network(), behind, false)),
      on_arriving_(loop.on_readable(arriving_.get(), [this] { listen(); })),
      on_leaving_(loop.on_readable(leaving_.get(), [this] { listen(); })) {}

Witness::~Witness() = default;

bool Witness::next(const os::Fd& socket, Packet& packet) {
  for (;;) {
    std::array<std::uint8_t, captured> bytes{};
    alignas(cmsghdr) std::array<char, 128> control{};
    iovec part{bytes.data(), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const auto size = os::retry([&] { return ::recvmsg(socket.get(), &message, MSG_DONTWAIT); });
    if (size < 0) return false;  // nothing more, or its interface is gone
    const auto key = packet_key(std::span(bytes).first(std::min(static_cast<std::size_t>(size), bytes.size())), ends_);
    const cmsghdr* stamp = CMSG_FIRSTHDR(&message);
    if (!key || stamp == nullptr || stamp->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec time{};
    std::memcpy(&time, CMSG_DATA(stamp), sizeof time);
    packet = {*key, time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec};
    return true;
  }
}

void Witness::hear_arriving() {
  if (under_way_.size() > most_under_way) under_way_.clear();
  for (Packet packet; next(arriving_, packet);) under_way_[packet.key] = {packet.when, ++heard_};
}

void Witness::match(const Packet& packet) {
  auto found = under_way_.find(packet.key);
  if (found == under_way_.end()) {  // it came and went since arriving packets were heard
    hear_arriving();
    found = under_way_.find(packet.key);
  }
  if (found == under_way_.end()) return;
  const Heard arrived = found->second;
  under_way_.erase(found);
  ++matched_;
  const std::int64_t took = packet.when - arrived.when;
  for (const auto& delays : into_) {
    delays->seen.add(took);
    delays->requested_ns += request_.queues ? std::max(request_.mean_ns, static_cast<double>(took)) : request_.mean_ns;
    if (arrived.order < latest_) ++delays->reordered;
  }
  latest_ = std::max(latest_, arrived.order);
}

void Witness::listen() {
  if (!arriving_.valid()) return;
  hear_arriving();
  for (Packet packet; next(leaving_, packet);) match(packet);
  if (matched_ < enough) return;
  on_arriving_.reset();
  on_leaving_.reset();
  arriving_.reset();
  leaving_.reset();
}

}  // namespace withstand::lab::kernel
