#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/fault.hpp"

namespace withstand::faults {

/// Links that were cut come back narrow: they carry 64 kbit/s at first and 1 Gbit/s in the end, doubling evenly. Given
/// up early when this object goes.
class SlowStart {
 public:
  SlowStart(core::Lab& lab, std::chrono::nanoseconds time) : lab_(lab), time_(time) {}
  /// Nothing when the time is 0.
  void begin(const std::string& fault, std::uint64_t seed, const std::vector<core::Link>& links);

 private:
  core::Lab& lab_;
  std::chrono::nanoseconds time_;
  core::EventLoop::Registration timer_;
};

/// `slow_start`.
spec::Parameter slow_start_parameter();
std::chrono::nanoseconds slow_start_of(const spec::FaultSpec& fault);

}  // namespace withstand::faults
