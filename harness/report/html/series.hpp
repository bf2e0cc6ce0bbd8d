#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "record/run_record.hpp"

/// Series of a run for charts, from what its folder holds. Times are nanoseconds since the run's epoch.
namespace withstand::report::html {

/// No chart shows more points than this; what is longer is put together, and `words` says how.
constexpr std::size_t most_points = 600;

/// Operations of one kind in equal intervals of time, by when they were due.
struct OpSeries {
  std::string op;                                      ///< "" for all
  std::vector<std::uint64_t> ok, fail, info, dropped;  ///< one figure per interval
  std::vector<std::int64_t> p50, p90, p99, max;        ///< response times; -1: no operation, or not recorded
  void grow(std::size_t intervals);
};

struct LoadSeries {
  std::int64_t from = 0, width = 0;  ///< of the first interval; width 0: there is no load
  std::vector<OpSeries> ops;         ///< all of them together first
  std::string words;                 ///< what a point is, and what it was made from
};

/// Intervals begin with `during`, so that none lies in two phases. Shorter than a second where the history of
/// operations is there and of moderate size; else seconds, as the journal has them.
LoadSeries load_series(const record::RunRecord& run);

/// Where times of a report count from: the start of `during`; 0 where the run did not come to it.
std::int64_t origin_of(const record::RunRecord& run);

struct Window {
  std::int64_t from = 0, to = 0;
};
/// What charts show: from the first operation's phase to the end of the last one, else the whole run. Never empty.
Window window_of(const record::RunRecord& run);

/// The timeout of operations in an experiment file's text; 0 where it cannot be read.
std::int64_t timeout_of(const std::string& experiment);

}  // namespace withstand::report::html
