#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "lab/clock/domain_state.hpp"
#include "lab/clock/tracer.hpp"

namespace withstand::lab::clock {

/// The kernel tells who asked for it (TFD_TIMER_CANCEL_ON_SET) that the clock was set: the next read of the timer fails
/// with ECANCELED. The threads of the process are watched for that read, for a second at most.
class Cancellation {
 public:
  /// `over` is called once, when the read was made to fail or nobody came: the timer is to be set again.
  Cancellation(const InstantTimer& timer, Ns deadline, std::function<void()> over)
      : timer_(timer), deadline_(deadline), over_(std::move(over)) {}
  [[nodiscard]] const InstantTimer& timer() const { return timer_; }
  [[nodiscard]] Ns deadline() const { return deadline_; }
  [[nodiscard]] bool is_over() const { return !over_; }
  void end() {
    if (auto tell = std::exchange(over_, nullptr)) tell();
  }

 private:
  InstantTimer timer_;
  Ns deadline_;
  std::function<void()> over_;
};

/// One thread that is watched. Its system calls stop it twice meanwhile.
class CancelJob : public Job {
 public:
  explicit CancelJob(std::shared_ptr<Cancellation> cancellation) : cancellation_(std::move(cancellation)) {}
  void on_stop(Tracer& tracer, pid_t thread, const os::TraceStop& stop) override;

 private:
  std::shared_ptr<Cancellation> cancellation_;
};

/// Begins to watch every thread of the timer's process that is not held for something else.
void watch_for_read(const std::shared_ptr<Cancellation>& cancellation, Tracer& tracer);
/// Stops watching.
void stop_watching(const Cancellation& cancellation, Tracer& tracer);

}  // namespace withstand::lab::clock
