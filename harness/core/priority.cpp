#include "core/priority.hpp"

#include <chrono>
#include <fcntl.h>
#include <sched.h>
#include <string>
#include <unistd.h>
#include <utility>

#include <sys/resource.h>

#include "os/check.hpp"
#include "os/fd.hpp"

namespace withstand::core {
namespace {

// A queue of 8192 packets lasts longer than this at the rate the fabric forwards; a node's time slice is as long.
constexpr auto interval = std::chrono::milliseconds(5);
constexpr int nice_enough = -10;
// Without real time, among fifty nodes that all want to run: less, and packets wait for a twenty-fifth of a processor.
constexpr int nicest = -20;

bool several_processors() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  return ::sched_getaffinity(0, sizeof allowed, &allowed) == 0 && CPU_COUNT(&allowed) > 1;
}

bool set_policy(int policy, int priority) {
  const sched_param parameters{.sched_priority = priority};
  return ::sched_setscheduler(0, policy | SCHED_RESET_ON_FORK, &parameters) == 0;
}

void weigh_session(int niceness) {
  if (::getsid(0) != ::getpid()) return;
  const os::Fd group(::open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC));
  const std::string text = std::to_string(niceness);
  if (group.valid() && ::write(group.get(), text.data(), text.size()) < 0) return;
}

}  // namespace

Priority::Priority() : niceness_(::getpriority(PRIO_PROCESS, 0)) {
  if (several_processors()) permitted_ = raised_ = set_policy(SCHED_FIFO, 1);
  if (permitted_) {
    // Counts only while it is not real-time. Where a session is weighed as a whole (sched(7), autogroup), that too, if
    // it is all ours; a kernel that does not do so has no such file.
    ::setpriority(PRIO_PROCESS, 0, nicest);
    weigh_session(nicest);
    return;
  }
  // As near as it gets. Refused to an ordinary user, who then has what everybody has.
  set_policy(SCHED_OTHER, 0);
  ::setpriority(PRIO_PROCESS, 0, nice_enough);
}

Priority::~Priority() {
  if (permitted_) {
    set_policy(SCHED_OTHER, 0);
    weigh_session(niceness_);
  }
  ::setpriority(PRIO_PROCESS, 0, niceness_);
}

long Priority::sleeps() {
  rusage usage{};
  os::check("read resource usage", ::getrusage(RUSAGE_SELF, &usage));
  return usage.ru_nvcsw;
}

void Priority::review(Instant now) {
  if (!permitted_ || now < next_) return;
  next_ = now + interval;
  const long before = std::exchange(sleeps_, sleeps());
  const bool slept = sleeps_ != before;
  if (slept == raised_) return;
  if (set_policy(slept ? SCHED_FIFO : SCHED_OTHER, slept ? 1 : 0)) raised_ = slept;
}

}  // namespace withstand::core
