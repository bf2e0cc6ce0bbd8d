#pragma once

#include <functional>
#include <optional>

#include "lab/clock/domain_state.hpp"
#include "lab/clock/image.hpp"
#include "lab/clock/tracer.hpp"

namespace withstand::lab::clock {

/// Answers a question about any system call but an exec: reads of clocks from the domain, waits by leading the thread
/// into the image, timers by setting them to the instant that corresponds; attempts to set the clock as the kernel
/// answers those without the privilege, unless the domain allows them.
class Calls {
 public:
  /// A process of the domain set CLOCK_REALTIME; only where the domain allows that.
  using SetWall = std::function<void(DomainState& state, Ns wall)>;
  /// A process of the domain changed the discipline of its clock: what is shown may have to be published again.
  using Adjusted = std::function<void(DomainState& state)>;

  Calls(Tracer& tracer, const KernelVdso& vdso, SetWall set_wall, Adjusted adjusted)
      : tracer_(tracer), vdso_(vdso), set_wall_(std::move(set_wall)), adjusted_(std::move(adjusted)) {}

  void answer(DomainState& state, const os::SeccompListener& listener, const seccomp_notif& question);

 private:
  struct Question;
  void read_clock(const Question& asked);
  void set_clock(const Question& asked);
  void adjust(const Question& asked, std::uint64_t address);
  void wait(const Question& asked);
  static std::optional<int> answer_at_once(const Question& asked, std::int64_t target, int line);
  [[nodiscard]] bool from_kernel_vdso(const seccomp_notif& question) const;

  Tracer& tracer_;
  const KernelVdso& vdso_;
  SetWall set_wall_;
  Adjusted adjusted_;
};

}  // namespace withstand::lab::clock
