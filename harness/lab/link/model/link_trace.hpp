#pragma once

#include <cstdint>

#include "core/event_loop.hpp"
#include "lab/link/model/distribution.hpp"

namespace withstand::lab::link {

/// A recorded link: at each instant of the trace 1504 bytes may leave, and what is not used then is lost. A packet that
/// does not fit waits for as many instants as it needs. After Mahimahi (Netravali et al., "Mahimahi: accurate
/// record-and-replay for HTTP", 2015), which counts four bytes of its device's header with every packet, as is done
/// here, so that its traces mean what they meant; its clock is the wall clock in milliseconds, ours is monotonic.
class LinkTrace {
 public:
  static constexpr std::uint32_t opportunity_bytes = 1504, packet_header_bytes = 4;

  /// `instants`: nanoseconds from `start`, not falling, the last above 0: there the trace begins again.
  LinkTrace(Table instants, core::Instant start);
  /// For a packet of so many bytes that comes at `now`; `now` must not fall.
  [[nodiscard]] core::Instant leaves(core::Instant now, std::uint32_t packet_bytes);
  /// All opportunities from `now` on are unused, those of the round in use too.
  void begin_anew(core::Instant now);
  /// Over one round of the trace.
  [[nodiscard]] std::int64_t mean_bits_per_second() const;

 private:
  [[nodiscard]] core::Instant instant() const;
  void advance();
  void skip_to(core::Instant now);

  Table instants_;
  core::Instant round_;   ///< when this round began
  std::size_t next_ = 0;  ///< the opportunity in use
  std::uint32_t left_ = opportunity_bytes;
};

}  // namespace withstand::lab::link
