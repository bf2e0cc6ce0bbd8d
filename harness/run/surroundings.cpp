#include "run/surroundings.hpp"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <set>
#include <sstream>
#include <unistd.h>

#include <fmt/format.h>

#include "os/check.hpp"
#include "os/proc.hpp"

namespace withstand::run {
namespace {

namespace fs = std::filesystem;
using std::chrono::nanoseconds;

constexpr std::chrono::milliseconds pulse{100};
constexpr std::chrono::seconds longest_pause{1};

nanoseconds of_ticks(std::uint64_t ticks) {
  static const auto per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return nanoseconds(ticks * (1'000'000'000 / per_second));
}

/// The first line of /proc/stat: user nice system idle iowait irq softirq steal, and guests, who are users already.
/// Interrupts are charged to no process, so the target's own packets would look like others' work.
nanoseconds busy_time() {
  std::ifstream in("/proc/stat");
  std::string name;
  std::uint64_t ticks = 0, busy = 0;
  in >> name;
  for (int column = 0; column < 8 && in >> ticks; ++column)
    if (column < 3 || column == 7) busy += ticks;
  return of_ticks(busy);
}

void add_threads(pid_t process, MachineSnapshot& snapshot) {
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/task", process), gone)) {
    // A thread of the idle class runs where nobody else wants to: what it waits for is no want.
    const pid_t id = std::atoi(entry.path().filename().c_str());
    if (::sched_getscheduler(id) == SCHED_IDLE) continue;
    std::ifstream in(entry.path() / "schedstat");
    std::int64_t ran = 0, waited = 0;
    if (in >> ran >> waited) snapshot.threads[id] = {nanoseconds(ran), nanoseconds(waited)};
  }
}

double share(nanoseconds part, nanoseconds whole) {
  return whole.count() > 0 ? static_cast<double>(part.count()) / static_cast<double>(whole.count()) : 0;
}

}  // namespace

std::string to_text(const MachineShare& share) {
  return fmt::format(
      "other programs kept {:.1f} of {:.0f} processors busy, ours waited {:.0f}% of the time they could "
      "have run",
      share.foreign, share.processors, share.waited * 100);
}

MachineSnapshot machine_snapshot(pid_t root) {
  MachineSnapshot snapshot;
  snapshot.busy = busy_time();
  const os::ProcFolder proc(os::Fd(os::check("open /proc", ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC))));
  const auto processes = proc.processes();
  std::set<pid_t> family{root};
  // Parents mostly have smaller numbers, but numbers wrap: until nobody is added.
  for (std::size_t before = 0; before != family.size();) {
    before = family.size();
    for (const auto& process : processes)
      if (family.contains(process.parent)) family.insert(process.pid);
  }
  for (const auto& process : processes) {
    if (!family.contains(process.pid)) continue;
    snapshot.ours += of_ticks(process.cpu_ticks + process.reaped_ticks);
    add_threads(process.pid, snapshot);
  }
  return snapshot;
}

MachineShare machine_share(const std::string& phase, const MachineSnapshot& from, const MachineSnapshot& to,
                           nanoseconds time, double processors) {
  MachineShare out{.phase = phase, .processors = processors};
  // The counts are of ticks and of different instants, so their difference may be a little below nothing.
  out.foreign = std::max(0.0, share((to.busy - from.busy) - (to.ours - from.ours), time));
  nanoseconds ran{}, waited{};
  for (const auto& [id, thread] : to.threads) {
    const auto before = from.threads.find(id);
    const bool known = before != from.threads.end() && before->second.ran <= thread.ran;
    ran += thread.ran - (known ? before->second.ran : nanoseconds{});
    waited += thread.waited - (known ? before->second.waited : nanoseconds{});
  }
  out.waited = share(waited, ran + waited);
  return out;
}

void StallWatch::wait() {
  const core::Instant due = core::now() + pulse;
  timer_ = loop_.at(due, [this, due] {
    if (const auto late = core::now() - due; late >= longest_pause) stalls_.push_back({due, late});
    wait();
  });
}

}  // namespace withstand::run
