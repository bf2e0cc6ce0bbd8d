#pragma once

#include <cstdint>
#include <string>

namespace withstand::lab::link {

struct StageSettings;

/// Who does something to connections: "stream" or "http", and the fault's name.
struct Author {
  const char* kind = "stream";
  std::string fault{};
};

/// One thing that was decided on a packet or a copy of it, for those who read a capture. Made only while one is taken.
struct Ruling {
  enum class What : std::uint32_t {
    dropped,    ///< mtu: `amount` bytes; ttl: what was left of its time to live
    marked,     ///< its congestion
    hops,       ///< `amount` taken from its time to live
    copied,     ///< `amount` copies were made
    copy,       ///< this is the `amount`-th copy, from 1
    waits,      ///< `amount` ns from coming to a rate until leaving it
    delayed,    ///< by `amount` ns
    held,       ///< back for `amount` ns
    flipped,    ///< bit `amount` of the IP packet: byte amount / 8, its bit amount % 8 counted from the least
    in_order,   ///< waits `amount` ns more, since the packet before it is not due earlier
    no_room,    ///< the queue of its link is full
    not_taken,  ///< the receiver's interface is down
    early,      ///< it came before its predecessors, and HTTP is read in order: TCP sends it again
    // Of connections, which stand before the packets' own stages.
    swallowed,   ///< nothing of this direction passes any more
    refused,     ///< an opening of a connection that is not to be
    cut,         ///< only the first `amount` bytes of its payload went on
    muted,       ///< its payload did not go on, what it acknowledges did
    paced,       ///< it waited for its turn, or is a piece of what its sender sent
    made,        ///< no node sent it
    rewritten,   ///< bytes of what it says are others
    unanswered,  ///< its connection has been aborted: answered by a reset
  };
  const StageSettings* by = nullptr;  ///< null: the link itself, or `author`
  const Author* author = nullptr;     ///< of what is done to a connection
  What what = What::dropped;
  std::uint32_t of = 0;  ///< of which fate: 0 is the packet's, the others are its copies'
  std::int64_t amount = 0;
};

inline Ruling ruling(const Author& by, Ruling::What what, std::int64_t amount = 0) {
  return {.author = &by, .what = what, .amount = amount};
}

}  // namespace withstand::lab::link
