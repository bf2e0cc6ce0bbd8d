#pragma once

#include <memory>

#include "kv/bugs.hpp"
#include "kv/log.hpp"

/// The planted bugs of storage, all of them here.
namespace quorum_kv {

/// The directory itself, or one that is careless in the way the bugs say.
std::unique_ptr<Directory> with_bugs(std::unique_ptr<Directory> directory, const Bugs& bugs);

/// Creates or opens the log, as the bugs say.
Log::Opened open_log(std::unique_ptr<Directory> directory, const Log::Owner& owner, bool init, const Bugs& bugs);

}  // namespace quorum_kv
