#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "record/journal.hpp"

/// Stretches of a run's time, in nanoseconds since the run's epoch. Value types.
namespace withstand::check {

/// Half-open: from <= t < to.
struct Window {
  std::int64_t from = 0;
  std::int64_t to = 0;
  [[nodiscard]] bool contains(std::int64_t t) const { return from <= t && t < to; }
  [[nodiscard]] std::int64_t length() const { return to > from ? to - from : 0; }
};

struct PhaseWindow {
  std::string phase;  ///< "before", "during", "after"
  Window window;
};

/// While an injection was active; `to` is INT64_MAX when it was never reverted.
struct FaultWindow {
  std::string fault, kind;
  std::vector<std::string> on;  ///< nodes or links, after resolution
  Window window;
};

/// A probe's sample with the instant when the probe was asked.
struct ProbeObservation {
  std::int64_t asked = 0;
  record::ProbeSample sample;
};

}  // namespace withstand::check
