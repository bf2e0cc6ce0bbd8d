#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "core/draw.hpp"
#include "load/config.hpp"

namespace withstand::load {

/// When operations are due. The rate over time says how many are due until then, N(t); the k-th is due where N reaches
/// k, or with Poisson arrivals where it reaches the sum of k exponential gaps of mean 1: a homogeneous process on the
/// scale of N is the wanted one on that of t (D. R. Cox, V. Isham, "Point Processes", 1980, section 4.2). Not
/// thread-safe.
class Arrivals {
 public:
  /// Throws std::runtime_error when the trace cannot be read.
  explicit Arrivals(const Config& config);
  /// How long after the load's start that operation is due; `never` after the end of a trace. Ordinals must not go
  /// down.
  [[nodiscard]] std::chrono::nanoseconds of(std::uint64_t ordinal);

  static constexpr std::chrono::nanoseconds never = std::chrono::nanoseconds::max();

 private:
  [[nodiscard]] long double position_of(std::uint64_t ordinal);
  [[nodiscard]] std::int64_t inverse(long double position);
  [[nodiscard]] std::int64_t inverse_of_sine(long double position) const;

  std::uint64_t rate_;  // thousandths of an operation per second
  bool poisson_;
  std::vector<RateSegment> segments_;
  std::size_t segment_ = 0;             // where the last one was
  long double segment_begin_ = 0;       // ns
  long double segment_position_ = 0;    // N there
  long double swing_ = 0, period_ = 0;  // of a sine; period in ns
  std::vector<std::int64_t> trace_;
  bool traced_;
  core::DrawStream gaps_;
  long double sum_ = 0;      // of exponential gaps
  std::uint64_t drawn_ = 0;  // how many are in it
};

/// A trace's absolute path; a relative one starts at the folder of the experiment file.
std::string trace_path(const std::string& experiment, const std::string& trace);

/// Arrival times in ns, out of a file with one time in seconds a line, in ascending order; empty lines and those that
/// begin with # are left out. Throws std::runtime_error, which names the line.
std::vector<std::int64_t> read_trace(const std::string& path);

}  // namespace withstand::load
