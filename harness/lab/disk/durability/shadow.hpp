#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <sys/stat.h>

#include "lab/disk/durability/saved_bytes.hpp"
#include "lab/disk/operation.hpp"
#include "os/fd.hpp"

/// What of a folder's files would be lost if the power went now. The folder itself is always as programs see it; beside
/// it stands the list of operations that nobody has made durable, each with what is needed to undo it. From that, any
/// state that a disk may be left in can be made (crash_model.hpp, crash_state.hpp).
namespace withstand::lab::disk {

struct FileId {
  dev_t device = 0;
  ino_t number = 0;
  auto operator<=>(const FileId& other) const = default;
};

/// A file or folder that an operation on the list concerns. Kept open, so that it outlives its names.
struct Tracked {
  Tracked(os::Fd its_path, const struct stat& status)
      : id{status.st_dev, status.st_ino}, type(status.st_mode & S_IFMT), path(std::move(its_path)) {}
  [[nodiscard]] bool is_folder() const { return type == S_IFDIR; }

  const FileId id;
  const mode_t type;
  os::Fd path;       ///< O_PATH
  std::mutex data;   ///< held while its data change; guards the next
  os::Fd open_file;  ///< for reading and writing, while something of its data is on the list

  /// The rest is guarded by the shadow's mutex. Numbers of operations on the list, ascending.
  std::set<std::uint64_t> data_operations, attribute_operations;
  std::set<std::uint64_t> inside;  ///< folder: on names in it
  std::uint64_t named = 0;         ///< the last that gave it a name; 0: none that is on the list
  std::uint64_t last = 0;          ///< the last that concerns it in any way
};
using TrackedFile = std::shared_ptr<Tracked>;

/// What is at a place: a file that is held open, or nothing.
struct Entry {
  os::Fd path;
  struct stat status {};
  [[nodiscard]] bool there() const { return path.valid(); }
};
/// Of a name in a folder (O_PATH); follows no link.
[[nodiscard]] Entry entry_at(int folder, const char* name);

/// A name in a folder that meant `before` and means `now`.
struct Assignment {
  TrackedFile folder;
  std::string name;
  TrackedFile before, now;  ///< null: nothing
};

/// One operation on the list.
struct PendingOperation {
  enum class Kind { names, data, attribute };
  /// What a failed sync leaves behind: pages that are marked clean and will never be written.
  enum class Fate { open, durable, doomed };
  std::uint64_t number = 0;
  std::chrono::nanoseconds when{};  ///< CLOCK_MONOTONIC
  Operation what = Operation::write;
  Kind kind = Kind::names;
  Fate fate = Fate::open;
  bool size_durable = false;   ///< doomed: all but its bytes is durable
  std::string path, new_path;  ///< as it was called then

  std::vector<Assignment> names;
  std::vector<std::uint64_t> needs;  ///< names: operations that must have been done before this one can be

  TrackedFile file;  ///< data, attribute
  std::uint64_t offset = 0, length = 0, size_before = 0, size_after = 0;
  int mode = 0;  ///< fallocate
  SavedBytes saved;
  [[nodiscard]] bool writes() const { return what == Operation::write || what == Operation::copy; }
  /// Within its range, whatever it does to the size: writes, and fallocate that clears.
  [[nodiscard]] bool changes_bytes() const;

  /// attribute: "mode", "owner", "times" or "x:NAME" of an extended one; absent values: there is none.
  std::string attribute;
  std::optional<std::string> value_before, value_after;
};
using PendingOperations = std::map<std::uint64_t, PendingOperation>;

/// Of the list, for those who decide what survives.
struct PendingList {
  const PendingOperations* operations = nullptr;
  std::uint64_t last_sync = 0;    ///< the last operation that was done when anything was synced
  std::uint64_t last_commit = 0;  ///< the last that was done when a journal had to be written
};

/// Takes back what an operation did to its file's data, when nothing that came after it is left. Throws SystemError.
void undo_data(const PendingOperation& operation, const ByteStore& store);

/// The list. Thread-safe; two changes of the same names must not run at once (the kernel holds the folder).
class Shadow {
 public:
  struct Options {
    os::Fd store;  ///< a file without a name, open for reading and writing
    /// When more operations are on the list, the older half is made durable, as a kernel short of memory would.
    std::size_t most_operations = 200'000;
  };
  explicit Shadow(Options options);
  ~Shadow();

  struct DataChange {
    Operation what = Operation::write;  ///< write, copy, truncate, fallocate
    int path = -1;                      ///< O_PATH of the file
    std::uint64_t offset = 0, length = 0;
    int mode = 0;  ///< fallocate
    std::string name;
    bool synced = false, synced_data = false;  ///< O_SYNC, O_DSYNC
  };
  /// Does it (`act` returns how many bytes were written, or a negative number and errno) and puts it on the list.
  std::int64_t change(const DataChange& change, const std::function<std::int64_t()>& act);

  /// A name as it was before something was done to it, and as it is now. `folder` is O_PATH.
  struct NameChange {
    int folder = -1;
    std::string name;
    const Entry* before = nullptr;
    const Entry* now = nullptr;
  };
  void named(Operation what, std::span<const NameChange> changes, std::string path, std::string new_path = {});

  /// Does it (`act` returns 0, or a negative number and errno) and puts what has changed on the list.
  int change_attributes(int path, const std::string& name, const std::function<int()>& act);
  int change_extended(int path, const std::string& name, const char* attribute, const std::function<int()>& act);

  /// How far a sync that begins now will reach.
  [[nodiscard]] std::uint64_t mark() const;
  void synced(int path, bool data_only, std::uint64_t mark);
  void folder_synced(int path, std::uint64_t mark);
  void all_synced(std::uint64_t mark);

  /// What file systems do when a sync cannot write a file's data, as far as programs can tell (Rebello et al., "Can
  /// Applications Recover from fsync Failures?", USENIX ATC 2020): the pages are marked clean, so that no later sync
  /// writes them. Whether metadata are durable all the same, and whether programs still read what they wrote.
  struct SyncFailure {
    bool metadata_durable = true;  ///< ext4, XFS; Btrfs loses the size, too
    bool content_stays = true;     ///< until the cache is dropped; Btrfs reverts it
  };
  void sync_failed(int path, const SyncFailure& failure);

  /// For those who stopped all that could change it.
  [[nodiscard]] PendingList list() const;
  [[nodiscard]] ByteStore& store() { return store_; }
  /// How many operations were made durable because the list was full.
  [[nodiscard]] std::uint64_t written_back() const;
  [[nodiscard]] std::size_t size() const;

 private:
  [[nodiscard]] TrackedFile track(int path);
  [[nodiscard]] TrackedFile track(const Entry* entry);
  [[nodiscard]] TrackedFile track(os::Fd path, const struct stat& status);
  [[nodiscard]] TrackedFile known(int path);
  void revert_content(Tracked& file, const std::vector<std::uint64_t>& numbers, std::optional<std::uint64_t> size);
  [[nodiscard]] SavedBytes save(Tracked& file, const DataChange& change, std::uint64_t size);
  PendingOperation& add(PendingOperation operation);
  void find_needs(PendingOperation& operation);
  void drop(std::uint64_t number);
  void drop_with_needs(std::uint64_t number);
  void drop_through(std::set<std::uint64_t>& numbers, std::uint64_t mark);
  void commit(std::uint64_t mark) { last_commit_ = std::max(last_commit_, mark); }
  void relieve();
  void sweep();

  struct HashId {
    std::size_t operator()(const FileId& id) const { return std::hash<ino_t>()(id.number ^ (id.device << 40U)); }
  };
  ByteStore store_;
  std::size_t most_operations_;
  mutable std::mutex mutex_;  ///< guards the rest
  PendingOperations operations_;
  std::unordered_map<FileId, std::weak_ptr<Tracked>, HashId> tracked_;
  std::size_t sweep_at_ = 1024;
  std::map<std::pair<FileId, std::string>, std::uint64_t> slots_;  ///< the last operation on a name
  std::uint64_t last_folder_move_ = 0;
  std::uint64_t last_ = 0, last_sync_ = 0, last_commit_ = 0, written_back_ = 0;
};

}  // namespace withstand::lab::disk
