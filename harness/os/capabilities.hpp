#pragma once

namespace withstand::os {

/// Empties the bounding and ambient sets and sets no_new_privs: whatever is executed from here on gains nothing
/// (capabilities(7)). Needs CAP_SETPCAP; where that is missing there is nothing to drop and nothing is done.
void forbid_new_privileges();

/// Empties the effective, permitted and inheritable sets of the caller.
void drop_capabilities();

/// True when the caller's effective set holds this capability (CAP_SYS_ADMIN, ...).
bool has_capability(int capability);

}  // namespace withstand::os
