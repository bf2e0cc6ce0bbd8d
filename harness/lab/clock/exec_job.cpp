#include "lab/clock/exec_job.hpp"

#include <cstring>
#include <elf.h>
#include <fstream>
#include <optional>
#include <signal.h>
#include <vector>

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

namespace withstand::lab::clock {
namespace {

constexpr std::uint64_t code_segment_of_64_bits = 0x33;
constexpr std::uint64_t every_signal = ~(1ULL << (SIGTRAP - 1));

/// Where the value of AT_SYSINFO_EHDR lies on a fresh stack: argc, argv, 0, environment, 0, auxiliary vector.
std::optional<std::uint64_t> find_vdso_entry(pid_t process, std::uint64_t stack) {
  constexpr std::size_t chunk = 512;
  std::vector<std::uint64_t> words(chunk);
  int zeros = 0;
  bool in_vector = false, argument_count = true, value_next = false;
  std::uint64_t key = AT_NULL;
  for (int chunks = 0; chunks < 16'384; ++chunks) {  // arguments and environment: at most 2^23 words together
    const auto got = os::read_memory(process, stack, std::as_writable_bytes(std::span(words))) / sizeof(std::uint64_t);
    if (got == 0) return std::nullopt;
    for (std::size_t i = 0; i < got; ++i) {
      const std::uint64_t word = words[i];
      if (argument_count) {
        argument_count = false;
      } else if (!in_vector) {
        if (word == 0 && ++zeros == 2) in_vector = true;
      } else if (value_next) {
        if (key == AT_SYSINFO_EHDR) return stack + i * sizeof(std::uint64_t);
        value_next = false;
      } else {
        if (word == AT_NULL) return std::nullopt;
        key = word;
        value_next = true;
      }
    }
    stack += got * sizeof(std::uint64_t);
  }
  return std::nullopt;
}

}  // namespace

void ExecJob::on_stop(Tracer& tracer, pid_t thread, const os::TraceStop& stop) {
  switch (step_) {
    case Step::before_exec:
      if (stop.event == PTRACE_EVENT_EXEC) {
        step_ = Step::after_exec;
        os::interrupt(thread);  // again: a stop takes back what was asked before
        os::resume(thread);
        return;
      }
      // It came back from the system call: there was nothing to execute.
      return tracer.let_go(thread, stop.event == 0 ? stop.signal : 0);
    case Step::after_exec:
      return begin(tracer, thread, stop);
    default: {
      if (stop.event != 0 || stop.signal != SIGTRAP) {
        if (stop.event == 0) signal_ = stop.signal;
        os::single_step(thread);
        return;
      }
      const auto now = os::registers(thread);
      if (now) on_result(tracer, thread, static_cast<std::int64_t>(now->rax));
    }
  }
}

void ExecJob::begin(Tracer& tracer, pid_t thread, const os::TraceStop& stop) {
  if (stop.event == 0) signal_ = stop.signal;
  const auto now = os::registers(thread);
  const auto mask = os::signal_mask(thread);
  if (!now || !mask) return;
  before_ = *now;
  mask_ = *mask;
  if (before_.cs != code_segment_of_64_bits) {
    tell(thread, "a 32-bit program");
    return tracer.let_go(thread, signal_);
  }
  const auto place = find_vdso_entry(thread, before_.rsp);
  const auto address = place ? os::read_object<std::uint64_t>(thread, *place) : std::nullopt;
  if (!address || *address == 0) {
    tell(thread, "its kernel gave it no vDSO");
    return tracer.let_go(thread, signal_);
  }
  place_of_address_ = *place;
  vdso_address_ = *address;
  os::set_signal_mask(thread, every_signal);
  call(tracer, thread, Step::take_file, SYS_execve, {request, 0, 0});
}

void ExecJob::call(Tracer&, pid_t thread, Step step, std::uint64_t number, std::initializer_list<std::uint64_t> args) {
  step_ = step;
  user_regs_struct wanted = before_;
  std::uint64_t values[6] = {};
  std::copy(args.begin(), args.end(), values);
  wanted.rax = number;
  wanted.orig_rax = ~0ULL;
  wanted.rip = vdso_address_ + vdso_.system_call_offset();
  wanted.rdi = values[0];
  wanted.rsi = values[1];
  wanted.rdx = values[2];
  wanted.r10 = values[3];
  wanted.r8 = values[4];
  wanted.r9 = values[5];
  if (os::set_registers(thread, wanted)) os::single_step(thread);
}

void ExecJob::on_result(Tracer& tracer, pid_t thread, std::int64_t result) {
  constexpr auto place = MAP_FIXED_NOREPLACE;
  const auto failed = [&](const char* what) {
    finish(tracer, thread, fmt::format("{}: {}", what, ::strerror(static_cast<int>(-result))));
  };
  switch (step_) {
    case Step::take_file:
      if (result < 0) return failed("it could not take the clock page");
      file_ = result;
      return call(tracer, thread, Step::map_image, SYS_mmap,
                  {WS_CLOCK_BASE, WS_CLOCK_SHARED_OFFSET, PROT_READ | PROT_EXEC,
                   static_cast<std::uint64_t>(MAP_PRIVATE | place), static_cast<std::uint64_t>(file_), 0});
    case Step::map_image:
      if (result < 0) return failed("it could not map the clock image");
      return call(
          tracer, thread, Step::map_page, SYS_mmap,
          {WS_CLOCK_SHARED_PAGE, WS_CLOCK_SHARED_SIZE, PROT_READ, static_cast<std::uint64_t>(MAP_SHARED | place),
           static_cast<std::uint64_t>(file_), WS_CLOCK_SHARED_OFFSET});
    case Step::map_page:
      if (result < 0) return failed("it could not map the clock page");
      return call(tracer, thread, Step::close_file, SYS_close, {static_cast<std::uint64_t>(file_)});
    default:
      return finish(tracer, thread, complete(thread));
  }
}

/// Empty, or why not.
std::string ExecJob::complete(pid_t thread) const {
  const auto page = vdso_.process_page(vdso_address_);
  if (!os::force_memory(thread, WS_CLOCK_PROCESS_PAGE, std::as_bytes(std::span(&page, 1))))
    return "its process page could not be written";
  if (!os::write_object(thread, place_of_address_, WS_CLOCK_BASE)) return "its auxiliary vector could not be written";
  return {};
}

/// What cannot be done to one that is being killed is no escape.
void ExecJob::tell(pid_t thread, const std::string& why_not) {
  if (why_not.empty() || os::registers(thread)) done_(thread, why_not);
}

void ExecJob::finish(Tracer& tracer, pid_t thread, const std::string& why_not) {
  os::set_registers(thread, before_);
  os::set_signal_mask(thread, mask_);
  tell(thread, why_not);
  tracer.let_go(thread, signal_);
}

}  // namespace withstand::lab::clock
