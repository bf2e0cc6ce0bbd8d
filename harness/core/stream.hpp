#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "core/topology.hpp"

/// What can be asked of TCP connections, as against single packets: plain values that cross into another process as
/// they lie in memory. A stream impairment concerns connections that were opened from a link's `from` to its `to`; "up"
/// is that way, "down" the way back.
namespace withstand::core {

struct StreamSettings {
  enum class Action {
    reset,       ///< both ends are told that the other has aborted (RST)
    black_hole,  ///< nothing passes any more; nobody is told
    half_open,   ///< one end is told that the other has aborted, which never hears of it: nothing passes any more
    slow_close,  ///< the end of the stream (FIN) arrives later
    slice,       ///< data arrives in small pieces
    bandwidth,   ///< data flows no faster than this
    limit,       ///< after so many bytes the receiver sees the end of the stream, and the sender an abort
    refuse,      ///< new connections are refused
    mute,        ///< new connections are accepted, and then never answered
    cap,         ///< beyond so many open connections, further ones are refused
  };
  enum class Direction { both, up, down };
  static constexpr std::int64_t no_bytes = -1;

  Action action = Action::reset;
  std::int64_t toxicity_ppb = 1'000'000'000;  ///< share of connections
  Direction direction = Direction::both;
  std::uint16_t port = 0;  ///< of the service; 0: any
  std::chrono::nanoseconds
      after{};  ///< reset, black_hole, half_open: since the fault began, or the connection if later
  /// reset, black_hole, half_open: payload that passes first, in `direction`; limit: the limit. no_bytes: not asked.
  std::int64_t after_bytes = no_bytes;
  bool server_is_told = true;        ///< half_open: which end; else the client
  std::chrono::nanoseconds delay{};  ///< slow_close: of the end; slice: from one piece to the next
  std::int64_t size = 0;             ///< slice: bytes of a piece
  std::int64_t variation = 0;        ///< slice: a piece has size ± variation bytes, drawn evenly; below size
  std::int64_t bits_per_second = 0;  ///< bandwidth, of payload
  std::int64_t connections = 0;      ///< cap
  bool silent = false;               ///< refuse, cap: leave the attempt unanswered instead

  [[nodiscard]] bool acts_on(bool up) const {
    return direction == Direction::both || (direction == Direction::up) == up;
  }
};

struct StreamImpairment {
  std::string fault;  ///< the injection's name; part of every draw
  std::uint64_t seed = 0;
  StreamSettings settings{};
};

/// What a stream impairment did to the connections opened over one link since it was added. What arrived is counted
/// where packets are written to the nodes' interfaces, by another piece of code than the one that decides.
struct StreamEffect {
  Link link;
  std::uint64_t connections = 0;                     ///< that met it and match
  std::uint64_t chosen = 0;                          ///< of those, by toxicity
  std::uint64_t decided = 0;                         ///< the same, decided again from the seed in another process
  std::uint64_t struck = 0;                          ///< chosen connections to which it did what it is for
  std::uint64_t opening = 0;                         ///< chosen connections whose opening (SYN) was sent meanwhile
  std::uint64_t opened = 0;                          ///< of those, whose opening arrived at the server
  std::uint64_t told_client = 0, told_server = 0;    ///< chosen connections to whose end an abort (RST) was delivered
  std::uint64_t ended_client = 0, ended_server = 0;  ///< chosen connections to whose end the stream's end (FIN) came
  std::uint64_t sent_bytes = 0;       ///< payload that the ends of chosen connections sent, retransmissions included
  std::uint64_t delivered_bytes = 0;  ///< of that, delivered
  std::uint64_t held_back = 0;        ///< payload that was sent beyond the point where it struck
  std::uint64_t leaked_bytes = 0;     ///< of that, delivered all the same: must be 0
  std::uint64_t pieces = 0;           ///< deliveries of new payload in the directions concerned
  std::uint64_t largest_piece = 0;    ///< bytes
  std::int64_t least_gap_ns = 0;      ///< between two pieces of one connection that had to wait; 0: there were none
  std::uint64_t waited = 0;           ///< pieces that had to wait in their connection's queue, behind others
  std::uint64_t busy_bytes = 0;       ///< payload that left that queue while more waited in it
  std::int64_t busy_ns = 0;           ///< how long that took
  std::uint64_t alone_bytes = 0;      ///< of that, what no other fault held there
  std::int64_t alone_ns = 0;
  std::uint64_t dropped = 0;                           ///< segments lost because too much of a connection waited
  std::int64_t least_close_ns = 0, mean_close_ns = 0;  ///< slow_close: from FIN sent to FIN delivered
  std::uint64_t closes = 0;                            ///< of how many
  std::uint64_t most_open = 0;   ///< cap: connections open at once, as the client's interface saw them accepted
  std::uint64_t found_open = 0;  ///< cap: connections that were open when it began
  std::uint64_t refused = 0;     ///< cap: attempts that did not arrive at the server
  std::uint64_t unheard = 0;     ///< refuse, cap: turned away from a port where nobody has accepted a connection yet,
                                 ///< ever since the lab began: who is not there cannot be missed
  std::uint64_t untracked = 0;   ///< connections left alone because too many are open at once
};

}  // namespace withstand::core
