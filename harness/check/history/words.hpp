#pragma once

#include <span>
#include <string>
#include <vector>

#include "check/history/history.hpp"

/// Operations of any model in words.
namespace withstand::check {

/// "1.234567s" with real times, else "event 12"; "the end" for `never`, "the beginning" for what began before all.
std::string when_text(const OperationHistory& history, std::int64_t time);

/// "line 7: process 3 write 4 on k from event 7 to event 9", and how it ended where that was not `ok`.
std::string operation_text(const OperationHistory& history, std::uint32_t operation);

/// The operations numbered, from `first` on, each on a line of its own with two blanks before.
std::vector<std::string> numbered(const OperationHistory& history, std::span<const std::uint32_t> operations,
                                  std::size_t first = 1);

}  // namespace withstand::check
