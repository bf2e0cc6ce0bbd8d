#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace quorum_kv {

/// Planted mistakes, all off unless asked for with --bug=NAME. Each is consulted in one of four places: policy.cpp
/// (what the coordinator does), storage_policy.cpp (what is done with the disk), peer_link.cpp (connections) and
/// node.cpp (its housekeeping).
struct Bugs {
  bool read_one = false;
  bool no_write_back = false;
  bool ack_before_quorum = false;
  bool minority_writes = false;
  bool wall_clock_versions = false;
  bool wall_clock_timeouts = false;
  bool busy_timer = false;
  bool bare_tags = false;
  bool volatile_boot = false;
  bool no_timeout = false;
  bool retry_storm = false;
  bool sticky_connection = false;
  bool no_checksum = false;
  bool no_fsync = false;
  bool no_dir_sync = false;
  bool ignore_fsync_error = false;
  bool truncate_damage = false;
  bool forget_on_restart = false;
};

struct BugEntry {
  std::string_view name;
  bool Bugs::*flag;
  std::string_view mistake;
};

/// All planted bugs, in the order of the README's table.
std::span<const BugEntry> bug_table();

/// Switches the named bug on. False when there is no such bug.
bool plant(Bugs& bugs, std::string_view name);

/// Names separated by ", ".
std::string bug_names();

}  // namespace quorum_kv
