#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/detour_traces.hpp"

/// What the kernel will not undo when the orchestrator dies, written and synced before it is done. The guardian and
/// `withstand recover` read it.
namespace withstand::core {

struct UndoEntry {
  enum class Kind {
    cgroup,     ///< `path`: kill what is inside, then rmdir (children first)
    directory,  ///< `path`: remove recursively, without following links or crossing mounts; only if it holds our owner
                ///< tag, or nothing
    process,    ///< `pid` with `start_time` (field 22 of /proc/PID/stat): SIGKILL
    file,       ///< `path`: unlink (sockets)
    detours,    ///< `detours`: on an interface that is not ours, see core/detour_traces.hpp
  };
  Kind kind = Kind::cgroup;
  std::string path;
  std::int32_t pid = 0;
  std::uint64_t start_time = 0;
  DetourTraces detours{};
  std::string boot_id;  ///< entries of another boot are stale: nothing but directories and files is left of them
};

/// Folder for the state of running harnesses: /run/withstand as root, else $XDG_RUNTIME_DIR/withstand or
/// /tmp/withstand-UID. Exists while a run of this user has something in it, 0700. Throws when it is somebody else's.
std::string state_folder();

/// Root's stays; an ordinary user's goes with the last that was in it. `undo` does this too.
void remove_empty_state_folder(const std::string& journal_path);

/// Name of the file that marks a folder as ours to remove. Made first in it, removed last.
extern const char* const owner_tag;

/// STATE/RUN.undo.
std::string journal_path(const std::string& run);

/// One run's journal, JSON lines; locked (flock(2)) while its writer lives, so that it is seen which are stale. Append
/// writes and fdatasyncs before it returns; when it throws, the entry is not in the journal, and the next one stands on
/// a line of its own.
class UndoJournal {
 public:
  /// Creates it; throws if the run's name is taken.
  explicit UndoJournal(const std::string& run);
  ~UndoJournal();
  UndoJournal(const UndoJournal&) = delete;
  UndoJournal& operator=(const UndoJournal&) = delete;
  void append(UndoEntry entry);  ///< fills boot_id
  /// Everything is undone: removes the file.
  void close();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  void write_whole(std::string_view line) const;

  std::string path_;
  int fd_ = -1;
  bool torn_ = false;  ///< the last line has no end and could not be taken back
};

struct UndoOutcome {
  int undone = 0;
  std::vector<std::string> failed;  ///< what is left, and why
};

/// Reads one journal and undoes it, last entry first; each entry is attempted, failures are collected. Idempotent.
/// Removes the journal when nothing failed. A journal that another version of withstand wrote, by an entry of a kind
/// unknown here, is refused as a whole: one failure, nothing touched.
UndoOutcome undo(const std::string& journal_path);

/// What undoing a journal would still have to do, in words ("remove the cgroup /sys/fs/..."), first what is undone
/// first; entries of which nothing is left are not among them. Of another version's journal: "do nothing: ...". Touches
/// nothing.
std::vector<std::string> left_to_undo(const std::string& journal_path);

/// Journals whose orchestrator no longer lives.
std::vector<std::string> stale_journals();

}  // namespace withstand::core
