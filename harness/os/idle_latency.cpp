#include "os/idle_latency.hpp"

#include <atomic>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <new>
#include <sched.h>
#include <unistd.h>

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "os/check.hpp"
#include "os/files.hpp"
#include "os/process.hpp"
#include "os/processor_quota.hpp"

namespace withstand::os {
namespace {

void pause_processor() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Without a driver that chooses how deeply to sleep, a request changes nothing.
bool kernel_chooses() {
  const auto driver = read_file("/sys/devices/system/cpu/cpuidle/current_driver");
  return driver && !driver->empty() && driver->rfind("none", 0) != 0;
}

}  // namespace

/// A process, not a thread: the kernel shares out processors between sessions first (sched(7), autogroup), so that a
/// thread of the idle class would weigh as much as the session it is in, alone.
class IdleLatency::Spinner {
 public:
  Spinner() : shared_(make_shared()) {
    move_to(::sched_getcpu());
    const Parent parent;
    // Other threads may hold locks: the child makes system calls only.
    const pid_t child = check("start a process that stays awake", ::fork());
    if (child == 0) ::_exit(run(parent));
    pid_ = child;
  }
  /// It has to run once more to die, and on a busy machine the idle class does not: it is given the priority to, and is
  /// not waited for where that is refused.
  ~Spinner() {
    ::kill(pid_, SIGKILL);
    const sched_param lowest{.sched_priority = 1}, none{};
    if (::sched_setscheduler(pid_, SCHED_FIFO, &lowest) != 0) ::sched_setscheduler(pid_, SCHED_OTHER, &none);
    for (int i = 0; i < most_waits && ::waitpid(pid_, nullptr, WNOHANG) == 0; ++i) ::usleep(1000);
    ::munmap(shared_, sizeof *shared_);
  }
  Spinner(const Spinner&) = delete;
  Spinner& operator=(const Spinner&) = delete;

  void move_to(int processor) { shared_->processor.store(processor, std::memory_order_relaxed); }
  /// Never waits: it goes to sleep when it next runs.
  void stay_awake(bool awake) {
    shared_->awake = awake ? 1 : 0;
    if (awake) ::syscall(SYS_futex, &shared_->awake, FUTEX_WAKE, 1, nullptr, nullptr, 0);
  }

 private:
  static constexpr int most_waits = 50;  // ms
  struct Shared {
    std::atomic<int> processor{0};
    std::atomic<std::uint32_t> awake{0};
  };
  static_assert(std::atomic<int>::is_always_lock_free && sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));

  static Shared* make_shared() {
    void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw SystemError("share memory with a process that stays awake", errno);
    return new (memory) Shared();
  }

  int run(const Parent& parent) const noexcept {
    parent.die_with(SIGKILL);
    ::close_range(3, ~0U, 0);
    set_process_name("ws-awake");
    ::setsid();
    const int group = ::open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
    if (group >= 0 && ::write(group, "19", 2) < 0) return 1;
    const sched_param none{};
    if (::sched_setscheduler(0, SCHED_IDLE, &none) != 0) return 1;  // it would take others' time
    for (int at = -1;;) {
      if (shared_->awake == 0) ::syscall(SYS_futex, &shared_->awake, FUTEX_WAIT, 0, nullptr, nullptr, 0);
      if (const int wanted = shared_->processor.load(std::memory_order_relaxed); wanted != at) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(static_cast<std::size_t>(wanted), &one);
        if (::sched_setaffinity(0, sizeof one, &one) != 0) return 1;
        at = wanted;
      }
      for (int i = 0; i < 256 && shared_->awake != 0; ++i) pause_processor();
    }
  }

  Shared* shared_;
  pid_t pid_ = 0;
};

IdleLatency::IdleLatency() = default;
IdleLatency::~IdleLatency() = default;

void IdleLatency::hold(bool held) {
  if (held == held_) return;
  held_ = held;
  request_.reset();
  if (spinner_) spinner_->stay_awake(held);
  if (!held) return;
  Fd request(::open("/dev/cpu_dma_latency", O_WRONLY | O_CLOEXEC));
  const std::int32_t microseconds = 0;
  if (request.valid() && ::write(request.get(), &microseconds, sizeof microseconds) == sizeof microseconds)
    request_ = std::move(request);
  if (spinner_ || (asked() && kernel_chooses()) || has_processor_quota()) return;
  spinner_ = std::make_unique<Spinner>();
  spinner_->stay_awake(true);
}

void IdleLatency::follow() {
  if (awake()) spinner_->move_to(::sched_getcpu());
}

}  // namespace withstand::os
