#include <arpa/inet.h>
#include <bit>
#include <cstring>
#include <netinet/in.h>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "lab/link/packet.hpp"
#include "support/statistics.hpp"

namespace withstand::lab::link {
namespace {

using Bytes = std::vector<std::byte>;
using Where = core::CorruptSettings::Where;

/// Ones' complement sum as a textbook has it, big-endian word by word.
std::uint16_t textbook_sum(const Bytes& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    sum += static_cast<std::uint32_t>(bytes[i]) << 8;
    if (i + 1 < bytes.size()) sum += static_cast<std::uint32_t>(bytes[i + 1]);
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<std::uint16_t>(sum);
}

constexpr std::size_t vnet = os::vnet_header_bytes;

/// A complete packet, without checksums: they are what is to be checked.
Bytes plain_packet(bool ipv6, std::uint8_t protocol, std::size_t payload) {
  const std::size_t start = ipv6 ? 40 : 20, header = protocol == IPPROTO_TCP ? 20 : 8;
  Bytes frame(vnet + start + header + payload);
  std::byte* ip = frame.data() + vnet;
  const auto put16 = [](std::byte* at, std::size_t value) {
    at[0] = static_cast<std::byte>(value >> 8);
    at[1] = static_cast<std::byte>(value);
  };
  ip[0] = ipv6 ? std::byte{0x60} : std::byte{0x45};
  if (ipv6) {
    put16(ip + 4, header + payload);
    ip[6] = std::byte{protocol};
    ip[7] = std::byte{64};
    ::inet_pton(AF_INET6, "fd57::1", ip + 8);
    ::inet_pton(AF_INET6, "fd57::2", ip + 24);
  } else {
    put16(ip + 2, 20 + header + payload);
    ip[8] = std::byte{64};
    ip[9] = std::byte{protocol};
    ::inet_pton(AF_INET, "198.18.0.1", ip + 12);
    ::inet_pton(AF_INET, "198.18.0.2", ip + 16);
  }
  put16(ip + start, 7000);
  put16(ip + start + 2, 80);
  if (protocol == IPPROTO_TCP) {
    ip[start + 12] = std::byte{0x50};
    ip[start + 13] = std::byte{PacketHeader::syn};
  } else {
    put16(ip + start + 4, header + payload);
    put16(ip + start + 6, 1);  // anything but "none"
  }
  for (std::size_t i = 0; i < payload; ++i) ip[start + header + i] = static_cast<std::byte>(i * 7);
  return frame;
}

bool ip_checksum_is_right(const Bytes& frame) {
  return textbook_sum(Bytes(frame.begin() + vnet, frame.begin() + vnet + 20)) == 0xffff;
}

bool transport_checksum_is_right(const Bytes& frame, bool ipv6, std::uint8_t protocol) {
  const std::size_t start = vnet + (ipv6 ? 40 : 20);
  Bytes sum(frame.begin() + static_cast<std::ptrdiff_t>(vnet + (ipv6 ? 8 : 12)),
            frame.begin() + static_cast<std::ptrdiff_t>(start));
  const std::size_t length = frame.size() - start;
  for (const std::size_t byte : {std::size_t{0}, std::size_t{protocol}, length >> 8, length & 0xff})
    sum.push_back(static_cast<std::byte>(byte));
  sum.insert(sum.end(), frame.begin() + static_cast<std::ptrdiff_t>(start), frame.end());
  return textbook_sum(sum) == 0xffff;
}

int different_bits(const Bytes& one, const Bytes& other) {
  int bits = 0;
  for (std::size_t i = 0; i < one.size(); ++i)
    bits += std::popcount(static_cast<unsigned>(static_cast<std::uint8_t>(one[i] ^ other[i])));
  return bits;
}

TEST(LinkPacket, ReadsPortsAndFlagsOfBothFamilies) {
  for (const bool ipv6 : {false, true})
    for (const std::uint8_t protocol : {IPPROTO_TCP, IPPROTO_UDP}) {
      const auto header = packet_header(plain_packet(ipv6, protocol, 100));
      ASSERT_TRUE(header);
      EXPECT_EQ(header->ipv6, ipv6);
      EXPECT_EQ(header->protocol, protocol);
      EXPECT_EQ(header->source_port, 7000);
      EXPECT_EQ(header->destination_port, 80);
      EXPECT_EQ(header->payload, (ipv6 ? 40 : 20) + (protocol == IPPROTO_TCP ? 20 : 8));
      EXPECT_EQ(header->tcp_flags, protocol == IPPROTO_TCP ? PacketHeader::syn : 0);
    }
}

TEST(LinkPacket, ALaterFragmentHasNoPorts) {
  Bytes frame = plain_packet(false, IPPROTO_UDP, 100);
  frame[vnet + 7] = std::byte{10};
  const auto header = packet_header(frame);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->source_port, 0);
  EXPECT_EQ(header->payload, 20);
}

TEST(LinkPacket, StepsOverIpv6Options) {
  Bytes frame = plain_packet(true, IPPROTO_UDP, 100);
  // Eight bytes of destination options between the two headers.
  const Bytes options{std::byte{IPPROTO_UDP}, {}, std::byte{1}, std::byte{4}, {}, {}, {}, {}};
  frame.insert(frame.begin() + static_cast<std::ptrdiff_t>(vnet + 40), options.begin(), options.end());
  frame[vnet + 6] = std::byte{IPPROTO_DSTOPTS};
  const auto header = packet_header(frame);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->protocol, IPPROTO_UDP);
  EXPECT_EQ(header->transport, 48);
  EXPECT_EQ(header->destination_port, 80);
}

TEST(LinkPacket, NoBytesMakeItReadBeyondThem) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200'000; ++i) {
    Bytes frame = plain_packet(i % 2 == 0, i % 4 < 2 ? IPPROTO_TCP : IPPROTO_UDP, random() % 64);
    for (std::uint64_t k = random() % 8; k > 0; --k) frame[random() % frame.size()] = static_cast<std::byte>(random());
    frame.resize(random() % (frame.size() + 1));
    frame.shrink_to_fit();
    const auto header = packet_header(frame);
    if (!header) continue;
    ASSERT_LE(header->transport, frame.size() - vnet);
    ASSERT_LE(header->payload, frame.size() - vnet);
    for (const Where where : {Where::payload, Where::header, Where::anywhere})
      if (where != Where::payload || header->payload < frame.size() - vnet)
        corrupt(frame, *header, {.where = where, .bits = 3, .repaired = true}, core::DrawStream{random()});
    lower_time_to_live(frame, *header, 3);
    mark_congestion(frame, *header);
  }
}

TEST(LinkPacket, LowersTheTimeToLiveAndKeepsTheHeaderRight) {
  for (const bool ipv6 : {false, true}) {
    Bytes frame = plain_packet(ipv6, IPPROTO_UDP, 10);
    const auto header = packet_header(frame);
    lower_time_to_live(frame, *header, 10);
    EXPECT_EQ(time_to_live(frame, *header), 54);
    EXPECT_TRUE(ipv6 || ip_checksum_is_right(frame));
    lower_time_to_live(frame, *header, 200);
    EXPECT_EQ(time_to_live(frame, *header), 0);
  }
}

TEST(LinkPacket, MarksCongestionOnlyWhereBothEndsSaidTheyUnderstand) {
  for (const bool ipv6 : {false, true}) {
    Bytes frame = plain_packet(ipv6, IPPROTO_TCP, 10);
    const auto header = packet_header(frame);
    EXPECT_FALSE(mark_congestion(frame, *header));
    EXPECT_FALSE(congestion_marked(frame, *header));
    frame[vnet + 1] |= std::byte{0x02} << (ipv6 ? 4 : 0);
    EXPECT_TRUE(mark_congestion(frame, *header));
    EXPECT_TRUE(congestion_marked(frame, *header));
    EXPECT_TRUE(ipv6 || ip_checksum_is_right(frame));
  }
}

TEST(LinkPacket, FlipsAsManyBitsAsAskedWhereAsked) {
  for (const bool ipv6 : {false, true})
    for (const std::int64_t bits : {1, 2, 17, 64})
      for (const Where where : {Where::payload, Where::header, Where::anywhere}) {
        const Bytes before = plain_packet(ipv6, IPPROTO_UDP, 100);
        Bytes after = before;
        const auto header = packet_header(before);
        corrupt(after, *header, {.where = where, .bits = bits}, core::DrawStream{static_cast<std::uint64_t>(bits)});
        EXPECT_EQ(different_bits(before, after), bits);
        EXPECT_NE(digest(before), digest(after));
        const std::size_t payload = vnet + header->payload;
        const bool in_header =
            !std::equal(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(payload), after.begin());
        if (where == Where::payload) {
          EXPECT_FALSE(in_header);
        }
        if (where == Where::header) {
          EXPECT_TRUE(in_header);
          EXPECT_TRUE(std::equal(before.begin() + static_cast<std::ptrdiff_t>(payload), before.end(),
                                 after.begin() + static_cast<std::ptrdiff_t>(payload)));
        }
      }
}

TEST(LinkPacket, EveryBitIsAsLikely) {
  const Bytes before = plain_packet(false, IPPROTO_UDP, 16);
  const auto header = packet_header(before);
  std::vector<std::uint64_t> flips(128);
  constexpr int rounds = 200'000;
  const auto draws = core::draw_stream(42, "a fault", "n1>n2", "corrupt");
  for (std::uint64_t i = 0; i < rounds; ++i) {
    Bytes after = before;
    corrupt(after, *header, {.bits = 3}, core::DrawStream{draws.bits(i)});
    for (std::size_t bit = 0; bit < flips.size(); ++bit) {
      const std::size_t at = vnet + header->payload + bit / 8;
      flips[bit] += (static_cast<unsigned>(before[at] ^ after[at]) >> (bit % 8)) & 1U;
    }
  }
  // Three of 128 without replacement vary a little less than the bound assumes.
  EXPECT_LT(support::chi_square(flips, std::vector<double>(128, rounds * 3 / 128.0)), support::chi_square_limit);
}

TEST(LinkPacket, ARepairedPacketPassesForIntact) {
  for (const bool ipv6 : {false, true})
    for (const std::uint8_t protocol : {IPPROTO_TCP, IPPROTO_UDP}) {
      Bytes frame = plain_packet(ipv6, protocol, 101);
      const auto header = packet_header(frame);
      corrupt(frame, *header, {.bits = 5, .repaired = true}, core::DrawStream{9});
      EXPECT_TRUE(transport_checksum_is_right(frame, ipv6, protocol)) << int{protocol};
      EXPECT_TRUE(ipv6 || ip_checksum_is_right(frame));
    }
}

TEST(LinkPacket, WhatTheSenderLeftToTheHardwareIsDoneBeforeTheDamage) {
  Bytes frame = plain_packet(false, IPPROTO_UDP, 50);
  const os::VnetHeader partial{.flags = os::VnetHeader::needs_checksum, .checksum_start = 20, .checksum_offset = 6};
  std::memcpy(frame.data(), &partial, sizeof partial);
  // As Linux leaves it: the pseudo-header's sum.
  const std::size_t length = 58;
  Bytes pseudo(frame.begin() + vnet + 12, frame.begin() + vnet + 20);
  for (const std::size_t byte : {std::size_t{0}, std::size_t{17}, length >> 8, length & 0xff})
    pseudo.push_back(static_cast<std::byte>(byte));
  const std::uint16_t sum = htons(textbook_sum(pseudo));
  std::memcpy(frame.data() + vnet + 26, &sum, 2);
  Bytes whole = frame;
  complete_checksum(whole);
  ASSERT_TRUE(transport_checksum_is_right(whole, false, IPPROTO_UDP));
  corrupt(frame, *packet_header(frame), {.bits = 1}, core::DrawStream{9});
  EXPECT_EQ(different_bits(whole, frame), 1);
  EXPECT_FALSE(transport_checksum_is_right(frame, false, IPPROTO_UDP)) << "the receiver sees it";
}

}  // namespace
}  // namespace withstand::lab::link
