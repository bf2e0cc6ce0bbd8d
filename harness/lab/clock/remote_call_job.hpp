#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "lab/clock/image.hpp"
#include "lab/clock/tracer.hpp"

namespace withstand::lab::clock {

/// Has a thread of the domain make some system calls more, on whatever it is doing, which goes on undisturbed. They
/// pass the filter. An argument can be a struct: it is put below the thread's red zone for the time of the call.
class RemoteCallJob : public Job {
 public:
  struct Call {
    std::uint64_t number = 0;
    std::uint64_t arguments[6] = {};
    int pointer = -1;  ///< which argument becomes the address of `bytes`
    std::vector<std::byte> bytes;
    bool becomes_result = false;  ///< the thread's own system call, skipped meanwhile, returns what this returns
  };
  /// At least one.
  explicit RemoteCallJob(std::vector<Call> calls) : calls_(std::move(calls)) {}
  void on_stop(Tracer& tracer, pid_t thread, const os::TraceStop& stop) override;

 private:
  bool save(pid_t thread);
  bool make(pid_t thread, Call& call) const;
  void finish(Tracer& tracer, pid_t thread);

  std::vector<Call> calls_;
  std::size_t made_ = 0;  ///< calls under way or done
  user_regs_struct before_{};
  std::uint64_t mask_ = 0;
  int signal_ = 0;
};

}  // namespace withstand::lab::clock
