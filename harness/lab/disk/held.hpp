#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <set>
#include <span>
#include <thread>
#include <vector>

#include "lab/disk/request.hpp"

namespace withstand::lab::disk {

class Gate;

/// Requests that wait: for a time, or until a rule ends. None of them keeps a worker; threads of this class carry out
/// what has come due, as many as are needed so that none waits for another's disk. Thread-safe.
///
/// A program that waits cannot be disturbed by signals, as at a real disk, but it can be killed: a request whose caller
/// is dying is answered at once (EINTR, which nobody will see).
class Held {
 public:
  using Clock = std::chrono::steady_clock;
  struct Hooks {
    /// What to do with a request that has waited; `device` is where it was read.
    std::function<void(int device, std::span<std::byte> bytes, const Verdict& verdict)> finish;
    std::function<void(int device, std::uint64_t unique)> give_up;
    Gate* gate = nullptr;  ///< hears how long was waited
  };

  explicit Held(Hooks hooks);
  ~Held();
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  void put(int device, const Request& request, const Verdict& verdict);
  /// The kernel says that a signal came for this request's caller. Nothing happens when it is not here.
  void interrupted(std::uint64_t unique);
  /// What a rule holds or delays goes on, and it holds and delays nothing from now on, not even what was judged before
  /// and comes later.
  void release(std::uint64_t rule);
  [[nodiscard]] std::size_t size() const;

 private:
  struct Item {
    std::vector<std::byte> bytes;
    int device = -1;
    Verdict verdict;
    std::vector<std::uint64_t> holding;  ///< of verdict.held_by, those that have not ended
    Clock::time_point since{}, due{};
    void shorten_delays(std::uint64_t rule, Clock::time_point now);
    [[nodiscard]] bool is_due(Clock::time_point now) const { return holding.empty() && due <= now; }
    std::uint64_t unique = 0;
    std::uint32_t caller = 0;  ///< thread id
    bool disturbed = false;    ///< a signal came: its caller may be dying
  };
  using Items = std::list<Item>;

  void run();
  void carry_out_due(std::unique_lock<std::mutex>& lock, Clock::time_point now);
  void let_the_dying_go(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] Clock::time_point next_look() const;
  void start_thread();

  void tell_waited(const Item& item) const;

  Hooks hooks_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Items items_;
  std::deque<std::uint64_t> early_;  ///< interrupted before they were put here
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  std::set<std::uint64_t> ended_;  ///< rules
  bool ending_ = false;
};

}  // namespace withstand::lab::disk
