#pragma once

#include <arpa/inet.h>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

/// Numbers in packets, and the Internet checksum (RFC 1071). Callers check lengths.
namespace withstand::lab::link {

template <class T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
template <class T>
void store(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof value);
}
inline std::uint8_t load8(const std::byte* from) { return static_cast<std::uint8_t>(*from); }
inline std::uint16_t load16(const std::byte* from) { return ntohs(load<std::uint16_t>(from)); }
inline void store16(std::byte* to, std::size_t value) { store(to, htons(static_cast<std::uint16_t>(value))); }

/// Sum of 16-bit words in ones' complement, in memory order, not yet folded. Starting sums may be added.
inline std::uint64_t sum_words(std::span<const std::byte> bytes, std::uint64_t sum = 0) {
  while (bytes.size() >= 4) {
    sum += load<std::uint32_t>(bytes.data());
    bytes = bytes.subspan(4);
  }
  std::uint32_t rest = 0;
  std::memcpy(&rest, bytes.data(), bytes.size());
  return sum + rest;
}

inline std::uint16_t fold(std::uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

/// What a checksum field holds, given the sum of all else.
inline std::uint16_t checksum_of(std::uint64_t sum) { return static_cast<std::uint16_t>(~fold(sum)); }

/// The pseudo-header's part of a TCP or UDP checksum (RFC 9293 §3.1, RFC 8200 §8.1), as a partial checksum holds it.
inline std::uint16_t pseudo_header(const std::byte* ip, bool ipv6, std::uint8_t protocol, std::size_t length) {
  const auto addresses = ipv6 ? std::span(ip + 8, 32) : std::span(ip + 12, 8);
  const std::uint64_t sum = sum_words(addresses);
  return fold(sum + htons(protocol) + htonl(static_cast<std::uint32_t>(length)));
}

/// Makes an IPv4 header's own checksum right.
inline void store_ipv4_checksum(std::byte* ip, std::size_t header_bytes) {
  store<std::uint16_t>(ip + 10, 0);
  store(ip + 10, checksum_of(sum_words({ip, header_bytes})));
}

}  // namespace withstand::lab::link
