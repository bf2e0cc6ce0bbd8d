#pragma once

#include "os/fd.hpp"

namespace withstand::os {

/// Keeps idle processors from sleeping so deeply that a timer or a packet wakes them late, where this process may
/// (the kernel's PM QoS interface, Documentation/power/pm_qos_interface: a request lasts as long as the open file, so
/// it ends with its holder however that ends). Costs the energy of a processor that waits awake, so it is held only
/// while somebody counts on microseconds. Not thread-safe.
class IdleLatency {
 public:
  /// Asks for wake-ups without delay, or takes that back. Harmless to repeat.
  void hold(bool held);
  /// Whether the kernel keeps to it now; an ordinary user may not ask.
  [[nodiscard]] bool held() const { return request_.valid(); }

 private:
  Fd request_;
};

}  // namespace withstand::os
