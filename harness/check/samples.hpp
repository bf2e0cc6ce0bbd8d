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

/// One operation of the load, in 40 bytes. Times in nanoseconds since the run's epoch; done is INT64_MAX when nobody
/// ever heard of it.
struct Sample {
  std::int64_t intended = 0, sent = 0, done = 0;
  std::int64_t charged = 0;        ///< the instant that says to which phase it belongs
  std::uint16_t op = 0, node = 0;  ///< numbered names
  record::Outcome outcome = record::Outcome::info;
  bool declined = false;  ///< undone as it should be: the service was there

  [[nodiscard]] bool ok() const { return outcome == record::Outcome::ok || declined; }
};

/// The load's operations by the time they were due. The read-back after recovery is not among them. Immutable, pure.
///
/// An operation belongs to the phase in which it was due. But what was still under way when `before` ended, within its
/// timeout, may be the faults' doing, so it belongs to `during`: the steady state is judged by what was over by then.
/// Unless it had been under way for half of `before` and longer: a target that has fallen silent is not in its steady
/// state, however patient its clients are.
class Samples {
 public:
  /// `timeout`, in nanoseconds, is that of an operation.
  Samples(std::span<const record::Operation> operations, std::span<const PhaseWindow> phases, std::int64_t timeout);

  /// Those due before `to` that pass the filters "op" and "node", in the order they were due.
  [[nodiscard]] std::vector<Sample> due_before(std::int64_t to,
                                               const std::map<std::string, std::string>& filters) const;
  /// Those that belong to a phase with this window.
  [[nodiscard]] std::vector<Sample> due_in(Window window, const std::map<std::string, std::string>& filters) const;
  [[nodiscard]] std::vector<std::string> op_names() const;  ///< sorted
  [[nodiscard]] const std::string& op_name(const Sample& sample) const;
  [[nodiscard]] std::span<const Sample> all() const { return samples_; }

 private:
  using Names = std::map<std::string, std::uint16_t, std::less<>>;
  using Time = std::int64_t Sample::*;
  [[nodiscard]] std::vector<Sample> select(Window window, Time time,
                                           const std::map<std::string, std::string>& filters) const;

  std::vector<Sample> samples_;
  Names ops_, nodes_;
};

}  // namespace withstand::check
