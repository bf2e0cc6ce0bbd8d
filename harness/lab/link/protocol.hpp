#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/links.hpp"
#include "lab/link/address_table.hpp"
#include "lab/link/capture.hpp"
#include "lab/link/forwarder.hpp"
#include "lab/link/stage.hpp"
#include "os/route_socket.hpp"

/// What orchestrator and fabric say to each other over a SOCK_SEQPACKET socket: one request, one reply, in turn. Both
/// are the same binary, so structs travel as they are.
namespace withstand::lab::link {

enum class Request : std::uint32_t {
  node,           ///< NodeAddresses and name, with the TUN device and the netlink socket; in the order of node ids
  capture,        ///< CaptureSettings, with the file; after the nodes, before `start`
  start,          ///< forward from now on
  stage,          ///< StagedLink...: links for the next `add`
  table,          ///< numbers... for the next `add`
  add,            ///< AddRequest and the fault's name
  remove,         ///< handle
  forget,         ///< handle of one that was removed: nobody asks for its effect any more
  effect,         ///< EffectRequest; the first of an impairment takes a picture of all its links; reply: LinkEffect...
  drawn,          ///< first entry; reply: DrawCount... of that picture
  health,         ///< reply: HealthReply
  plug,           ///< PlugRequest
  carrier,        ///< node; reply: os::Carrier
  replace,        ///< node, with the TUN device and the netlink socket that take the place of its own
  watch_streams,  ///< from now on
  stream_add,     ///< StreamRequest and the fault's name, for the staged links
  stream_effect,  ///< EffectRequest; reply: StreamEffect...
  stream_met,     ///< EffectRequest; reply: DrawCount..., of the connections that met it
  watch_http,     ///< from now on, connections too
  http_pattern,   ///< HttpPattern and its text, for the next http_add; in their order
  http_add,       ///< HttpRequest, for the staged links
  http_effect,    ///< EffectRequest; reply: HttpEffect...
  http_met,       ///< EffectRequest; the first takes a picture; reply: HttpMet...
  http_seen,      ///< EffectRequest; reply: HttpKind..., at most kinds_per_message
  audit,          ///< first node; reply: NodeAudit..., for as many nodes as do not hold up packets
  end_capture,    ///< to be asked until it is done; reply: CaptureCounts
};

/// A message is small enough for any socket buffer.
inline constexpr std::size_t message_capacity = 64 * 1024;
inline constexpr std::size_t links_per_message = 2048;
inline constexpr std::size_t effects_per_message = 128;
inline constexpr std::size_t numbers_per_message = 4096;
inline constexpr std::size_t audits_per_message = 8;

static_assert(effects_per_message * sizeof(core::LinkEffect) + sizeof(Request) <= message_capacity);

struct AddRequest {
  core::Impairment::Kind kind = core::Impairment::Kind::partition;
  std::uint64_t handle = 0;
  core::LinkSettings settings{};
};

struct EffectRequest {
  std::uint64_t handle = 0, first = 0;
};

struct StreamRequest {
  std::uint64_t handle = 0;
  core::StreamSettings settings{};
};
static_assert(effects_per_message * sizeof(core::StreamEffect) + sizeof(Request) <= message_capacity);

/// One text of a core::HttpMatch, which the rest of the message holds. A value belongs to the header named before it.
enum class HttpPattern : std::uint32_t { method, path, host, header, value, response_header, response_value, status };
/// Longer ones do not fit.
inline constexpr std::size_t longest_pattern = 8192;

struct HttpRequest {
  std::uint64_t handle = 0;
  core::HttpSettings settings{};
};
static_assert(effects_per_message * sizeof(core::HttpEffect) + sizeof(Request) <= message_capacity);

struct HttpMet {
  core::Link link;
  std::uint64_t key = 0, ordinal = 0;
};

struct HttpKind {
  std::uint64_t count = 0;
  char what[120] = {};
};
inline constexpr std::size_t kinds_per_message = 8;

/// How many draws were made on a link: of a connection, or of none (key 0).
struct DrawCount {
  core::Link link;
  std::uint64_t key = 0, count = 0;
};
inline constexpr std::size_t draws_per_message = 2048;

struct PlugRequest {
  core::NodeId node = 0;
  bool present = true;
};

struct HealthReply {
  std::uint64_t queue_drops = 0, unroutable = 0, write_losses = 0, queued = 0, late = 0;
  std::int64_t lateness_p99_ns = 0, lateness_max_ns = 0, stall_max_ns = 0;
  bool realtime = false;
};

struct NodeAudit {
  PortCounters fabric;
  os::InterfaceCounters kernel;
};

/// Appends values as they lie in memory.
class MessageWriter {
 public:
  template <class T>
  MessageWriter& put(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto bytes = std::as_bytes(std::span(&value, 1));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  /// Comes last: it takes the rest of the message.
  MessageWriter& put_text(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

/// Throws std::runtime_error when the message is shorter than what is asked of it.
class MessageReader {
 public:
  explicit MessageReader(std::span<const std::byte> bytes) : rest_(bytes) {}
  template <class T>
  T take() {
    static_assert(std::is_trivially_copyable_v<T>);
    if (rest_.size() < sizeof(T)) throw std::runtime_error("link fabric: a message is too short");
    T value;
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_ = rest_.subspan(sizeof value);
    return value;
  }
  template <class T>
  std::vector<T> take_rest() {
    std::vector<T> values;
    while (!rest_.empty()) values.push_back(take<T>());
    return values;
  }
  [[nodiscard]] std::string text() const {
    std::string text(rest_.size(), '\0');
    std::memcpy(text.data(), rest_.data(), rest_.size());
    return text;
  }

 private:
  std::span<const std::byte> rest_;
};

}  // namespace withstand::lab::link
