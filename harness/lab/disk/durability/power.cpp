#include "lab/disk/durability/power.hpp"

namespace withstand::lab::disk {

Power::Use::Use(Power& power) {
  if (!power.cut_) {
    lock_ = std::shared_lock(power.uses_);
    if (!power.cut_) return;
    lock_.unlock();
  }
  power.wait();
}

void Power::wait() {
  ++unanswered_;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return let_go_; });
}

void Power::cut() {
  cut_ = true;                                // nobody comes in any more, ...
  const std::unique_lock nobody_left(uses_);  // ... and those who were there have left
}

void Power::let_go() {
  {
    const std::lock_guard lock(mutex_);
    let_go_ = true;
  }
  changed_.notify_all();
}

}  // namespace withstand::lab::disk
