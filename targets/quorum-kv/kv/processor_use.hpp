#pragma once

#include <chrono>
#include <ctime>

namespace quorum_kv {

/// How many processors this process used in the last half second, all threads together. `look` every few milliseconds.
class ProcessorUse {
 public:
  void look() {
    const auto now = std::chrono::steady_clock::now();
    if (now - since_ < std::chrono::milliseconds(500)) return;
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    const double seconds = static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
    processors_ = (seconds - used_) / std::chrono::duration<double>(now - since_).count();
    used_ = seconds;
    since_ = now;
  }
  [[nodiscard]] double processors() const { return processors_; }

 private:
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
  double used_ = 0, processors_ = 0;
};

}  // namespace quorum_kv
