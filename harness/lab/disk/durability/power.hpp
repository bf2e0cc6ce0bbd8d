#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <shared_mutex>

namespace withstand::lab::disk {

/// Whether a disk has power. From the instant of a cut nothing is done and nobody gets an answer: whoever asks waits
/// until he is let go, and is then refused. Thread-safe.
class Power {
 public:
  /// While it lives and is on, the power stays; what is done meanwhile was done before the cut, answers included.
  class Use {
   public:
    explicit Use(Power& power);
    [[nodiscard]] bool on() const { return lock_.owns_lock(); }

   private:
    std::shared_lock<std::shared_mutex> lock_;
  };

  /// Returns when nothing is under way any more.
  void cut();
  /// Those that wait, and all who come later, are refused.
  void let_go();
  [[nodiscard]] bool is_cut() const { return cut_; }
  /// How many waited or were refused.
  [[nodiscard]] std::uint64_t unanswered() const { return unanswered_; }

 private:
  void wait();

  std::shared_mutex uses_;
  std::atomic<bool> cut_{false};
  std::atomic<std::uint64_t> unanswered_{0};
  std::mutex mutex_;  ///< guards the next
  bool let_go_ = false;
  std::condition_variable changed_;
};

}  // namespace withstand::lab::disk
