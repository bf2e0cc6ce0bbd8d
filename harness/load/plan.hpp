#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "core/draw.hpp"
#include "load/config.hpp"
#include "load/driver.hpp"

namespace withstand::load {

/// One operation that is to happen.
struct Planned {
  std::uint64_t id = 0;               ///< its ordinal in the whole load, all clients together
  std::chrono::nanoseconds offset{};  ///< due this long after the load's start
  Request::Kind kind = Request::Kind::read;
  std::string key;         ///< empty for write-once reads, which follow what was acknowledged
  std::string value_name;  ///< what a write writes
  std::uint64_t pick = 0;  ///< a draw, for choosing among what was acknowledged
};

/// The operations of one client, in order, without end. Fully determined by the configuration: what is due, when, on
/// which key, with which value; nothing the target does changes it.
class Plan {
 public:
  explicit Plan(const Config& config);
  [[nodiscard]] const Planned& next() const { return next_; }
  void advance();

 private:
  void fill();
  [[nodiscard]] std::chrono::nanoseconds offset_of(std::uint64_t id);

  bool write_once_, poisson_;
  std::uint64_t client_index_, clients_, rate_millihertz_, keys_, read_weight_, write_weight_;
  core::DrawStream kinds_, which_, picks_, gaps_;
  long double poisson_sum_ = 0;      ///< of gaps, in mean gaps
  std::uint64_t poisson_drawn_ = 0;  ///< how many gaps are in it
  Planned next_;
};

/// The mix a workload has when nobody says otherwise.
std::map<std::string, std::int64_t> default_mix(const std::string& workload);

}  // namespace withstand::load
