#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace withstand::lab::disk {

/// What a disk that carries so many bytes a second makes each operation wait: a bucket of tokens, in the form that
/// keeps one instant only (ITU-T I.371, "generic cell rate algorithm"). An operation that is larger than the bucket
/// waits for what it is beyond it. Not thread-safe.
class Bucket {
 public:
  /// `bytes_per_second` above 0; the bucket is full at first.
  Bucket(std::uint64_t bytes_per_second, std::uint64_t burst_bytes)
      : bytes_per_second_(bytes_per_second), tolerance_(time_of(burst_bytes)) {}

  /// How long an operation of so many bytes has to wait that comes now; `now` never goes back.
  std::chrono::nanoseconds take(std::uint64_t bytes, std::chrono::nanoseconds now) {
    paid_up_to_ = std::max(paid_up_to_, now) + time_of(bytes);
    return std::max(std::chrono::nanoseconds::zero(), paid_up_to_ - tolerance_ - now);
  }

 private:
  [[nodiscard]] std::chrono::nanoseconds time_of(std::uint64_t bytes) const {
    __extension__ using Wide = unsigned __int128;
    return std::chrono::nanoseconds(static_cast<std::int64_t>(Wide{bytes} * 1'000'000'000U / bytes_per_second_));
  }

  std::uint64_t bytes_per_second_;
  std::chrono::nanoseconds tolerance_;
  std::chrono::nanoseconds paid_up_to_{};
};

}  // namespace withstand::lab::disk
