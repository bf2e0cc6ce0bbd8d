#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "check/windows.hpp"
#include "record/history.hpp"

namespace withstand::check {

/// One operation of the load, in 32 bytes. Times in nanoseconds since the run's epoch; done is INT64_MAX when nobody
/// ever heard of it.
struct Sample {
  std::int64_t intended = 0, sent = 0, done = 0;
  std::uint16_t op = 0, node = 0;  ///< numbered names
  record::Outcome outcome = record::Outcome::info;

  [[nodiscard]] bool ok() const { return outcome == record::Outcome::ok; }
};

/// The load's operations by the time they were due. The read-back after recovery is not among them. Immutable, pure.
class Samples {
 public:
  explicit Samples(std::span<const record::Operation> operations);

  /// Those due before `to` that pass the filters "op" and "node", in the order they were due.
  [[nodiscard]] std::vector<Sample> due_before(std::int64_t to,
                                               const std::map<std::string, std::string>& filters) const;
  /// Those due within the window.
  [[nodiscard]] std::vector<Sample> due_in(Window window, const std::map<std::string, std::string>& filters) const;
  [[nodiscard]] std::vector<std::string> op_names() const;  ///< sorted

 private:
  using Names = std::map<std::string, std::uint16_t, std::less<>>;
  [[nodiscard]] std::vector<Sample> select(std::int64_t from, std::int64_t to,
                                           const std::map<std::string, std::string>& filters) const;

  std::vector<Sample> samples_;
  Names ops_, nodes_;
};

}  // namespace withstand::check
