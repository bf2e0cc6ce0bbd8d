#include <arpa/inet.h>
#include <cstring>
#include <fstream>
#include <netinet/in.h>
#include <poll.h>
#include <random>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "lab/link/address_table.hpp"
#include "lab/link/frame.hpp"
#include "os/check.hpp"
#include "os/route_socket.hpp"
#include "support/net_rig.hpp"

namespace withstand::lab::link {
namespace {

using os::VnetHeader;
using Bytes = std::vector<std::byte>;

constexpr std::uint8_t fin = 0x01, psh = 0x08, ack = 0x10, ece = 0x40, cwr = 0x80;

struct Crafted {
  bool ipv6 = false;
  bool udp = false;
  std::size_t payload = 5000;
  std::uint16_t segment = 1400;
  std::uint8_t flags = ack;
  std::size_t options = 12;
  std::uint32_t sequence = 1000;
  std::uint16_t identification = 7;
  std::uint8_t hops = 64;
};

void put16(std::byte* at, std::size_t value) {
  const std::uint16_t network = htons(static_cast<std::uint16_t>(value));
  std::memcpy(at, &network, 2);
}

/// Ones' complement sum as a textbook has it, big-endian word by word: nothing shared with what is tested.
std::uint16_t textbook_sum(const Bytes& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    sum += static_cast<std::uint32_t>(bytes[i]) << 8;
    if (i + 1 < bytes.size()) sum += static_cast<std::uint32_t>(bytes[i + 1]);
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<std::uint16_t>(sum);
}

void write_ip(const Crafted& wanted, std::byte* ip, std::size_t transport_bytes) {
  const std::uint8_t protocol = wanted.udp ? IPPROTO_UDP : IPPROTO_TCP;
  if (wanted.ipv6) {
    ip[0] = std::byte{0x60};
    put16(ip + 4, transport_bytes);
    ip[6] = std::byte{protocol};
    ip[7] = std::byte{wanted.hops};
    ::inet_pton(AF_INET6, "fd57:1::2", ip + 8);
    ::inet_pton(AF_INET6, "fd57:2::2", ip + 24);
    return;
  }
  ip[0] = std::byte{0x45};
  put16(ip + 2, 20 + transport_bytes);
  put16(ip + 4, wanted.identification);
  put16(ip + 6, 0x4000);
  ip[8] = std::byte{wanted.hops};
  ip[9] = std::byte{protocol};
  ::inet_pton(AF_INET, "198.18.0.2", ip + 12);
  ::inet_pton(AF_INET, "198.18.1.2", ip + 16);
  put16(ip + 10, static_cast<std::uint16_t>(~textbook_sum(Bytes(ip, ip + 20))));
}

Bytes craft(const Crafted& wanted) {
  const std::size_t start = wanted.ipv6 ? 40 : 20;
  const std::size_t header = wanted.udp ? 8 : 20 + wanted.options;
  const std::size_t length = header + wanted.payload;
  Bytes frame(sizeof(VnetHeader) + start + length);
  VnetHeader vnet{.flags = VnetHeader::needs_checksum,
                  .gso_type = wanted.udp    ? VnetHeader::gso_udp
                              : wanted.ipv6 ? VnetHeader::gso_tcp6
                                            : VnetHeader::gso_tcp4,
                  .header_length = static_cast<std::uint16_t>(start + header),
                  .gso_size = wanted.segment,
                  .checksum_start = static_cast<std::uint16_t>(start),
                  .checksum_offset = static_cast<std::uint16_t>(wanted.udp ? 6 : 16)};
  if ((wanted.flags & cwr) != 0 && !wanted.udp) vnet.gso_type |= VnetHeader::gso_ecn;
  std::memcpy(frame.data(), &vnet, sizeof vnet);
  std::byte* ip = frame.data() + sizeof vnet;
  write_ip(wanted, ip, length);
  std::byte* transport = ip + start;
  put16(transport, 7000);
  put16(transport + 2, 7001);
  if (wanted.udp) {
    put16(transport + 4, length);
  } else {
    const std::uint32_t sequence = htonl(wanted.sequence);
    std::memcpy(transport + 4, &sequence, 4);
    transport[12] = static_cast<std::byte>(header / 4 << 4);
    transport[13] = std::byte{wanted.flags};
    for (std::size_t i = 0; i < wanted.options; ++i) transport[20 + i] = std::byte{1};  // no operation
  }
  Bytes pseudo(wanted.ipv6 ? ip + 8 : ip + 12, wanted.ipv6 ? ip + 40 : ip + 20);
  for (const std::size_t byte : {std::size_t{0}, std::size_t{wanted.udp ? 17u : 6u}, length >> 8, length & 0xff})
    pseudo.push_back(static_cast<std::byte>(byte));
  put16(transport + vnet.checksum_offset, textbook_sum(pseudo));
  for (std::size_t i = 0; i < wanted.payload; ++i) transport[header + i] = static_cast<std::byte>(i * 7 + i / 256);
  return frame;
}

/// Segmentation as the kernel itself does it: it forwards what is written to one TUN device to another one that has no
/// offloads, so it must segment and fill in checksums. Lives in namespaces of its own, in a forked process.
class KernelSegmentation {
 public:
  KernelSegmentation() {
    support::enter_new_network();
    in_ = make("in", "198.18.0.1/24", "fd57:1::1/64");
    out_ = make("out", "198.18.1.1/24", "fd57:2::1/64");
    os::check("switch offloads off", ::ioctl(out_.get(), TUNSETOFFLOAD, 0UL));
    std::ofstream("/proc/sys/net/ipv4/ip_forward") << "1" << std::flush;
    std::ofstream("/proc/sys/net/ipv6/conf/all/forwarding") << "1" << std::flush;
  }

  std::vector<Bytes> packets(const Bytes& frame, std::size_t expected) const {
    os::check("write to a TUN device", ::write(in_.get(), frame.data(), frame.size()));
    std::vector<Bytes> packets;
    pollfd wanted{.fd = out_.get(), .events = POLLIN, .revents = 0};
    while (packets.size() < expected && ::poll(&wanted, 1, 2000) > 0) {
      Bytes packet(frame_capacity);
      const auto length = ::read(out_.get(), packet.data(), packet.size());
      packet.resize(static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
      const auto ours = [&](std::size_t at) { return packet.size() > at && packet[at] == std::byte{2}; };
      if (ours(sizeof(VnetHeader) + (packet[sizeof(VnetHeader)] == std::byte{0x45} ? 19 : 39)))
        packets.push_back(std::move(packet));
    }
    return packets;
  }

 private:
  static os::Fd make(const std::string& name, const std::string& v4, const std::string& v6) {
    os::Fd tun = os::create_tun(name);
    os::RouteSocket route;
    route.bring_up(name, {});
    route.add_address(name, v4);
    route.add_address(name, v6);
    return tun;
  }
  os::Fd in_, out_;
};

Bytes sliced(const Bytes& frame, std::size_t first, std::size_t count) {
  const auto super = super_packet(frame);
  Bytes out(frame_capacity);
  out.resize(slice(frame, *super, first, count, out));
  return out;
}

/// The kernel is asked with one hop more, which it uses up. Returns what differs, in words.
std::string difference_to_kernel(const KernelSegmentation& kernel, Crafted wanted) {
  const Bytes frame = craft(wanted);
  const std::size_t packets = super_packet(frame).value().packets();
  wanted.hops = static_cast<std::uint8_t>(wanted.hops + 1);
  const auto truth = kernel.packets(craft(wanted), packets);
  if (truth.size() != packets) return "the kernel made " + std::to_string(truth.size()) + " packets";
  for (std::size_t i = 0; i < packets; ++i)
    if (sliced(frame, i, 1) != truth[i]) return "packet " + std::to_string(i) + " differs";
  // A run of packets must again be a super-packet that the kernel segments into the same packets.
  for (const std::size_t first : {std::size_t{0}, std::size_t{1}}) {
    const std::size_t count = packets - 1;
    if (count < 2) continue;
    const auto again = kernel.packets(sliced(craft(wanted), first, count), count);
    if (again.size() != count) return "the kernel made " + std::to_string(again.size()) + " packets of a run";
    for (std::size_t i = 0; i < count; ++i)
      if (again[i] != truth[first + i])
        return "packet " + std::to_string(i) + " of the run from " + std::to_string(first);
  }
  return {};
}

/// In a process of its own, since it changes namespaces.
int compare_with_kernel(const std::vector<Crafted>& cases) {
  const KernelSegmentation kernel;
  int failures = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const std::string difference = difference_to_kernel(kernel, cases[i]);
    if (difference.empty()) continue;
    std::fprintf(stderr, "case %zu: %s\n", i, difference.c_str());
    ++failures;
  }
  return failures;
}

int in_child(const std::function<int()>& work) {
  const pid_t child = os::check("fork", ::fork());
  if (child == 0) {
    try {
      ::_exit(work());
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      ::_exit(99);
    }
  }
  int status = 0;
  os::check("wait for a child", ::waitpid(child, &status, 0));
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(LinkFrame, SegmentsTcpAsTheKernelDoes) {
  if (!support::NetRig::unavailable().empty()) GTEST_SKIP() << support::NetRig::unavailable();
  std::vector<Crafted> cases;
  for (const bool ipv6 : {false, true}) {
    cases.push_back({.ipv6 = ipv6});
    cases.push_back({.ipv6 = ipv6, .payload = 60'000, .segment = 1428});
    cases.push_back({.ipv6 = ipv6, .payload = 4200, .options = 0});  // no remainder
    cases.push_back({.ipv6 = ipv6, .payload = 4201, .flags = ack | psh | fin});
    cases.push_back({.ipv6 = ipv6, .flags = ack | psh | ece | cwr});
    cases.push_back({.ipv6 = ipv6, .payload = 1401, .flags = ack | cwr, .options = 40});
    cases.push_back({.ipv6 = ipv6, .payload = 9001, .sequence = 0xfffffb00, .identification = 0xfffd});
    cases.push_back({.ipv6 = ipv6, .payload = 999, .segment = 87});
  }
  EXPECT_EQ(in_child([&] { return compare_with_kernel(cases); }), 0);
}

TEST(LinkFrame, SegmentsUdpAsTheKernelDoes) {
  if (!support::NetRig::unavailable().empty()) GTEST_SKIP() << support::NetRig::unavailable();
  const int probe = in_child([] {  // Linux 6.2
    const KernelSegmentation kernel;
    return kernel.packets(craft({.udp = true}), 4).empty() ? 1 : 0;
  });
  if (probe != 0) GTEST_SKIP() << "this kernel has no UDP segmentation on TUN devices";
  std::vector<Crafted> cases;
  for (const bool ipv6 : {false, true}) {
    cases.push_back({.ipv6 = ipv6, .udp = true});
    cases.push_back({.ipv6 = ipv6, .udp = true, .payload = 4200});
    cases.push_back({.ipv6 = ipv6, .udp = true, .payload = 60'001, .identification = 0xfff0});
  }
  EXPECT_EQ(in_child([&] { return compare_with_kernel(cases); }), 0);
}

TEST(LinkFrame, CompletesAPartialChecksum) {
  for (const bool udp : {false, true}) {
    Bytes packet = sliced(craft({.udp = udp, .payload = 3001}), 2, 1);
    const Bytes ip(packet.begin() + sizeof(VnetHeader), packet.end());
    Bytes covered(ip.begin() + 12, ip.begin() + 20);
    const std::size_t length = ip.size() - 20;
    for (const std::size_t byte : {std::size_t{0}, std::size_t{udp ? 17u : 6u}, length >> 8, length & 0xff})
      covered.push_back(static_cast<std::byte>(byte));
    covered.insert(covered.end(), ip.begin() + 20, ip.end());
    EXPECT_EQ(textbook_sum(covered), 0xffff);
    EXPECT_EQ(textbook_sum(Bytes(ip.begin(), ip.begin() + 20)), 0xffff);
  }
}

TEST(LinkFrame, KnowsHowManyPacketsAFrameIs) {
  EXPECT_EQ(wire_packets(craft({.payload = 5000, .segment = 1400})), 4u);
  EXPECT_EQ(wire_packets(craft({.payload = 1400, .segment = 1400})), 1u);
  Bytes plain = craft({});
  std::memset(plain.data(), 0, sizeof(VnetHeader));
  EXPECT_EQ(wire_packets(plain), 1u);
  EXPECT_EQ(wire_packets({}), 1u);
}

// A node may write anything: also super-packets whose headers lie (packet sockets take a virtio header from root).
TEST(LinkFrame, SurvivesWhatCannotBe) {
  std::mt19937 random(20260101);
  AddressTable table(std::vector<NodeAddresses>(3));
  Bytes out(frame_capacity);
  int supers = 0;
  for (int round = 0; round < 200'000; ++round) {
    Bytes frame = craft({.ipv6 = random() % 2 == 0,
                         .udp = random() % 3 == 0,
                         .payload = 40 + random() % 200,
                         .segment = static_cast<std::uint16_t>(1 + random() % 50)});
    const auto flips = random() % 6;
    for (unsigned i = 0; i < flips; ++i)
      frame[random() % std::min<std::size_t>(frame.size(), 64)] = static_cast<std::byte>(random());
    if (random() % 4 == 0) frame.resize(random() % (frame.size() + 1));
    static_cast<void>(table.destination(frame));
    const auto super = super_packet(frame);
    ASSERT_GE(wire_packets(frame), 1u);
    if (!super) continue;
    ++supers;
    const std::size_t packets = super->packets();
    std::size_t payload = 0;
    for (std::size_t i = 0; i < packets; ++i)
      payload += slice(frame, *super, i, 1, out) - sizeof(VnetHeader) - super->headers;
    ASSERT_EQ(payload, super->payload);
    const std::size_t first = random() % packets;
    slice(frame, *super, first, 1 + random() % (packets - first), out);
  }
  EXPECT_GT(supers, 1000);
}

TEST(LinkAddressTable, FindsEveryNodeAndNobodyElse) {
  const core::Topology topology = support::plain_topology(300);
  std::vector<NodeAddresses> addresses;
  for (const auto& node : topology.nodes()) {
    NodeAddresses& both = addresses.emplace_back();
    ASSERT_EQ(::inet_pton(AF_INET, node.address.c_str(), both.v4.data()), 1);
    ASSERT_EQ(::inet_pton(AF_INET6, node.address6.c_str(), both.v6.data()), 1);
  }
  const AddressTable table(addresses);
  Bytes v4 = craft({}), v6 = craft({.ipv6 = true});
  for (core::NodeId id = 0; id < addresses.size(); ++id) {
    std::copy(addresses[id].v4.begin(), addresses[id].v4.end(), v4.begin() + sizeof(VnetHeader) + 16);
    std::copy(addresses[id].v6.begin(), addresses[id].v6.end(), v6.begin() + sizeof(VnetHeader) + 24);
    EXPECT_EQ(table.destination(v4), id);
    EXPECT_EQ(table.destination(v6), id);
  }
  v4[sizeof(VnetHeader) + 16] = std::byte{10};  // outside the lab
  EXPECT_EQ(table.destination(v4), std::nullopt);
  v6[sizeof(VnetHeader) + 24] = std::byte{0xff};  // multicast
  EXPECT_EQ(table.destination(v6), std::nullopt);
  EXPECT_EQ(table.destination({}), std::nullopt);
}

}  // namespace
}  // namespace withstand::lab::link
