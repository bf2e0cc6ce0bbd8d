#include "lab/clock/filter.hpp"

#include <cstddef>
#include <map>
#include <mqueue.h>
#include <string>

#include <linux/audit.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#include "lab/clock/page_layout.h"
#include "lab/clock/wait_protocol.h"
#include "os/check.hpp"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

namespace withstand::lab::clock {
namespace {

constexpr unsigned number_of_execve_32 = 11, number_of_execveat_32 = 358;
constexpr unsigned x32_bit = 0x40000000;

/// Builds a program whose jumps lead forward to names.
class Program {
 public:
  void load(std::size_t offset) { code_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offset))); }
  void keep_bits(int mask) { code_.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, static_cast<unsigned>(mask))); }
  void end(unsigned action) { code_.push_back(BPF_STMT(BPF_RET | BPF_K, action)); }
  void name(const std::string& label) { places_[label] = code_.size(); }

  void if_equal(unsigned value, const std::string& then) { jump(BPF_JEQ, value, then); }
  void if_bits(int bits, const std::string& then) { jump(BPF_JSET, static_cast<unsigned>(bits), then); }
  void if_at_least(unsigned value, const std::string& then) { jump(BPF_JGE, value, then); }
  void go(const std::string& label) {
    jumps_.push_back({code_.size(), label, true});
    code_.push_back(BPF_STMT(BPF_JMP | BPF_JA, 0));
  }

  /// The whole, with every jump resolved. Conditional jumps reach 255 instructions.
  std::vector<sock_filter> finish() {
    for (const auto& jump : jumps_) {
      const std::size_t distance = places_.at(jump.label) - jump.at - 1;
      if (jump.always) {
        code_[jump.at].k = static_cast<unsigned>(distance);
      } else {
        if (distance > 255) throw std::logic_error("a system-call filter jumps too far");
        code_[jump.at].jt = static_cast<unsigned char>(distance);
      }
    }
    return std::move(code_);
  }

 private:
  struct Jump {
    std::size_t at;
    std::string label;
    bool always;
  };
  void jump(unsigned condition, unsigned value, const std::string& then) {
    jumps_.push_back({code_.size(), then, false});
    code_.push_back(BPF_JUMP(BPF_JMP | condition | BPF_K, value, 0, 0));
  }

  std::vector<sock_filter> code_;
  std::vector<Jump> jumps_;
  std::map<std::string, std::size_t> places_;
};

std::size_t low_half(int argument) {
  return offsetof(seccomp_data, args) + sizeof(__u64) * static_cast<std::size_t>(argument);
}
std::size_t high_half(int argument) { return low_half(argument) + 4; }  // x86 is little-endian

void choose_by_architecture(Program& program) {
  program.load(offsetof(seccomp_data, arch));
  program.if_equal(AUDIT_ARCH_X86_64, "ours");
  program.load(offsetof(seccomp_data, nr));
  program.if_equal(number_of_execve_32, "ask");
  program.if_equal(number_of_execveat_32, "ask");
  program.go("pass");
}

void choose_by_number(Program& program) {
  program.name("ours");
  program.load(offsetof(seccomp_data, nr));
  program.if_at_least(x32_bit, "pass");
  program.if_equal(SYS_futex, "futex");
  program.if_equal(SYS_execve, "ask");
  program.if_equal(SYS_execveat, "ask");
  program.if_equal(SYS_clock_gettime, "read clock");
  program.if_equal(SYS_clock_nanosleep, "sleep");
  program.if_equal(SYS_timerfd_settime, "timer");
  program.if_equal(SYS_timer_settime, "timer");
  program.if_equal(SYS_mq_timedsend, "fifth is a time");
  program.if_equal(SYS_mq_timedreceive, "fifth is a time");
  program.if_equal(WS_NR_FUTEX_WAITV, "fourth is a time");
  program.if_equal(WS_NR_FUTEX_WAIT, "fifth is a time");
  for (const long number : {SYS_gettimeofday, SYS_time, SYS_clock_settime, SYS_settimeofday, SYS_adjtimex,
                            SYS_clock_adjtime, SYS_io_uring_setup})
    program.if_equal(static_cast<unsigned>(number), "outside");
  program.go("pass");
}

void look_at_arguments(Program& program, Waits waits) {
  program.name("futex");
  program.load(low_half(1));
  program.keep_bits(FUTEX_CMD_MASK);
  program.if_equal(FUTEX_LOCK_PI, "fourth is a time");  // always of CLOCK_REALTIME
  program.load(low_half(1));
  if (waits == Waits::of_wall) {
    program.if_bits(FUTEX_CLOCK_REALTIME, "flagged futex");
    program.go("pass");
  }
  program.name("flagged futex");
  program.keep_bits(FUTEX_CMD_MASK);
  for (const int command : {FUTEX_WAIT_BITSET, FUTEX_WAIT_REQUEUE_PI, 13 /* FUTEX_LOCK_PI2 */})
    program.if_equal(static_cast<unsigned>(command), "fourth is a time");
  program.go("pass");  // FUTEX_WAIT takes a span, not an instant

  program.name("read clock");
  program.load(low_half(0));
  for (const unsigned id : {0U, 1U, 4U, 5U, 6U, 7U, 8U, 9U, 11U}) program.if_equal(id, "outside");
  program.go("pass");  // time a process or thread has used, and clocks of devices

  program.name("sleep");
  program.load(low_half(0));
  for (const unsigned id : {0U, 8U, 11U}) program.if_equal(id, "timer");
  if (waits == Waits::of_all)
    for (const unsigned id : {1U, 7U, 9U}) program.if_equal(id, "timer");
  program.go("pass");

  program.name("timer");  // flags: TIMER_ABSTIME, TFD_TIMER_ABSTIME
  program.load(low_half(1));
  program.if_bits(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, "outside");
  program.go("pass");

  for (const int place : {3, 4}) {
    program.name(place == 3 ? "fourth is a time" : "fifth is a time");
    program.load(low_half(place));
    program.if_at_least(1, "outside");
    program.load(high_half(place));
    program.if_at_least(1, "outside");
    program.go("pass");
  }
}

/// What the image calls itself is converted already.
void let_image_pass(Program& program) {
  program.name("outside");
  program.load(offsetof(seccomp_data, instruction_pointer) + 4);
  program.if_equal(static_cast<unsigned>(WS_CLOCK_BASE >> 32), "near the image");
  program.go("ask");
  program.name("near the image");
  program.load(offsetof(seccomp_data, instruction_pointer));
  program.if_at_least(static_cast<unsigned>(WS_CLOCK_IMAGE_SIZE), "ask");
  program.name("pass");
  program.end(SECCOMP_RET_ALLOW);
  program.name("ask");
  program.end(SECCOMP_RET_USER_NOTIF);
}

}  // namespace

std::vector<sock_filter> filter_program(Waits waits) {
  Program program;
  choose_by_architecture(program);
  choose_by_number(program);
  look_at_arguments(program, waits);
  let_image_pass(program);
  return program.finish();
}

os::Fd install_filter(Waits waits) {
  auto code = filter_program(waits);
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  const unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  return os::Fd(static_cast<int>(os::check("install the system-call filter of a clock domain",
                                           ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program))));
}

}  // namespace withstand::lab::clock
