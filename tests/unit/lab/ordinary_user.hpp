#pragma once

#include <string>
#include <vector>

#include "os/process.hpp"

namespace withstand::lab::testing {

/// A uid that nobody has.
inline constexpr uid_t ordinary_uid = 1900100000;

/// Starts this very program again with these arguments; its stdout goes to `standard_output`. With `as_root` false, as
/// an ordinary user without any privilege, in a mount namespace where everybody may open /dev/net/tun, as on an
/// ordinary Debian. Every process that comes of it carries WITHSTAND_TEST_RUN=LAST-ARGUMENT in its environment.
os::Child start_own_program(const std::vector<std::string>& argv, bool as_root, int standard_output);

}  // namespace withstand::lab::testing
