#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "record/run_record.hpp"

namespace withstand::report::html {

/// What a node did, for a lane along the time axis. Times are nanoseconds since the run's epoch.
struct Lane {
  struct Span {
    std::string state;  ///< "starting", "up", "down", "paused"
    std::int64_t from = 0, to = 0;
  };
  struct Mark {
    std::int64_t t = 0;
    std::string what, detail;
    bool unasked = false;  ///< an exit that no fault and nobody else asked for
  };
  std::string node;
  std::vector<Span> spans;
  std::vector<Mark> marks;
  std::vector<std::size_t> injections;  ///< that were on this node or on a link of it, by their place in the record
  std::uint64_t left_out = 0;           ///< marks beyond the most that a lane shows
};

/// One per node that the run names, or that something happened to, but none for a client to which nothing happened.
std::vector<Lane> lanes_of(const record::RunRecord& run);

/// Whether an injection was on this node, or on a link that begins or ends there ("n1→n2").
bool touches(const record::InjectionRecord& injection, const std::string& node);

/// When an injection's effect ended: reverted, else at the end of the run.
std::int64_t end_of(const record::RunRecord& run, const record::InjectionRecord& injection);

}  // namespace withstand::report::html
