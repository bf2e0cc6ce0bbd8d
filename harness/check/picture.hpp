#pragma once

#include <string>

#include "check/finding.hpp"
#include "check/history/history.hpp"

namespace withstand::check {

/// A page that stands alone (no network, readable in print): a lane for each client, time from left to right, what was
/// found marked and in words. Where there are very many operations, those near what was found and a note of how many
/// more.
std::string picture_page(const OperationHistory& history, const Finding& finding, const std::string& title);

}  // namespace withstand::check
