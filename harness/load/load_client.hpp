#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/event_loop.hpp"
#include "load/config.hpp"
#include "load/summary.hpp"
#include "os/fd.hpp"
#include "record/journal.hpp"

namespace withstand::load {

/// The orchestrator's end of one load process (`withstand __load`). Callbacks come from the event loop; each is
/// optional, and must not destroy the client. A load process that dies is the harness' failure, not the target's:
/// on_death.
class LoadClient {
 public:
  struct Callbacks {
    /// The process has its configuration, and its driver takes requests (an exec program has said that it is ready);
    /// start() may be sent before this too.
    std::function<void()> on_ready;
    /// Seconds whose every operation has ended, in order; one entry per operation kind and one with op "" for all.
    std::function<void(const std::vector<record::LoadSecond>&)> on_second;
    /// After stop(): nothing is under way any more and the history is complete.
    std::function<void(const Summary&)> on_finished;
    std::function<void(const FinalReads&)> on_final_reads;
    /// The process ended unasked, or says that it cannot go on (an exec driver that died, a full disk): why, in words.
    /// Called once; nothing else is called afterwards.
    std::function<void(const std::string& why)> on_death;
  };

  /// `control` is the orchestrator's end of a SOCK_SEQPACKET pair whose other end is fd 3 of the load process. Sends
  /// the configuration. Throws os::SystemError when it cannot be sent.
  LoadClient(core::EventLoop& loop, os::Fd control, const Config& config, Callbacks callbacks);
  /// Hangs up: the process exits by itself.
  ~LoadClient();
  LoadClient(const LoadClient&) = delete;
  LoadClient& operator=(const LoadClient&) = delete;

  /// The first operation is due at `at` (absolute); operations go on until stop(). Once only.
  void start(core::Instant at);
  /// No operation is started any more; those under way get their timeout. on_finished follows within the timeout.
  void stop();
  /// Reads back, after on_finished. write-once: every key whose write was acknowledged or is unknown, through each of
  /// `nodes`. register: every key once. A read that fails is tried again until `within` has passed; each try is in the
  /// history (final_read). on_final_reads follows.
  void final_reads(const std::vector<std::string>& nodes, std::chrono::nanoseconds within);
  /// Asks the process to end; its end is then no death.
  void exit();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The entry point of the re-executed process; fd 3 is its control socket. Returns the exit status: 0 when asked to
/// exit or when the control socket was hung up, 3 when it could not go on.
int load_main();

}  // namespace withstand::load
