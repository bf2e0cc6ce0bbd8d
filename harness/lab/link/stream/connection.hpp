#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/draw.hpp"
#include "core/event_loop.hpp"
#include "core/stream.hpp"
#include "core/topology.hpp"
#include "lab/link/connections.hpp"
#include "lab/link/ruling.hpp"
#include "lab/link/stream/orders.hpp"
#include "lab/link/stream/segment.hpp"

namespace withstand::lab::link::http {
struct Talk;
}

/// TCP connections as the fabric follows them, and what stream impairments make of each.
namespace withstand::lab::link::stream {

/// One direction of a connection.
struct Way {
  bool seen = false;
  std::uint32_t next = 0;         ///< behind the furthest byte that was taken on
  Position position = 0;          ///< of `next`
  bool ended = false;             ///< its FIN was taken on
  bool end_waits = false;         ///< its FIN is in `waiting`
  bool end_left = false;          ///< its FIN has left
  core::Instant end_sent{};       ///< when its FIN was first read
  core::Instant armed{};          ///< when what waits is looked at next
  core::Instant left_at{};        ///< when the last piece was due that left
  std::uint32_t left_bytes = 0;   ///< its payload
  std::uint64_t pieces = 0;       ///< cut so far
  std::uint64_t again_cut = 0;    ///< the same, of what had left before
  std::size_t waiting_bytes = 0;  ///< in `waiting` and `again`

  struct Piece {
    core::Instant read{};
    Position at = 0;
    std::uint32_t length = 0;
    bool ends = false;             ///< it is a FIN alone
    std::vector<std::byte> frame;  ///< empty: here the stop strikes
  };
  std::deque<Piece> waiting;        ///< in order
  std::map<Position, Piece> again;  ///< what had left and was sent again, to leave before what waits
  std::unique_ptr<Orders> orders;
  std::optional<std::uint32_t> newest_stamp{};  ///< of what was sent on, see raise_timestamp

  [[nodiscard]] Orders& ordered() {
    if (!orders) orders = std::make_unique<Orders>();
    return *orders;
  }

  [[nodiscard]] Position at(std::uint32_t sequence) const { return position + distance(next, sequence); }
  /// Behind what has left: what waits here has not.
  [[nodiscard]] Position left() const { return waiting.empty() ? position : waiting.front().at; }
  [[nodiscard]] bool idle() const { return waiting.empty() && again.empty(); }
  [[nodiscard]] const Piece& first() const { return again.empty() ? waiting.front() : again.begin()->second; }
};

/// One impairment on a set of links.
struct Stage {
  struct OnLink {
    core::DrawStream draws;
    core::StreamEffect account;        ///< of connections that are no longer followed
    std::vector<std::uint64_t> met{};  ///< the keys of all that met it
    std::uint64_t open = 0;            ///< chosen connections that are open
    std::uint64_t accepted = 0;        ///< the same, as seen where packets leave
    std::uint64_t most_accepted = 0, found = 0;
    std::map<std::uint16_t, std::uint64_t> turned_away{};  ///< connections, by the port they were opened to
  };
  Author author{};
  core::StreamSettings settings{};
  bool active = true;
  std::map<core::Link, OnLink> links{};
};

/// What one impairment has to do with one connection.
struct Role {
  std::shared_ptr<Stage> stage;
  Stage::OnLink* on = nullptr;
  bool chosen = false;
  bool struck = false;
  bool opening = false;  ///< the connection was opened while the impairment lasts
  bool counted = false;  ///< among OnLink::open
  bool turned_away = false;
  bool overruled = false;                         ///< half-open: another fault has ended the connection for both
  std::array<Position, 2> met{};                  ///< where each way was
  std::array<Position, 2> cut{nowhere, nowhere};  ///< behind which nothing may arrive
  core::StreamEffect account{};

  /// The last piece that left the queue of each way, as `released` saw it.
  struct Left {
    core::Instant when{};
    std::uint32_t bytes = 0;
    bool backlog = false;  ///< more was waiting then
  };
  std::array<Left, 2> left{};
  std::array<Position, 2> arrived{};  ///< behind the furthest byte that was seen to arrive
  std::array<bool, 2> end_arrived{};
  bool accepted = false;  ///< among OnLink::accepted
};

struct StreamConnection {
  core::Link opened;          ///< from client to server
  ConnectionKey place;        ///< in the table of connections
  core::Instant last_seen{};  ///< a segment of it
  std::uint64_t key = 0;
  Route up;
  std::optional<std::uint32_t> initial;  ///< sequence number of its opening, where that was seen
  bool established = false;              ///< both ends have agreed on it
  bool dead = false;                     ///< whoever still sends is told that there is no such connection
  const Author* killer = nullptr;        ///< that aborted it
  bool closed = false;                   ///< both ends have ended it, or one has aborted
  std::array<Way, 2> ways{};             ///< up, down
  std::vector<std::unique_ptr<Role>> roles;
  std::shared_ptr<http::Talk> talk;  ///< what is said on it; null where nobody listens

  [[nodiscard]] bool is_up(core::Link link) const { return link.from == opened.from; }
  [[nodiscard]] core::Link link(bool way_up) const { return way_up ? opened : core::Link{opened.to, opened.from}; }
  [[nodiscard]] Way& way(bool way_up) { return ways[way_up ? 0 : 1]; }
  [[nodiscard]] Role* role(const Stage& stage) const;
  [[nodiscard]] bool waits() const { return !ways[0].idle() || !ways[1].idle(); }
};

/// Adds what became of one connection to the account of all.
void fold(core::StreamEffect& total, const core::StreamEffect& one);
/// What a connection adds, its flags as counts.
core::StreamEffect account_of(const Role& role);

/// A piece has left the queue of its direction, which it was let go of in its turn. Sees sizes and instants only.
void released(StreamConnection& connection, bool up, const Way::Piece& piece, core::Instant when);

/// A segment was written to its receiver's interface. Sees bytes and instants only, never what was decided.
void witness(StreamConnection& connection, bool up, const Segment& segment, core::Instant written);

}  // namespace withstand::lab::link::stream
