#pragma once

#include <memory>

#include "os/fd.hpp"

namespace withstand::os {

/// Keeps idle processors from sleeping so deeply that a timer or a packet wakes them late. Costs the energy of a
/// processor that waits awake, so it is held only while somebody counts on microseconds. Not thread-safe.
///
/// The kernel is asked (its PM QoS interface, Documentation/power/pm_qos_interface: a request lasts as long as the open
/// file, so it ends with its holder however that ends). Where it has nothing to say about idle processors, as in most
/// virtual machines, whose idle processors are the host's to wake, or where an ordinary user may not ask, a process of
/// the idle class (SCHED_IDLE: it gets what nobody else wants) stays awake on the processor that the holder last ran
/// on, and ends with its holder. Measured in a virtual machine of two processors, packets delayed by 1 to 100 ms: the
/// error's median fell from 26 to 43 us to 15 to 23 us, its 99th percentile from 210 to 560 us to 52 to 61 us. Not
/// where processor time is bounded by a quota, from which it would take.
class IdleLatency {
 public:
  IdleLatency();
  ~IdleLatency();
  IdleLatency(const IdleLatency&) = delete;
  IdleLatency& operator=(const IdleLatency&) = delete;

  /// Asks for wake-ups without delay, or takes that back. Harmless to repeat.
  void hold(bool held);
  /// To be called by the holder's thread before it sleeps, so that its processor is the one that stays awake.
  void follow();
  /// Whether the kernel was asked, and did not refuse.
  [[nodiscard]] bool asked() const { return request_.valid(); }
  /// Whether a process stays awake for it.
  [[nodiscard]] bool awake() const { return held_ && spinner_ != nullptr; }

 private:
  class Spinner;
  Fd request_;
  bool held_ = false;
  std::unique_ptr<Spinner> spinner_;
};

}  // namespace withstand::os
