#include "lab/clock/cancel_job.hpp"

#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/syscall.h>

namespace withstand::lab::clock {
namespace {

std::vector<pid_t> threads_of(pid_t process) {
  std::vector<pid_t> threads;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", process), gone))
    threads.push_back(std::stoi(entry.path().filename()));
  return threads;
}

/// What a system call has returned that was interrupted, before the kernel decides whether to make it again.
bool is_interrupted(std::int64_t result) { return result <= -512 && result >= -516; }

}  // namespace

void CancelJob::on_stop(Tracer& tracer, pid_t thread, const os::TraceStop& stop) {
  const int signal = stop.event == 0 ? stop.signal : 0;
  if (cancellation_->is_over()) return tracer.let_go(thread, signal);
  auto now = os::registers(thread);
  if (!now) return;
  const auto result = static_cast<std::int64_t>(now->rax);
  const bool reads = now->orig_rax == SYS_read && static_cast<int>(now->rdi) == cancellation_->timer().id;
  constexpr auto expiries = static_cast<std::int64_t>(sizeof(std::uint64_t));
  // Entering, its result is still -ENOSYS.
  if (reads && (result == expiries || is_interrupted(result))) {
    now->rax = static_cast<unsigned long long>(-ECANCELED);
    now->orig_rax = ~0ULL;
    os::set_registers(thread, *now);
    cancellation_->end();
    return tracer.let_go(thread, signal);
  }
  os::resume_to_call(thread, signal);
}

void watch_for_read(const std::shared_ptr<Cancellation>& cancellation, Tracer& tracer) {
  for (const pid_t thread : threads_of(cancellation->timer().process)) {
    if (tracer.job_of(thread) != nullptr) continue;
    if (tracer.hold(thread, std::make_unique<CancelJob>(cancellation)) == 0) os::interrupt(thread);
  }
}

void stop_watching(const Cancellation& cancellation, Tracer& tracer) {
  for (const pid_t thread : threads_of(cancellation.timer().process))
    if (dynamic_cast<CancelJob*>(tracer.job_of(thread)) != nullptr) os::interrupt(thread);
}

}  // namespace withstand::lab::clock
