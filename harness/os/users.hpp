#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace withstand::os {

/// As whom a process runs.
struct Credentials {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  ///< supplementary
  bool bound = false;         ///< even as root: permissions hold, for it has no capability to go round them
};

/// From the user database, supplementary groups included; throws SystemError with ENOENT when there is no such user.
Credentials user_by_name(const std::string& name);

/// The caller's own.
Credentials own_credentials();

/// `count` distinct uids (gid = uid) that no user database entry has, from 1 900 000 000 up (above every range that
/// systemd hands out), or, in a user namespace that does not map those, from the top of the highest range that it maps.
/// Empty when there are not so many.
std::vector<uid_t> free_uids(std::size_t count);

/// Takes on these credentials for good. setgroups is left out where the user namespace denies it.
void become(const Credentials& who);

/// Whether `who` could read and enter (execute) this path, going by owner, group and mode of it and every folder above;
/// access control lists are not seen. False when it does not exist.
bool may_reach(const std::string& path, const Credentials& who);

/// The same for the folder's own mode alone, whatever those above say.
bool may_enter(const std::string& folder, const Credentials& who);

}  // namespace withstand::os
