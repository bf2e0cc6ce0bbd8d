#include "lab/disk/held.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

#include <sys/prctl.h>

#include "lab/disk/caller.hpp"
#include "lab/disk/session.hpp"
#include "os/files.hpp"

namespace withstand::lab::disk {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_threads = 64;
constexpr std::size_t most_early = 256;
/// How often it is asked whether a caller that got a signal is dying: the kernel tells only of its first.
constexpr auto look_at_the_disturbed = 20ms;
constexpr auto for_ever = std::chrono::hours(24 * 365);

constexpr std::uint64_t bit(int signal) { return 1ULL << static_cast<unsigned>(signal - 1); }
/// What a process survives that has not asked to be told (signal(7)).
constexpr std::uint64_t harmless = bit(SIGCHLD) | bit(SIGCONT) | bit(SIGSTOP) | bit(SIGTSTP) | bit(SIGTTIN) |
                                   bit(SIGTTOU) | bit(SIGURG) | bit(SIGWINCH);

std::uint64_t signals(const std::string& status, const char* field) {
  const auto at = status.find(field);
  return at == std::string::npos ? 0 : std::strtoull(status.c_str() + at + std::strlen(field), nullptr, 16);
}

/// A signal waits for this thread that will end it as soon as it is back from the kernel. One that comes behind another
/// is not turned into SIGKILL at once (complete_signal), so what it would do has to be looked up. A thread that cannot
/// be found has ended.
bool is_dying(std::uint32_t thread) {
  const auto status = os::read_file("/proc/" + std::to_string(thread) + "/status");
  if (!status) return true;
  const std::uint64_t pending = signals(*status, "\nSigPnd:\t") | signals(*status, "\nShdPnd:\t");
  const std::uint64_t handled =
      signals(*status, "\nSigBlk:\t") | signals(*status, "\nSigIgn:\t") | signals(*status, "\nSigCgt:\t");
  return (pending & bit(SIGKILL)) != 0 || (pending & ~handled & ~harmless) != 0;
}

}  // namespace

Held::Held(Hooks hooks) : hooks_(std::move(hooks)) {}

Held::~Held() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  for (auto& each : threads_) each.join();
}

/// What a rule that has ended asks for beyond now is no longer asked.
void Held::Item::shorten_delays(std::uint64_t rule, Clock::time_point now) {
  for (Delay& each : verdict.delays) {
    if (each.rule != rule) continue;
    const auto spent = std::min<std::chrono::nanoseconds>(each.asked, now - since);
    if (spent < each.asked) each.bytes = 0;  // they were not carried at its pace
    due -= each.asked - spent;
    each.asked = spent;
  }
}

void Held::put(int device, const Request& request, const Verdict& verdict) {
  Item item;
  item.bytes.assign(request.bytes.begin(), request.bytes.end());
  item.device = device;
  item.verdict = verdict;
  item.holding = verdict.held_by;
  item.due = item.since = Clock::now();
  for (const Delay& each : verdict.delays) item.due += each.asked;
  item.unique = request.header->unique;
  item.caller = request.header->pid;
  const std::lock_guard lock(mutex_);
  std::erase_if(item.holding, [&](std::uint64_t rule) { return ended_.contains(rule); });
  for (const std::uint64_t rule : ended_) item.shorten_delays(rule, item.since);
  const auto early = std::find(early_.begin(), early_.end(), item.unique);
  if (early != early_.end()) {
    item.disturbed = true;
    early_.erase(early);
  }
  items_.push_back(std::move(item));
  if (idle_ == 0 && threads_.size() < most_threads) start_thread();
  changed_.notify_all();
}

void Held::interrupted(std::uint64_t unique) {
  const std::lock_guard lock(mutex_);
  for (Item& each : items_) {
    if (each.unique != unique) continue;
    each.disturbed = true;
    changed_.notify_all();
    return;
  }
  early_.push_back(unique);
  if (early_.size() > most_early) early_.pop_front();
}

void Held::release(std::uint64_t rule) {
  const std::lock_guard lock(mutex_);
  ended_.insert(rule);
  for (Item& each : items_) {
    std::erase(each.holding, rule);
    each.shorten_delays(rule, Clock::now());
  }
  changed_.notify_all();
}

std::size_t Held::size() const {
  const std::lock_guard lock(mutex_);
  return items_.size();
}

void Held::start_thread() {
  threads_.emplace_back([this] { run(); });
}

Held::Clock::time_point Held::next_look() const {
  Clock::time_point next = Clock::now() + for_ever;
  for (const Item& each : items_) {
    if (each.disturbed) next = std::min(next, Clock::now() + look_at_the_disturbed);
    if (each.holding.empty()) next = std::min(next, each.due);
  }
  return next;
}

void Held::run() {
  ::prctl(PR_SET_TIMERSLACK, 1);
  own_umask();
  std::unique_lock lock(mutex_);
  while (!ending_) {
    let_the_dying_go(lock);
    carry_out_due(lock, Clock::now());
    if (ending_) return;
    ++idle_;
    changed_.wait_until(lock, next_look());
    --idle_;
  }
}

void Held::carry_out_due(std::unique_lock<std::mutex>& lock, Clock::time_point now) {
  for (;;) {
    const auto due = std::find_if(items_.begin(), items_.end(), [&](const Item& each) { return each.is_due(now); });
    if (due == items_.end()) return;
    Items taken;
    taken.splice(taken.begin(), items_, due);
    if (idle_ == 0 && !items_.empty() && threads_.size() < most_threads) start_thread();
    lock.unlock();
    tell_waited(taken.front());
    hooks_.finish(taken.front().device, taken.front().bytes, taken.front().verdict);
    lock.lock();
  }
}

void Held::tell_waited(const Item& item) const {
  if (hooks_.gate == nullptr) return;
  const auto took = Clock::now() - item.since;
  for (const Delay& each : item.verdict.delays) {
    hooks_.gate->waited(each.rule, each.asked, took);
    if (each.bytes > 0) hooks_.gate->carried(each.rule, each.bytes);
  }
  for (const std::uint64_t rule : item.verdict.held_by) hooks_.gate->waited(rule, {}, took);
}

void Held::let_the_dying_go(std::unique_lock<std::mutex>& lock) {
  for (auto each = items_.begin(); each != items_.end();) {
    const auto here = each++;
    if (!here->disturbed || !is_dying(here->caller)) continue;
    Items taken;
    taken.splice(taken.begin(), items_, here);
    lock.unlock();
    hooks_.give_up(taken.front().device, taken.front().unique);
    if (hooks_.gate != nullptr) {
      for (const Delay& delay : taken.front().verdict.delays) hooks_.gate->died(delay.rule);
      for (const std::uint64_t rule : taken.front().verdict.held_by) hooks_.gate->died(rule);
      for (const Damage& damage : taken.front().verdict.damages) hooks_.gate->damaged(damage, false);
    }
    lock.lock();
    each = items_.begin();
  }
}

}  // namespace withstand::lab::disk
