#pragma once

#include <map>
#include <memory>

#include "os/ptrace.hpp"
#include "os/signal_fd.hpp"

namespace withstand::lab::clock {

class Tracer;

/// What is done to one thread while it is held: from being seized to being let go.
class Job {
 public:
  virtual ~Job() = default;
  /// The thread has stopped; it stays so until the job lets it go on (os::resume and the like) or go.
  virtual void on_stop(Tracer& tracer, pid_t thread, const os::TraceStop& stop) = 0;
  /// It has ended while it was held.
  virtual void on_end() {}
};

/// Every thread that is held, each for one job. Nothing here waits for a thread.
class Tracer {
 public:
  Tracer() : children_({SIGCHLD}) {}

  /// Readable when some thread may have stopped.
  [[nodiscard]] int descriptor() const { return children_.get(); }
  /// Hands every stop to its job.
  void serve();

  /// Holds a thread for a job, in place of the one it may be held for. 0, or an errno: EPERM when somebody else traces
  /// it. Nothing happens to the thread yet.
  int hold(pid_t thread, std::unique_ptr<Job> job);
  [[nodiscard]] Job* job_of(pid_t thread) const;
  /// Lets a stopped thread go; its job has done.
  void let_go(pid_t thread, int signal = 0);
  /// A thread that executes a program becomes its process' first: from now on it has that number.
  void renamed(pid_t before, pid_t now);
  [[nodiscard]] bool idle() const { return held_.empty(); }

 private:
  struct Held {
    std::shared_ptr<Job> job;
    pid_t process = 0;
  };
  bool serve_one(pid_t thread, pid_t waited_for);

  os::SignalFd children_;
  std::map<pid_t, Held> held_;
};

/// The process a thread belongs to (Tgid in /proc); 0 when it has gone.
pid_t process_of(pid_t thread);

}  // namespace withstand::lab::clock
