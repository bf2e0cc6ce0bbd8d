#include "lab/process_tree.hpp"

#include <algorithm>
#include <signal.h>
#include <unistd.h>

#include <fmt/format.h>

#include "os/check.hpp"
#include "os/pidfd.hpp"

namespace withstand::lab {
namespace {

/// Asks again every 50 µs, for at most 20 ms: both mechanisms need some microseconds.
template <class Done>
void wait_shortly(Done done) {
  for (int round = 0; round < 400 && !done(); ++round) ::usleep(50);
}

class CgroupTree final : public ProcessTree {
 public:
  explicit CgroupTree(const os::Cgroup& cgroup) : cgroup_(cgroup) {}

  [[nodiscard]] std::vector<os::ProcessStat> processes() const override {
    std::vector<os::ProcessStat> found;
    for (const pid_t pid : cgroup_.processes()) {
      auto stat = os::process_stat(pid);
      if (stat && !stat->dead()) found.push_back(std::move(*stat));
    }
    return found;
  }

  [[nodiscard]] bool gone() const override { return !cgroup_.is_populated(); }

  void signal(int signal) override {
    for (const pid_t pid : cgroup_.processes()) {
      if (pid <= 0) continue;
      const os::Pidfd process = open_if_alive(pid);
      if (process.valid()) process.send(signal);
    }
  }

  void kill() override {
    if (cgroup_.kill()) return;
    for (int round = 0; round < 100 && cgroup_.is_populated(); ++round) signal(SIGKILL);
  }

  void hold(bool still) override {
    cgroup_.freeze(still);
    wait_shortly([&] { return cgroup_.is_frozen() == still; });
  }

  [[nodiscard]] Stillness stillness(const std::vector<os::ProcessStat>&) const override {
    const bool frozen = cgroup_.is_frozen();
    return {frozen, fmt::format("frozen {} in cgroup.events", frozen ? 1 : 0)};
  }

  [[nodiscard]] std::string mechanism() const override { return freezer_mechanism; }
  [[nodiscard]] bool holds_newborn() const override { return true; }

 private:
  static os::Pidfd open_if_alive(pid_t pid) {
    try {
      return os::Pidfd::open(pid);
    } catch (const os::SystemError&) {  // ended since it was listed
      return {};
    }
  }

  const os::Cgroup& cgroup_;
};

class ProcTree final : public ProcessTree {
 public:
  explicit ProcTree(const os::ProcFolder& proc) : proc_(proc) {}

  [[nodiscard]] std::vector<os::ProcessStat> processes() const override {
    auto found = proc_.processes();
    std::erase_if(found, [](const auto& each) { return each.pid == 1 || each.session == 0 || each.dead(); });
    return found;
  }

  [[nodiscard]] bool gone() const override { return processes().empty(); }

  void signal(int signal) override {
    for (const auto& each : processes()) send(each.pid, signal);
  }

  /// Stopped first, so that none can fork while the others are being killed.
  void kill() override {
    stop_all();
    for (int round = 0; round < 100; ++round) {
      const auto left = processes();
      if (left.empty()) return;
      for (const auto& each : left) send(each.pid, SIGKILL);
      ::usleep(50);
    }
  }

  void hold(bool still) override {
    if (still) {
      wait_shortly([&] { return stop_all(); });
    } else {
      signal(SIGCONT);
    }
  }

  [[nodiscard]] Stillness stillness(const std::vector<os::ProcessStat>& processes) const override {
    const auto stopped =
        std::count_if(processes.begin(), processes.end(), [this](const auto& each) { return is_stopped(each); });
    return {static_cast<std::size_t>(stopped) == processes.size(),
            fmt::format("{} of {} processes stopped (state T, or D with SIGSTOP pending)", stopped, processes.size())};
  }

  [[nodiscard]] std::string mechanism() const override { return signal_mechanism; }
  [[nodiscard]] bool holds_newborn() const override { return false; }

 private:
  /// A parent waits in state D for a child of its vfork(2) that was stopped before it could execute: its own stop is
  /// pending until the child goes on, and it can do nothing before.
  [[nodiscard]] bool is_stopped(const os::ProcessStat& each) const {
    return each.state == 'T' || each.state == 't' || (each.state == 'D' && proc_.stop_is_pending(each.pid));
  }

  /// True when all were found stopped, so that none can have forked since.
  bool stop_all() {
    bool all = true;
    for (const auto& each : processes()) {
      if (is_stopped(each)) continue;
      all = false;
      send(each.pid, SIGSTOP);
    }
    return all;
  }

  void send(pid_t pid, int signal) {
    os::Fd process = proc_.open_process(pid);
    if (process.valid()) os::Pidfd(std::move(process)).send(signal);
  }

  const os::ProcFolder& proc_;
};

}  // namespace

std::unique_ptr<ProcessTree> make_cgroup_tree(const os::Cgroup& cgroup) { return std::make_unique<CgroupTree>(cgroup); }
std::unique_ptr<ProcessTree> make_proc_tree(const os::ProcFolder& proc) { return std::make_unique<ProcTree>(proc); }

}  // namespace withstand::lab
