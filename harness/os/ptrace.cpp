#include "os/ptrace.hpp"

#include <cerrno>
#include <fcntl.h>
#include <signal.h>
#include <string>
#include <unistd.h>

#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "os/check.hpp"
#include "os/fd.hpp"

namespace withstand::os {
namespace {

/// False when the thread has gone (or is being killed, which looks the same).
bool alive(const char* attempt, long returned) {
  if (returned >= 0) return true;
  if (errno == ESRCH) return false;
  throw SystemError(attempt, errno);
}

void* number(std::uint64_t value) { return reinterpret_cast<void*>(value); }

}  // namespace

int seize(pid_t thread) {
  return ::ptrace(PTRACE_SEIZE, thread, nullptr, number(PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD)) < 0 ? errno : 0;
}

bool interrupt(pid_t thread) {
  return alive("interrupt a thread", ::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr));
}

bool resume(pid_t thread, int signal) {
  return alive("resume a thread", ::ptrace(PTRACE_CONT, thread, nullptr, number(static_cast<unsigned>(signal))));
}

bool single_step(pid_t thread) { return alive("step a thread", ::ptrace(PTRACE_SINGLESTEP, thread, nullptr, nullptr)); }

bool resume_to_call(pid_t thread, int signal) {
  return alive("resume a thread", ::ptrace(PTRACE_SYSCALL, thread, nullptr, number(static_cast<unsigned>(signal))));
}

bool detach(pid_t thread, int signal) {
  return alive("let a thread go", ::ptrace(PTRACE_DETACH, thread, nullptr, number(static_cast<unsigned>(signal))));
}

std::optional<user_regs_struct> registers(pid_t thread) {
  user_regs_struct now{};
  if (!alive("read registers", ::ptrace(PTRACE_GETREGS, thread, nullptr, &now))) return std::nullopt;
  return now;
}

bool set_registers(pid_t thread, const user_regs_struct& registers) {
  user_regs_struct wanted = registers;
  return alive("set registers", ::ptrace(PTRACE_SETREGS, thread, nullptr, &wanted));
}

std::optional<std::uint64_t> signal_mask(pid_t thread) {
  std::uint64_t mask = 0;
  if (!alive("read the signal mask", ::ptrace(PTRACE_GETSIGMASK, thread, number(sizeof mask), &mask)))
    return std::nullopt;
  return mask;
}

bool set_signal_mask(pid_t thread, std::uint64_t mask) {
  return alive("set the signal mask", ::ptrace(PTRACE_SETSIGMASK, thread, number(sizeof mask), &mask));
}

std::optional<unsigned long> event_message(pid_t thread) {
  unsigned long message = 0;
  if (!alive("read an event's message", ::ptrace(PTRACE_GETEVENTMSG, thread, nullptr, &message))) return std::nullopt;
  return message;
}

std::optional<TraceStop> next_stop(pid_t thread) {
  int status = 0;
  const pid_t found = retry([&] { return ::waitpid(thread, &status, WNOHANG | __WALL); });
  if (found == 0) return std::nullopt;
  if (found < 0) return TraceStop{.ended = true, .unknown = true};
  if (!WIFSTOPPED(status)) return TraceStop{.ended = true};
  constexpr int call = SIGTRAP | 0x80;
  if (WSTOPSIG(status) == call) return TraceStop{.signal = SIGTRAP, .event = TraceStop::at_call};
  return TraceStop{.signal = WSTOPSIG(status), .event = status >> 16};
}

std::size_t read_memory(pid_t process, std::uint64_t address, std::span<std::byte> into) {
  const iovec here{into.data(), into.size()}, there{number(address), into.size()};
  const auto got = ::process_vm_readv(process, &here, 1, &there, 1, 0);
  return got < 0 ? 0 : static_cast<std::size_t>(got);
}

bool write_memory(pid_t process, std::uint64_t address, std::span<const std::byte> bytes) {
  const iovec here{const_cast<std::byte*>(bytes.data()), bytes.size()}, there{number(address), bytes.size()};
  return ::process_vm_writev(process, &here, 1, &there, 1, 0) == static_cast<ssize_t>(bytes.size());
}

bool force_memory(pid_t process, std::uint64_t address, std::span<const std::byte> bytes) {
  const Fd memory(::open(("/proc/" + std::to_string(process) + "/mem").c_str(), O_RDWR | O_CLOEXEC));
  return memory.valid() && ::pwrite(memory.get(), bytes.data(), bytes.size(), static_cast<off_t>(address)) ==
                               static_cast<ssize_t>(bytes.size());
}

}  // namespace withstand::os
