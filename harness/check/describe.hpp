#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "check/windows.hpp"
#include "record/history.hpp"

/// Words for people, shared by the checkers. Pure.
namespace withstand::check {

/// "during+2.345678s", since its phase began; "12.345678s" since the run's epoch before any phase, or where none is
/// known (a history that stands alone); "the end" for INT64_MAX. An instant between two phases is the end of the first.
std::string time_text(std::int64_t t, std::span<const PhaseWindow> phases);

/// The value in quotes, cut to a readable length; "nothing" for an absent one.
std::string value_text(const std::optional<std::string>& value);

/// `process 3 wrote "v81" through n1 from during+2.345678s to during+2.350123s (acknowledged)`.
std::string describe(const record::Operation& operation, std::span<const PhaseWindow> phases);

/// `active then: cut (network.partition on n1→n2) from during+1.0s to during+9.0s`, or "no fault was active then".
std::string faults_active(std::span<const FaultWindow> faults, Window when, std::span<const PhaseWindow> phases);
/// Whether any was active at some instant from `when.from` to `when.to`, both included.
bool any_fault_active(std::span<const FaultWindow> faults, Window when);

}  // namespace withstand::check
