#include "kv/bugs.hpp"

#include <algorithm>
#include <array>

namespace quorum_kv {

namespace {

constexpr std::array bugs{
    BugEntry{"read-one", &Bugs::read_one,
             "a read answers from the local replica alone, a write waits for all that are not silent"},
    BugEntry{"no-write-back", &Bugs::no_write_back,
             "a read returns without making sure that a majority holds the value"},
    BugEntry{"ack-before-quorum", &Bugs::ack_before_quorum, "a write is acknowledged once the local replica has it"},
    BugEntry{"minority-writes", &Bugs::minority_writes,
             "when time runs short a write makes do with the replies it has"},
    BugEntry{"wall-clock-versions", &Bugs::wall_clock_versions, "versions are wall-clock times; the last one wins"},
    BugEntry{"wall-clock-timeouts", &Bugs::wall_clock_timeouts, "deadlines are measured on the wall clock"},
    BugEntry{"busy-timer", &Bugs::busy_timer,
             "housekeeping waits by the wall clock, and takes whatever ends the wait for its time having come"},
    BugEntry{"bare-tags", &Bugs::bare_tags, "tags are a counter only: writes at the same time get the same one"},
    BugEntry{"volatile-boot", &Bugs::volatile_boot,
             "the boot number is not kept, so operations of another life pass for repetitions"},
    BugEntry{"no-timeout", &Bugs::no_timeout, "operations wait for every member, for ever"},
    BugEntry{"retry-storm", &Bugs::retry_storm, "requests are repeated at once, in growing numbers, without backoff"},
    BugEntry{"sticky-connection", &Bugs::sticky_connection, "a silent connection is kept until TCP gives it up"},
    BugEntry{"no-checksum", &Bugs::no_checksum, "checksums of log and messages are not verified"},
    BugEntry{"no-fsync", &Bugs::no_fsync, "the log is written and never synced"},
    BugEntry{"no-dir-sync", &Bugs::no_dir_sync, "a new file is synced, its directory is not"},
    BugEntry{"ignore-fsync-error", &Bugs::ignore_fsync_error, "a failed sync is taken for a success"},
    BugEntry{"truncate-damage", &Bugs::truncate_damage, "the log is cut at the first bad record, wherever it is"},
    BugEntry{"forget-on-restart", &Bugs::forget_on_restart, "a restarted node begins with nothing"},
};

}  // namespace

std::span<const BugEntry> bug_table() { return bugs; }

bool plant(Bugs& planted, std::string_view name) {
  const auto found = std::find_if(bugs.begin(), bugs.end(), [&](const BugEntry& entry) { return entry.name == name; });
  if (found == bugs.end()) return false;
  planted.*(found->flag) = true;
  return true;
}

std::string bug_names() {
  std::string names;
  for (const BugEntry& entry : bugs) {
    if (!names.empty()) names += ", ";
    names += entry.name;
  }
  return names;
}

}  // namespace quorum_kv
