#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <sys/stat.h>

#include "os/fd.hpp"

namespace withstand::lab::disk {

class Inode;
class InodeTable;

/// A directory entry that the kernel has been told of.
struct Name {
  Inode* folder = nullptr;  ///< kept alive by this name
  std::string text;
  bool operator==(const Name& other) const = default;
};

/// A file, folder, link or special file of the backing file system that the kernel knows. It lives in the table for as
/// long as the kernel holds a look-up of it or it is the folder of a name.
class Inode {
 public:
  Inode(os::Fd path, const struct stat& status)
      : path_(std::move(path)), device(status.st_dev), number(status.st_ino), type(status.st_mode & S_IFMT) {}

  /// O_PATH: names the inode whatever happens to its names, opens nothing.
  [[nodiscard]] int path() const { return path_.get(); }
  [[nodiscard]] bool is_regular() const { return type == S_IFREG; }
  [[nodiscard]] bool is_folder() const { return type == S_IFDIR; }
  [[nodiscard]] bool is_link() const { return type == S_IFLNK; }

 private:
  os::Fd path_;

 public:
  const dev_t device;
  const ino_t number;
  const mode_t type;

  /// How its data travels: decided when it is first opened, then kept. The kernel refuses a mixture (EIO).
  enum class Way : std::uint8_t { undecided, plain, direct, passthrough };
  std::mutex opening;  ///< guards the three below
  Way way = Way::undecided;
  std::uint32_t passthrough_opens = 0;
  std::int32_t backing_id = 0;
  std::atomic<std::uint32_t> open_handles{0};
  /// When it was last changed (st_ctim) by a false clock, in nanoseconds since 1970, for which no file system has a
  /// call; 0: what the one below says.
  mutable std::atomic<std::int64_t> changed{0};

  /// What the rules say of it, as of an epoch (see rules.hpp): read without a lock.
  std::atomic<std::uint64_t> matched_epoch{0};
  std::atomic<std::uint32_t> matched_operations{0};
  std::atomic<std::uint32_t> noted_operations{0};  ///< which no rule concerns, and that were noted as such
  std::mutex matching;                             ///< guards the next
  std::shared_ptr<const void> matched;             ///< the rules' own

 private:
  friend class InodeTable;
  std::mutex naming_;
  std::vector<Name> names_;       ///< guarded by naming_; the last one stays when it is unlinked
  bool unlinked_ = false;         ///< guarded by naming_
  std::uint64_t references_ = 0;  ///< guarded by its shard: look-ups, and names in it
};

/// All inodes that the kernel knows, by (device, number). Thread-safe, in shards: nobody waits for another inode.
class InodeTable {
 public:
  /// `root`: O_PATH of the folder that is mirrored. Throws SystemError.
  explicit InodeTable(os::Fd root);
  ~InodeTable();
  InodeTable(const InodeTable&) = delete;
  InodeTable& operator=(const InodeTable&) = delete;

  [[nodiscard]] Inode& root() { return *root_; }
  /// The inode of a node id that the kernel holds a look-up of.
  [[nodiscard]] Inode& at(std::uint64_t node_id);
  [[nodiscard]] std::uint64_t id(const Inode& inode) const;

  /// One more look-up of an inode that is known; nullptr when it is not.
  Inode* look_up(const struct stat& status);
  /// One more look-up of an inode, which is entered unless it is known. `path` is O_PATH of it.
  Inode& enter(os::Fd path, const struct stat& status);
  /// The kernel lets go of so many look-ups.
  void forget(Inode& inode, std::uint64_t look_ups);

  /// All that are known, each with one more look-up that the caller lets go of.
  [[nodiscard]] std::vector<Inode*> retain_all();

  /// `name` in `folder` is this inode.
  void add_name(Inode& inode, Inode& folder, std::string_view name);
  /// It is no longer. The last name that an inode had is remembered for those who still have it open.
  void remove_name(Inode& inode, Inode& folder, std::string_view name);
  /// Of an inode that is known by (device, number); nothing happens when it is not.
  void remove_name(const struct stat& status, Inode& folder, std::string_view name);

  /// From the root, without a leading slash ("" is the root): one for each name. Of an unlinked inode, its last.
  [[nodiscard]] std::vector<std::string> paths(Inode& inode);
  /// The first of them.
  [[nodiscard]] std::string path(Inode& inode);
  /// Of a name in a folder.
  [[nodiscard]] std::string path(Inode& folder, std::string_view name);
  [[nodiscard]] std::size_t size() const;

 private:
  struct Key {
    dev_t device;
    ino_t number;
    bool operator==(const Key& other) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<Key, std::unique_ptr<Inode>, Hash> inodes;
  };
  [[nodiscard]] Shard& shard(const Key& key);
  void retain(Inode& inode);
  void release(Inode& inode, std::uint64_t count);
  /// The folder is retained for the caller.
  std::optional<Name> first_name(Inode& inode);

  std::array<Shard, 64> shards_;
  Inode* root_ = nullptr;
};

}  // namespace withstand::lab::disk
