#pragma once

#include <functional>
#include <string>

#include "lab/clock/image.hpp"
#include "lab/clock/tracer.hpp"

namespace withstand::lab::clock {

/// Gives a program that is being executed the domain's vDSO, before its first instruction: waits for the exec to be
/// done, has the process map image and clock page, and rewrites AT_SYSINFO_EHDR in the auxiliary vector on its stack.
/// The process takes the file from the supervisor through a system call that its filter asks about.
class ExecJob : public Job {
 public:
  /// How it went: empty, or why the program does not see the domain's clocks. Not called when the exec failed.
  using Done = std::function<void(pid_t process, const std::string& why_not)>;

  ExecJob(const KernelVdso& vdso, Done done) : vdso_(vdso), done_(std::move(done)) {}
  void on_stop(Tracer& tracer, pid_t thread, const os::TraceStop& stop) override;

  /// The arguments of the system call with which the process asks for the file.
  static bool asks_for_file(std::uint64_t first_argument) { return first_argument == request; }
  [[nodiscard]] bool wants_file() const { return step_ == Step::take_file; }

 private:
  /// A path that no program gives: this low no memory can be mapped.
  static constexpr std::uint64_t request = 0x5743;
  enum class Step { before_exec, after_exec, take_file, map_image, map_page, close_file };

  void begin(Tracer& tracer, pid_t thread, const os::TraceStop& stop);
  void call(Tracer& tracer, pid_t thread, Step step, std::uint64_t number, std::initializer_list<std::uint64_t> args);
  void on_result(Tracer& tracer, pid_t thread, std::int64_t result);
  void tell(pid_t thread, const std::string& why_not);
  void finish(Tracer& tracer, pid_t thread, const std::string& why_not);
  [[nodiscard]] std::string complete(pid_t thread) const;

  const KernelVdso& vdso_;
  Done done_;
  Step step_ = Step::before_exec;
  user_regs_struct before_{};
  std::uint64_t mask_ = 0, vdso_address_ = 0, place_of_address_ = 0;
  std::int64_t file_ = -1;
  int signal_ = 0;  ///< one whose delivery stopped it, to be delivered in the end
};

}  // namespace withstand::lab::clock
