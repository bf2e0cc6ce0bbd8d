#pragma once

#include <functional>
#include <memory>

#include "lab/disk/request.hpp"
#include "os/fd.hpp"

namespace withstand::lab::disk {

class FileSystem;

/// Decides what becomes of each request. Called by any worker.
class Gate {
 public:
  virtual ~Gate() = default;
  /// May change what is asked.
  [[nodiscard]] virtual Verdict judge(Request& request) = 0;
  /// The kernel has taken an answer that a rule gave.
  virtual void answered(std::uint64_t rule) = 0;
  /// Waiting for a rule is over; `asked`: of a delay.
  virtual void waited(std::uint64_t rule, std::chrono::nanoseconds asked, std::chrono::nanoseconds took) = 0;
  /// Who waited was killed.
  virtual void died(std::uint64_t rule) = 0;
};

/// The conversation with the kernel over one mount: libfuse's session, and workers that read from /dev/fuse and answer.
/// Each worker has its own clone of the device; there is one for each processor, and more only while all are busy with
/// the disk below (fsync). Injected waiting happens in `Held`, never in a worker.
class Session {
 public:
  struct Options {
    os::Fd device;         ///< /dev/fuse, mounted
    unsigned workers = 0;  ///< 0: as many as there are processors
    Gate* gate = nullptr;  ///< none: every request is carried out
  };
  /// `files` must outlive it. Throws std::runtime_error when libfuse refuses.
  Session(FileSystem& files, Options options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Answers until the mount is gone, then returns. Throws SystemError. Call once.
  void run();
  /// Requests that a rule held go on, and it holds none from now on. Thread-safe.
  void release(std::uint64_t rule);
  /// How many requests wait now. Thread-safe.
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace withstand::lab::disk
