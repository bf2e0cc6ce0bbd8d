// Waits until an instant of a false clock. The supervisor leads a thread here that asked the kernel for one: with the
// registers of its system call, its number in rax, and in rcx (which a system call overwrites) where to go on. The wait
// is spent in the same system call until the instant of the machine's clock that corresponds, and again when the
// supervisor says that the clock has changed meanwhile.

#include <stddef.h>
#include <stdint.h>

#include "lab/clock/arithmetic.h"
#include "lab/clock/image/waits.h"
#include "lab/clock/wait_protocol.h"

/// As ws_clock_wait leaves them on the stack.
struct registers {
  int64_t flags, r9, r8, r10, rdx, rsi, rdi, rcx;
};

enum { futex_realtime = 256, futex_command = 127 };
enum { futex_lock_pi = 6, futex_wait_bitset = 9, futex_requeue_pi = 11, futex_lock_pi2 = 13 };
enum { timed_out = -110, second = 1000000000 };

static long system_call6(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

/// The kernel takes instants this far away for never.
static struct ws_timespec instant(int64_t value) {
  struct ws_timespec time = {value / second, value % second};
  if (value < 0) time.sec = time.nsec = 0;
  return time;
}

/// The instant of the machine's CLOCK_REALTIME that corresponds to one of its CLOCK_MONOTONIC.
static int64_t wall_of(int64_t steady) {
  struct ws_timespec wall, now;
  ws_real_clock_gettime(WS_CLOCK_REALTIME, &wall);
  ws_real_clock_gettime(WS_CLOCK_MONOTONIC, &now);
  const int64_t shift = (wall.sec - now.sec) * second + wall.nsec - now.nsec;
  return shift > 0 && steady > WS_CLOCK_NEVER - shift ? WS_CLOCK_NEVER : steady + shift;
}

static int has_come(int id, int64_t target) {
  struct ws_timespec now;
  ws_shown_clock_gettime(id, &now);
  return now.sec * second + now.nsec >= target;
}

/// Futexes and sleeps can wait for an instant of CLOCK_MONOTONIC, which nobody sets.
static long wait_futex(const struct registers* in, const struct ws_timespec* asked, int64_t due, int identity) {
  const long command = in->rsi & futex_command;
  if (identity) return system_call6(WS_NR_FUTEX, in->rdi, in->rsi, in->rdx, (long)asked, in->r8, in->r9);
  const int steady = command == futex_wait_bitset || command == futex_requeue_pi || command == futex_lock_pi2;
  const struct ws_timespec until = instant(steady ? due : wall_of(due));
  const long operation = steady ? in->rsi & ~(long)futex_realtime : in->rsi;
  return system_call6(WS_NR_FUTEX, in->rdi, operation, in->rdx, (long)&until, in->r8, in->r9);
}

static long wait_once(long number, const struct registers* in, const struct ws_timespec* asked, int64_t due,
                      int identity) {
  const struct ws_timespec steady = instant(due);
  switch (number) {
    case WS_NR_FUTEX:
      return wait_futex(in, asked, due, identity);
    case WS_NR_CLOCK_NANOSLEEP:
      if (identity) return system_call6(number, in->rdi, in->rsi, (long)asked, in->r10, 0, 0);
      return system_call6(number, WS_CLOCK_MONOTONIC, in->rsi, (long)&steady, in->r10, 0, 0);
    case WS_NR_FUTEX_WAITV:
      if (identity) return system_call6(number, in->rdi, in->rsi, in->rdx, (long)asked, in->r8, 0);
      return system_call6(number, in->rdi, in->rsi, in->rdx, (long)&steady, WS_CLOCK_MONOTONIC, 0);
    case WS_NR_FUTEX_WAIT:
      if (identity) return system_call6(number, in->rdi, in->rsi, in->rdx, in->r10, (long)asked, in->r9);
      return system_call6(number, in->rdi, in->rsi, in->rdx, in->r10, (long)&steady, WS_CLOCK_MONOTONIC);
    default: {  // mq_timedsend, mq_timedreceive: of CLOCK_REALTIME only
      const struct ws_timespec wall = identity ? *asked : instant(wall_of(due));
      return system_call6(number, in->rdi, in->rsi, in->rdx, in->r10, (long)&wall, 0);
    }
  }
}

static const struct ws_timespec* target_of(long number, const struct registers* in) {
  switch (number) {
    case WS_NR_CLOCK_NANOSLEEP:
      return (const struct ws_timespec*)in->rdx;
    case WS_NR_FUTEX:
    case WS_NR_FUTEX_WAITV:
      return (const struct ws_timespec*)in->r10;
    default:
      return (const struct ws_timespec*)in->r8;
  }
}

static int clock_of(long number, const struct registers* in) {
  switch (number) {
    case WS_NR_CLOCK_NANOSLEEP:
      return (int)in->rdi;
    case WS_NR_FUTEX:
      if ((in->rsi & futex_command) == futex_lock_pi) return WS_CLOCK_REALTIME;
      return (in->rsi & futex_realtime) != 0 ? WS_CLOCK_REALTIME : WS_CLOCK_MONOTONIC;
    case WS_NR_FUTEX_WAITV:
      return (int)in->r8;
    case WS_NR_FUTEX_WAIT:
      return (int)in->r9;
    default:
      return WS_CLOCK_REALTIME;
  }
}

__attribute__((used, visibility("hidden"))) long ws_clock_spend(long number, const struct registers* in) {
  const struct ws_timespec asked = *target_of(number, in);  // as the kernel does: what it becomes later is no matter
  const int id = clock_of(number, in);
  const long expired = number == WS_NR_CLOCK_NANOSLEEP ? 0 : timed_out;
  const int64_t target =
      asked.sec >= WS_CLOCK_NEVER / second ? WS_CLOCK_NEVER : asked.sec * (int64_t)second + asked.nsec;
  for (;;) {
    const struct ws_due due = ws_due_of(id, target);
    const long result = wait_once(number, in, &asked, due.instant, due.identity);
    if (result == WS_WAIT_AGAIN) continue;
    if (result == expired && !has_come(id, ws_subtract(target, due.early))) continue;
    return result;
  }
}

// Keeps what a system call keeps, below the red zone; says how to unwind it, for threads are cancelled while they wait.
__asm__(
    ".text\n"
    ".globl ws_clock_wait\n"
    ".type ws_clock_wait, @function\n"
    "ws_clock_wait:\n"
    ".cfi_startproc simple\n"
    ".cfi_def_cfa %rsp, 0\n"
    ".cfi_register %rip, %rcx\n"
    "  leaq -128(%rsp), %rsp\n"
    ".cfi_def_cfa_offset 128\n"
    "  pushq %rbp\n"
    ".cfi_def_cfa_offset 136\n"
    ".cfi_offset %rbp, -136\n"
    "  pushq %rcx\n"
    ".cfi_def_cfa_offset 144\n"
    ".cfi_offset %rip, -144\n"
    "  pushq %rdi\n"
    "  pushq %rsi\n"
    "  pushq %rdx\n"
    "  pushq %r10\n"
    "  pushq %r8\n"
    "  pushq %r9\n"
    "  pushfq\n"
    ".cfi_def_cfa_offset 200\n"
    "  cld\n"
    "  movq %rsp, %rbp\n"
    ".cfi_def_cfa %rbp, 200\n"
    "  andq $-16, %rsp\n"
    "  movq %rax, %rdi\n"
    "  movq %rbp, %rsi\n"
    "  call ws_clock_spend\n"
    "  movq %rbp, %rsp\n"
    ".cfi_def_cfa %rsp, 200\n"
    "  popfq\n"
    "  popq %r9\n"
    "  popq %r8\n"
    "  popq %r10\n"
    "  popq %rdx\n"
    "  popq %rsi\n"
    "  popq %rdi\n"
    "  popq %rcx\n"
    ".cfi_def_cfa_offset 136\n"
    ".cfi_register %rip, %rcx\n"
    "  popq %rbp\n"
    ".cfi_def_cfa_offset 128\n"
    ".cfi_restore %rbp\n"
    "  leaq 128(%rsp), %rsp\n"
    ".cfi_def_cfa_offset 0\n"
    "  jmpq *%rcx\n"
    ".cfi_endproc\n"
    ".size ws_clock_wait, .-ws_clock_wait\n");

// Where a system call lies that the filter lets pass, for the supervisor to make in the place of a thread.
__asm__(
    ".text\n"
    ".globl ws_clock_call\n"
    ".type ws_clock_call, @function\n"
    "ws_clock_call:\n"
    "  syscall\n"
    "  int3\n"
    ".size ws_clock_call, .-ws_clock_call\n");
