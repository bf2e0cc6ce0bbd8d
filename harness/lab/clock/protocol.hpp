#pragma once

#include <cstdint>

#include "lab/clock/line.hpp"
#include "lab/clock/shapes.hpp"

/// What orchestrator and supervisor say to each other over a SOCK_SEQPACKET socket: one request, one reply, in turn.
/// Both are the same binary, so structs travel as they are. Over a second socket per domain come the listeners of its
/// processes' filters, one message each.
namespace withstand::lab::clock {

struct Request {
  enum class Kind : std::uint32_t {
    domain,  ///< a new one; the socket of its listeners comes along. Reply: its number in `handle`
    add,     ///< reply: the change's `handle`, or `error` and why in `text`
    remove,
    effect,
  };
  enum class Change : std::uint32_t { offset, drift, freeze, strobe, start_at, leap, smear, suspend, settable };
  Kind kind = Kind::domain;
  std::uint32_t domain = 0;
  std::uint64_t handle = 0;
  Change change = Change::offset;
  std::int64_t by = 0, rate_ppb = 0, half_period = 0, wall = 0, length = 0, lead = -1, since = 0;
  Smear shape = Smear::linear;
  bool inserted = true, tick_edge = false, timers_early = false;
  bool steady_too = false;  ///< of a new domain: its processes are asked about waits by every clock
};

struct Reply {
  std::uint64_t handle = 0;
  bool error = false;
  Ns switched = 0, published = 0;
  Ns requested[WS_LINES] = {}, measured[WS_LINES] = {};  ///< how far ahead of the machine's own
  bool is_measured = false, leapt = false;
  int leap_state = 0, tai = 0;
  std::uint64_t processes = 0, covered = 0, programs = 0, reads = 0, waits = 0, timers = 0, woken = 0;
  std::uint64_t refused_sets = 0, sets = 0, rings = 0, escaped = 0;
  Ns injection = 0;
  double processors_before = -1, processors_since = -1;  ///< used before timers became early, and since; -1: unknown
  std::int32_t programs_seen[32] = {};                   ///< one process for each program file of the node; 0: no more
  char sample[64] = {};
  char text[4000] = {};  ///< why not; of an effect, the programs that escaped, one a line
};

/// The supervisor's entry point: descriptor 3 is its control socket; it ends with exit status 0 when that reports end
/// of file.
int supervisor_main();

}  // namespace withstand::lab::clock
