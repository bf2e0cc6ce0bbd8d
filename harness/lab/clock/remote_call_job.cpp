#include "lab/clock/remote_call_job.hpp"

#include <signal.h>

namespace withstand::lab::clock {
namespace {

constexpr std::uint64_t red_zone = 128, room = 512;
constexpr std::uint64_t every_signal = ~(1ULL << (SIGTRAP - 1));

}  // namespace

bool RemoteCallJob::save(pid_t thread) {
  const auto now = os::registers(thread);
  const auto mask = os::signal_mask(thread);
  const auto process = os::read_object<ws_clock_process>(thread, WS_CLOCK_PROCESS_PAGE);
  if (!now || !mask || !process || process->magic != WS_CLOCK_MAGIC) return false;
  before_ = *now;
  mask_ = *mask;
  return os::set_signal_mask(thread, every_signal);
}

bool RemoteCallJob::make(pid_t thread, Call& call) const {
  const std::uint64_t scratch = (before_.rsp - red_zone - room) & ~15ULL;
  if (call.pointer >= 0) {
    if (!os::write_memory(thread, scratch, call.bytes)) return false;
    call.arguments[call.pointer] = scratch;
  }
  user_regs_struct wanted = before_;
  wanted.rax = call.number;
  wanted.orig_rax = ~0ULL;
  wanted.rip = WS_CLOCK_BASE + image_symbol("ws_clock_call");
  wanted.rdi = call.arguments[0];
  wanted.rsi = call.arguments[1];
  wanted.rdx = call.arguments[2];
  wanted.r10 = call.arguments[3];
  wanted.r8 = call.arguments[4];
  wanted.r9 = call.arguments[5];
  return os::set_registers(thread, wanted) && os::single_step(thread);
}

void RemoteCallJob::finish(Tracer& tracer, pid_t thread) {
  os::set_registers(thread, before_);
  os::set_signal_mask(thread, mask_);
  tracer.let_go(thread, signal_);
}

void RemoteCallJob::on_stop(Tracer& tracer, pid_t thread, const os::TraceStop& stop) {
  if (made_ == 0) {
    if (stop.event == 0) signal_ = stop.signal;
    if (!save(thread)) return tracer.let_go(thread, signal_);
  } else if (stop.event != 0 || stop.signal != SIGTRAP) {
    if (stop.event == 0) signal_ = stop.signal;
    os::single_step(thread);
    return;
  } else if (calls_[made_ - 1].becomes_result) {
    if (const auto now = os::registers(thread)) before_.rax = now->rax;
    before_.orig_rax = ~0ULL;
  }
  if (made_ == calls_.size() || !make(thread, calls_[made_++])) finish(tracer, thread);
}

}  // namespace withstand::lab::clock
