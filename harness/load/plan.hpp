#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "core/draw.hpp"
#include "load/arrivals.hpp"
#include "load/config.hpp"
#include "load/driver.hpp"
#include "load/shapes.hpp"

namespace withstand::load {

/// One operation that is to happen. Its id is its ordinal in the whole load, all clients together; a value is its name
/// (load/values.hpp), not yet filled up.
struct Planned : Request {
  std::chrono::nanoseconds offset{};  ///< due this long after the load's start; Arrivals::never: there are no more
  std::uint64_t pick = 0;             ///< a draw, for choosing among what was acknowledged
};

/// The operations of one client, in order, without end. Fully determined by the configuration: what is due, when, on
/// which key, with which value; nothing the target does changes it. Of a closed loop everything but when: offsets are
/// 0.
class Plan {
 public:
  explicit Plan(const Config& config);
  [[nodiscard]] const Planned& next() const { return next_; }
  void advance();

 private:
  void fill();

  std::uint64_t client_index_, clients_;
  bool closed_;
  std::unique_ptr<const Shape> shape_;
  Arrivals arrivals_;
  core::DrawStream picks_;
  Planned next_;
};

}  // namespace withstand::load
