#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spec/result.hpp"

namespace withstand::spec {

/// "KILL", "SIGKILL" or "9" (1 to 64). Numbers are those of Linux on this architecture.
Result<int> parse_signal(std::string_view text);

/// "SIGKILL"; "signal 40" for one without a name.
std::string signal_name(int signal);

/// Without "SIG", in numeric order.
std::vector<std::string> signal_names();

}  // namespace withstand::spec
