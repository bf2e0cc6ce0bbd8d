#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "check/windows.hpp"
#include "record/history.hpp"

/// Words for people, shared by the checkers. Pure.
namespace withstand::check {

/// "12.345678s", since the run's epoch; "the end" for INT64_MAX.
std::string time_text(std::int64_t t);

/// The value in quotes, cut to a readable length; "nothing" for an absent one.
std::string value_text(const std::optional<std::string>& value);

/// `process 3 wrote "v81" through n1 from 12.345678s to 12.350123s (acknowledged)`.
std::string describe(const record::Operation& operation);

/// `active then: cut (network.partition on n1→n2) from 10.0s to 20.0s`, or "no fault was active then".
std::string faults_active(std::span<const FaultWindow> faults, std::int64_t from, std::int64_t to);

}  // namespace withstand::check
