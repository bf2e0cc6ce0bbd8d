#pragma once

#include <string>

#include "record/history.hpp"

namespace withstand::record {

/// As invoke_line() and completion_line(), at the end of `out`: for those who write very many.
void add_invoke_line(std::string& out, const Operation& operation);
void add_completion_line(std::string& out, const Operation& operation);

}  // namespace withstand::record
