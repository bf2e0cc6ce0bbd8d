#include "lab/clock/wait_jobs.hpp"

#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "lab/clock/image.hpp"
#include "lab/clock/wait_protocol.h"

namespace withstand::lab::clock {
namespace {

// What an interrupted system call seems to return before the kernel decides: -ERESTARTSYS, -ERESTARTNOINTR,
// -ERESTARTNOHAND, -ERESTART_RESTARTBLOCK.
bool is_interrupted(const user_regs_struct& now) {
  const auto result = static_cast<std::int64_t>(now.rax);
  return result == -512 || result == -513 || result == -514 || result == -516;
}

bool in_image(std::uint64_t address) { return address >= WS_CLOCK_BASE && address < WS_CLOCK_PROCESS_PAGE; }

constexpr unsigned long long no_system_call = ~0ULL;
constexpr std::uint64_t length_of_instruction = 2;

/// The number of the system call a thread is in; -1 when it runs; nothing when it has gone.
std::optional<int> current_call(pid_t thread) {
  std::ifstream file(fmt::format("/proc/{}/syscall", thread));
  std::string word;
  if (!(file >> word)) return std::nullopt;
  return word == "running" ? -1 : std::atoi(word.c_str());
}

}  // namespace

void LeadJob::on_stop(Tracer& tracer, pid_t thread, const os::TraceStop& stop) {
  if (auto now = os::registers(thread)) {
    now->rcx = now->rip;  // which a system call does, too
    now->rip = WS_CLOCK_BASE + image_symbol("ws_clock_wait");
    now->rax = static_cast<unsigned long long>(number_);
    now->orig_rax = no_system_call;
    os::set_registers(thread, *now);
  }
  tracer.let_go(thread, stop.event == 0 ? stop.signal : 0);
}

void WakeJob::on_stop(Tracer& tracer, pid_t thread, const os::TraceStop& stop) {
  auto now = os::registers(thread);
  // Where a signal comes at the same time, the wait ends as a signal ends it.
  if (now && stop.event != 0 && static_cast<std::int64_t>(now->orig_rax) >= 0 && is_interrupted(*now)) {
    const bool ours = in_image(now->rip);
    if (ours || now->orig_rax == static_cast<std::uint64_t>(number_)) {
      now->rax = ours ? static_cast<unsigned long long>(WS_WAIT_AGAIN) : now->orig_rax;
      if (!ours) now->rip -= length_of_instruction;
      now->orig_rax = no_system_call;
      if (os::set_registers(thread, *now)) ++coverage_.woken;
    }
  }
  tracer.let_go(thread, stop.event == 0 ? stop.signal : 0);
}

void wake_waits(DomainState& state, Tracer& tracer) {
  for (auto wait = state.waits.begin(); wait != state.waits.end();) {
    const auto [thread, number] = *wait;
    const auto call = current_call(thread);
    if (!call || (*call >= 0 && *call != number)) {
      // A converted futex or sleep is the same system call in the image, so this one is over.
      wait = state.waits.erase(wait);
      continue;
    }
    ++wait;
    if (tracer.job_of(thread) != nullptr) continue;  // on its way into the image, where it will see the new clock
    if (tracer.hold(thread, std::make_unique<WakeJob>(number, state.coverage)) == 0) os::interrupt(thread);
  }
}

}  // namespace withstand::lab::clock
