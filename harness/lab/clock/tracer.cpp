#include "lab/clock/tracer.hpp"

#include <fstream>
#include <signal.h>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/ptrace.h>

namespace withstand::lab::clock {

namespace {

class DyingJob : public Job {
 public:
  void on_stop(Tracer& tracer, pid_t thread, const os::TraceStop&) override { tracer.let_go(thread); }
};

}  // namespace

pid_t process_of(pid_t thread) {
  std::ifstream status(fmt::format("/proc/{}/status", thread));
  for (std::string line; std::getline(status, line);)
    if (line.rfind("Tgid:", 0) == 0) return std::stoi(line.substr(5));
  return 0;
}

int Tracer::hold(pid_t thread, std::unique_ptr<Job> job) {
  const auto found = held_.find(thread);
  if (found != held_.end()) {
    found->second.job = std::move(job);
    return 0;
  }
  if (const int error = os::seize(thread); error != 0) return error;
  held_[thread] = {std::move(job), process_of(thread)};
  return 0;
}

Job* Tracer::job_of(pid_t thread) const {
  const auto found = held_.find(thread);
  return found == held_.end() ? nullptr : found->second.job.get();
}

void Tracer::let_go(pid_t thread, int signal) {
  const auto found = held_.find(thread);
  if (found == held_.end()) return;
  if (os::detach(thread, signal)) {
    held_.erase(found);
    return;
  }
  // It is being killed and still ours: until we have seen its end, its parent does not.
  found->second.job = std::make_unique<DyingJob>();
}

void Tracer::renamed(pid_t before, pid_t now) {
  auto moved = held_.extract(before);
  if (moved.empty()) return;
  held_.erase(now);  // its first thread has ended with the others
  moved.key() = now;
  moved.mapped().process = now;
  held_.insert(std::move(moved));
}

void Tracer::serve() {
  while (children_.next()) {
  }
  std::vector<std::pair<pid_t, pid_t>> threads;
  for (const auto& [thread, held] : held_) threads.emplace_back(thread, held.process);
  for (const auto& [thread, process] : threads) {
    while (serve_one(thread, thread)) {
    }
    // An exec by another than the first thread is told under the first one's number.
    if (process != thread && process != 0) serve_one(thread, process);
  }
}

bool Tracer::serve_one(pid_t thread, pid_t waited_for) {
  const auto found = held_.find(thread);
  if (found == held_.end()) return false;
  if (waited_for != thread && held_.count(waited_for) > 0) return false;  // that one is served by itself
  const auto stop = os::next_stop(waited_for);
  if (!stop) return false;
  const auto job = found->second.job;  // it may replace itself
  if (!stop->ended) {
    pid_t now = waited_for;
    if (stop->event == PTRACE_EVENT_EXEC) {
      const auto before = os::event_message(now);
      if (before && static_cast<pid_t>(*before) != now) renamed(static_cast<pid_t>(*before), now);
    }
    job->on_stop(*this, now, *stop);
    return held_.count(now) > 0;
  }
  if (waited_for != thread) return false;
  // While a thread executes a program its number goes, and it comes back under the process' own.
  const pid_t process = found->second.process;
  if (stop->unknown && process != thread && ::kill(process, 0) == 0) return false;
  held_.erase(thread);
  job->on_end();
  return false;
}

}  // namespace withstand::lab::clock
