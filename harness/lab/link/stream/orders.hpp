#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <vector>

#include "core/event_loop.hpp"
#include "lab/link/ruling.hpp"

/// What is asked of one direction of a connection at certain places of its stream, by whoever reads what is said there.
/// Who asked is told by an address and means nothing else here.
namespace withstand::lab::link::stream {

/// Counts bytes of a stream from the first one that was seen, without end.
using Position = std::int64_t;
inline constexpr Position nowhere = std::numeric_limits<Position>::max();

struct Orders {
  /// What comes from this place on leaves no earlier.
  struct Hold {
    Position from = 0;
    core::Instant until{};
    const void* by = nullptr;  ///< null: until it is known what is being said there
    const Author* author = nullptr;
  };
  /// Nothing passes from this place on.
  struct Stop {
    enum class How {
      swallow,  ///< nobody is told; passes after all when the order is taken back
      abort,    ///< the connection is aborted (RST)
      end,      ///< the receiver sees the end of the stream (FIN), the sender an abort
    };
    Position at = nowhere;
    How how = How::swallow;
    bool client_is_told = true, server_is_told = true;  ///< abort
    bool due = false;                                   ///< it was reached, and waits for what is held before it
    const void* by = nullptr;
    const Author* author = nullptr;
    void* on = nullptr;      ///< whose account it is
    bool tentative = false;  ///< it may lie behind the end of what it is meant to cut
  };
  /// These bytes stand there instead, as often as they are sent, until the receiver has acknowledged them.
  struct Rewrite {
    Position at = 0;
    std::array<std::uint8_t, 3> bytes{};
    void* by = nullptr;
    const Author* author = nullptr;
    std::uint8_t arrived = 0, differed = 0;  ///< by bit: bytes delivered, and of those, delivered as they were
  };

  std::vector<Hold> holds{};
  Stop stop{};
  std::vector<Stop> further{};  ///< stops that count when those before them are taken back
  std::deque<Rewrite> rewrites{};

  /// When what stands at a place may leave; the distant past when nothing holds it.
  [[nodiscard]] core::Instant held_until(Position at) const;
  /// How many of `length` bytes from a place on are held alike.
  [[nodiscard]] std::uint32_t held_alike(Position at, std::uint32_t length) const;
  /// The one that comes first in the stream counts, of two at one place the older one. Whether it is this one.
  bool add(const Stop& another);
  /// Takes back those for which `is` holds. Whether another one counts now.
  template <class Predicate>
  bool take_back(const Predicate& is) {
    std::erase_if(further, is);
    if (stop.at == nowhere || !is(stop)) return false;
    promote();
    return true;
  }
  /// Holds that keep nothing any more.
  void forget_before(Position at, core::Instant now);

 private:
  void promote();
};

}  // namespace withstand::lab::link::stream
