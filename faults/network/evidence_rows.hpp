#pragma once

#include <cstdint>
#include <string>

#include "core/evidence.hpp"

namespace withstand::faults {

/// One row for each link, as many as a person reads: beyond, those that agree are counted only.
class EvidenceRows {
 public:
  static constexpr std::size_t most = 12;
  void add(core::EvidenceRow row);
  /// No link agrees, and none contradicts.
  [[nodiscard]] bool show_nothing() const;
  /// All of them, with a last one for those that were left out; `source` is whose count that is.
  [[nodiscard]] core::Evidence finish(const std::string& source);

 private:
  core::Evidence evidence_;
  std::size_t agreeing_ = 0;
};

/// "1 client", "2 clients", "2 bodies".
std::string plural(std::uint64_t count, const std::string& thing);

}  // namespace withstand::faults
