#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "kv/tag.hpp"

/// What replicas say to each other, and its form on the wire: a frame is length (4 bytes), CRC32C over length and
/// payload (4 bytes), payload. All decoding is pure and accepts any bytes.
namespace quorum_kv {

/// First message on a connection, from the side that opened it. The other side answers with Welcome, or closes when it
/// is not `to`, or when the two do not agree on the members: an answer counted for the wrong node breaks the majority.
struct Hello {
  std::string from;
  std::string to;
  std::uint32_t members_digest = 0;
  bool operator==(const Hello&) const = default;
};

struct Welcome {
  std::string name;
  std::uint64_t boot = 0;
  bool operator==(const Welcome&) const = default;
};

/// `sent` is the sender's monotonic clock and comes back unchanged.
struct Ping {
  std::uint64_t sent = 0;
  bool operator==(const Ping&) const = default;
};

struct Pong {
  std::uint64_t sent = 0;
  bool operator==(const Pong&) const = default;
};

/// Which phase of which operation a request belongs to; an answer carries its request's ticket.
struct Ticket {
  std::uint64_t operation = 0;
  std::uint8_t phase = 0;
  bool operator==(const Ticket&) const = default;
};

/// Phase one: what do you hold for this key?
struct Query {
  Ticket ticket;
  std::string key;
  bool operator==(const Query&) const = default;
};

struct QueryReply {
  Ticket ticket;
  Versioned data;
  bool operator==(const QueryReply&) const = default;
};

/// Phase two: hold this, unless what you hold is newer; answer once it is durable.
struct Store {
  Ticket ticket;
  Record record;
  bool operator==(const Store&) const = default;
};

struct StoreReply {
  Ticket ticket;
  bool operator==(const StoreReply&) const = default;
};

using Message = std::variant<Hello, Welcome, Ping, Pong, Query, QueryReply, Store, StoreReply>;
using Request = std::variant<Query, Store>;
using Reply = std::variant<QueryReply, StoreReply>;

inline constexpr std::size_t frame_header_size = 8;
inline constexpr std::size_t max_frame_payload = (1 << 20) + 4096;

/// A whole frame.
std::string encode_frame(const Message& message);

struct FrameHeader {
  std::uint32_t length = 0;  ///< of the payload, at most max_frame_payload
  std::uint32_t checksum = 0;
};

/// Nothing when there are fewer than frame_header_size bytes or the length is impossible.
std::optional<FrameHeader> decode_frame_header(std::string_view bytes);

/// Nothing when the checksum is wrong (unless `verify` is off, a planted bug) or the payload is not exactly one
/// message.
std::optional<Message> decode_payload(const FrameHeader& header, std::string_view payload, bool verify = true);

}  // namespace quorum_kv
