#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "load/config.hpp"
#include "load/driver.hpp"

namespace withstand::load {

/// What an operation of a workload is, by its ordinal alone. Immutable; thread-safe.
class Shape {
 public:
  virtual ~Shape() = default;
  /// Fills in everything but `id`, which is the ordinal, and what depends on the target's answers: an empty `key` of a
  /// read (write-once: of what was acknowledged; session: of somebody's), and a cas' `expected`.
  virtual void fill(Request& request) const = 0;
  /// How many operations, from a multiple of this on, are due at the same instant.
  [[nodiscard]] virtual std::uint64_t together() const { return 1; }
};

/// Throws std::runtime_error for a workload that there is not.
std::unique_ptr<const Shape> make_shape(const Config& config);

/// The mix a workload has when nobody says otherwise.
std::map<std::string, std::int64_t> default_mix(const std::string& workload);

/// The workload's objects that are looked at in the end, when faults and load are over; none: there is nothing to see.
std::vector<std::string> final_keys(const Config& config);
/// The request that looks at one of them. A queue is emptied: its request is to be repeated until it is declined.
Request final_request(const std::string& workload, const std::string& key);

/// Whether values of this workload are numbers (and so stand in the history).
bool has_numbers(const std::string& workload);

/// What every account of workload bank begins with.
inline constexpr std::int64_t opening_balance = 100;

}  // namespace withstand::load
