#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <sys/types.h>
#include <sys/user.h>

/// ptrace(2) of threads that are held for a moment, and the memory of other processes. A thread may die at any time:
/// calls then return false. Other failures throw SystemError. All calls of one tracee come from one thread.
namespace withstand::os {

/// Attaches without stopping it (PTRACE_SEIZE, with PTRACE_O_TRACEEXEC, _TRACESYSGOOD). 0, or why not: EPERM when
/// somebody else traces it or permission is missing, ESRCH when it has gone.
int seize(pid_t thread);
/// Makes it stop as soon as it can (PTRACE_INTERRUPT).
bool interrupt(pid_t thread);
/// Lets a stopped one go on under our eyes, with a signal or none (0).
bool resume(pid_t thread, int signal = 0);
/// The same for one instruction; a system call is one.
bool single_step(pid_t thread);
/// The same until it enters or leaves a system call.
bool resume_to_call(pid_t thread, int signal = 0);
/// Lets a stopped one go for good.
bool detach(pid_t thread, int signal = 0);

std::optional<user_regs_struct> registers(pid_t thread);
bool set_registers(pid_t thread, const user_regs_struct& registers);
/// Blocked signals, bit n-1 for signal n.
std::optional<std::uint64_t> signal_mask(pid_t thread);
bool set_signal_mask(pid_t thread, std::uint64_t mask);
/// What came with a PTRACE_EVENT stop.
std::optional<unsigned long> event_message(pid_t thread);

/// A stop, or the end, of a traced thread.
struct TraceStop {
  bool ended = false;
  bool unknown = false;  ///< with `ended`: nobody of that number is traced (any more)
  int signal = 0;        ///< whose delivery stopped it; SIGTRAP for most events
  int event = 0;         ///< PTRACE_EVENT_*, or at_call; 0: a signal is being delivered
  /// It enters or leaves a system call, as resume_to_call asked.
  static constexpr int at_call = 0x100;
};
/// Never waits; nothing while it runs.
std::optional<TraceStop> next_stop(pid_t thread);

/// Copies memory of another process; how many bytes could be read from the beginning on.
std::size_t read_memory(pid_t process, std::uint64_t address, std::span<std::byte> into);
/// False unless all could be written where the process itself may write.
bool write_memory(pid_t process, std::uint64_t address, std::span<const std::byte> bytes);
/// The same also for private pages that the process itself may only read; it must be traced.
bool force_memory(pid_t process, std::uint64_t address, std::span<const std::byte> bytes);

template <class T>
std::optional<T> read_object(pid_t process, std::uint64_t address) {
  T value{};
  if (read_memory(process, address, std::as_writable_bytes(std::span(&value, 1))) != sizeof value) return std::nullopt;
  return value;
}
template <class T>
bool write_object(pid_t process, std::uint64_t address, const T& value) {
  return write_memory(process, address, std::as_bytes(std::span(&value, 1)));
}

}  // namespace withstand::os
