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
  /// A delay of so many bytes is over.
  virtual void carried(std::uint64_t rule, std::uint64_t bytes) { static_cast<void>(rule), static_cast<void>(bytes); }
  /// Who waited was killed.
  virtual void died(std::uint64_t rule) = 0;
  /// Data has been damaged; `hit`: some of it was to be.
  virtual void damaged(const Damage& damage, bool hit) { static_cast<void>(damage), static_cast<void>(hit); }
};

/// Does to what a write carries what `damage()` does to what is read; where that means to leave a block as it is, or to
/// write another, the file is looked at. False when none of it was to be damaged.
bool damage_write(FileSystem& files, Damage how, Request& request);

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
  /// The kernel drops what it has cached of a file's data: it was changed beside it. Thread-safe.
  void forget_data(std::uint64_t node);
  /// Requests that a rule held or delayed go on, and it holds none from now on. Thread-safe.
  void release(std::uint64_t rule);
  /// How many requests wait now. Thread-safe.
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace withstand::lab::disk
