#include "core/priority.hpp"

#include <chrono>
#include <sched.h>
#include <utility>

#include <sys/resource.h>

#include "os/check.hpp"

namespace withstand::core {
namespace {

// A queue of 8192 packets lasts longer than this at the rate the fabric forwards; a node's time slice is as long.
constexpr auto interval = std::chrono::milliseconds(5);
constexpr int nice_enough = -10;

bool several_processors() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  return ::sched_getaffinity(0, sizeof allowed, &allowed) == 0 && CPU_COUNT(&allowed) > 1;
}

bool set_policy(int policy, int priority) {
  const sched_param parameters{.sched_priority = priority};
  return ::sched_setscheduler(0, policy | SCHED_RESET_ON_FORK, &parameters) == 0;
}

}  // namespace

Priority::Priority() : niceness_(::getpriority(PRIO_PROCESS, 0)) {
  if (several_processors()) permitted_ = raised_ = set_policy(SCHED_FIFO, 1);
  if (permitted_) return;
  // As near as it gets. Refused to an ordinary user, who then has what everybody has.
  set_policy(SCHED_OTHER, 0);
  ::setpriority(PRIO_PROCESS, 0, nice_enough);
}

Priority::~Priority() {
  if (permitted_)
    set_policy(SCHED_OTHER, 0);
  else
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
