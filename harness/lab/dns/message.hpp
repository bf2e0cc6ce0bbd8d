#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// DNS messages (RFC 1035, RFC 6891), between bytes and values. The wire format itself is libldns' work, which only
/// message.cpp sees. Pure; nothing here trusts what it reads.
namespace withstand::lab::dns {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// How long an answer may be kept, in seconds, negative ones too. As CoreDNS has it for the services of Kubernetes:
/// what a fault made somebody believe is forgotten within seconds of its end, and a cache still is one.
constexpr std::uint32_t time_to_live = 5;

/// The largest answer over UDP, in bytes: to those who say nothing (RFC 1035 §4.2.1), and to those who say more (EDNS;
/// what passes any link unfragmented).
constexpr std::size_t plain_udp_limit = 512, largest_udp = 1232, largest_tcp = 65535;

/// IANA's numbers.
namespace type {
constexpr std::uint16_t a = 1, soa = 6, ptr = 12, aaaa = 28, ixfr = 251, axfr = 252, any = 255;
}
namespace rcode {
constexpr unsigned no_error = 0, format_error = 1, server_failure = 2, no_such_name = 3, not_implemented = 4,
                   refused = 5, bad_version = 16;
}

struct Question {
  std::string name;  ///< in lower case, without the dot at its end, odd bytes as \DDD; "." is the root
  std::uint16_t type = 0;
  std::uint16_t record_class = 1;
  Bytes owner;  ///< the name as it was asked, uncompressed
};

struct Query {
  std::uint16_t id = 0;
  unsigned opcode = 0;
  bool recursion_desired = false, checking_disabled = false;
  bool edns = false;
  std::size_t udp_limit = plain_udp_limit;  ///< what an answer over UDP may hold
  std::optional<Question> question;
  unsigned refusal = rcode::no_error;  ///< else: no query that could be answered, and this is what it gets
};

/// Nothing for what must not be answered: less than a header, or an answer.
std::optional<Query> read_query(ByteView wire);

struct Record {
  std::uint16_t type = 0;
  std::string data;  ///< an address, or a name with its dot
  auto operator<=>(const Record&) const = default;
};

struct Reply {
  unsigned code = rcode::no_error;
  bool truncated = false;
  std::vector<Record> records;  ///< all belong to the name that was asked for
  auto operator<=>(const Reply&) const = default;
};

/// Answers without records come with the SOA of the root, which says how long to believe them (RFC 2308). What does not
/// fit into `limit` bytes is truncated.
Bytes write_reply(const Query& query, const Reply& reply, std::size_t limit);

/// An answer as its receiver reads it; the SOA of a negative one is not among its records.
struct SeenReply {
  std::uint16_t id = 0;
  Question question;
  Reply reply;
};
/// Nothing when it is no answer, or none that can be read.
std::optional<SeenReply> read_reply(ByteView wire);

}  // namespace withstand::lab::dns
