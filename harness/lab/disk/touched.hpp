#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "lab/disk/operation.hpp"

namespace withstand::lab::disk {

/// Paths that were used although no rule matched them, the latest few hundred: for a rule that in the end has struck
/// nothing, what it might have meant. Costs the same however many rules there are. Thread-safe.
class Touched {
 public:
  void note(Operation operation, const std::vector<std::string>& paths);
  /// A point in time: what is noted from now on is above it.
  [[nodiscard]] std::uint64_t now() const;
  /// Those that one of these operations was noted for after `since`.
  [[nodiscard]] std::vector<std::string> since(std::uint64_t since, Operations operations) const;

 private:
  struct Path {
    std::string text;
    Operations operations;
    std::uint64_t last = 0;
  };
  mutable std::mutex mutex_;
  std::list<Path> paths_;  ///< the longest unused first
  std::unordered_map<std::string, std::list<Path>::iterator> by_text_;
  std::uint64_t clock_ = 0;
};

}  // namespace withstand::lab::disk
