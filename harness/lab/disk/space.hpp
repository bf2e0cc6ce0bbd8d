#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>

#include <sys/stat.h>
#include <sys/statvfs.h>

#include "core/disk.hpp"
#include "lab/disk/damage.hpp"
#include "lab/disk/inode.hpp"

namespace withstand::lab::disk {

/// How much may be stored: limits in force on the folder that is mirrored, or on folders in it. What is used is what
/// the file system below says of each inode (st_blocks), looked at again after each operation that can change it, so it
/// holds of sparse files, of blocks that were allocated beforehand, of links and of what is unlinked but open. While a
/// limit is in force, operations that store go one after the other. Thread-safe.
class Space {
 public:
  explicit Space(InodeTable& inodes) : inodes_(inodes) {}

  /// Counts what is there. Throws SystemError.
  void add(std::uint64_t rule, const core::DiskRule::Space& space);
  void remove(std::uint64_t rule);
  /// What is left, and was at least; nothing happens when there never was such a limit.
  void tell(std::uint64_t rule, core::DiskEffect& effect) const;
  /// Called on the thread of a request that gets less than it asked for. `error`: what it fails with; 0: it is cut.
  void on_refused(std::function<void(std::uint64_t rule, int error, Extent wanted)> callback) {
    refused_ = std::move(callback);
  }

  /// Leave to store something: while it lives nobody else has any. Settles when it ends, which must be before the
  /// reply.
  class Leave {
   public:
    Leave(Leave&& other) noexcept;
    ~Leave();
    [[nodiscard]] int error() const { return error_; }             ///< 0, ENOSPC or EDQUOT
    [[nodiscard]] std::uint64_t size() const { return granted_; }  ///< bytes that may be written
    /// What was made, which is counted from now on.
    void made(const struct stat& status, Inode& folder);

   private:
    friend class Space;
    Leave() = default;
    Space* space_ = nullptr;  ///< none: there is no limit
    std::unique_lock<std::mutex> lock_;
    Inode* inode_ = nullptr;  ///< what to settle
    int error_ = 0;
    std::uint64_t granted_ = 0;
  };

  /// To write these bytes of a file that is open. Fewer may be granted; `whole`: all or none.
  [[nodiscard]] Leave to_write(Inode& inode, int file, Extent bytes, bool whole = false);
  /// To make an inode in a folder, which takes a block at once when it is a folder itself.
  [[nodiscard]] Leave to_make(Inode& folder, bool makes_folder);
  /// To change what needs no room, but may give some back.
  [[nodiscard]] Leave to_change(Inode& inode);

  /// A name is gone; `status`: of the inode, as it was while it had the name. Also when it got another instead.
  void renamed(const struct stat& status);
  /// Its last descriptor was closed.
  void closed(Inode& inode);
  /// Corrects what statfs(2) says of the file system below, as seen at an inode.
  void correct(Inode& inode, struct statvfs& status);

 private:
  struct Key {
    dev_t device;
    ino_t inode;
    auto operator<=>(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const { return key.inode * 0x9e3779b97f4a7c15ULL ^ key.device; }
  };
  struct Limit {
    core::DiskRule::Space space;
    std::unordered_map<Key, std::uint64_t, Hash> charged;  ///< bytes
    std::uint64_t used_bytes = 0, most_bytes = 0, most_inodes = 0;
    std::uint64_t least_bytes = 0, least_inodes = 0;
    std::uint64_t block = 4096;
    bool ended = false;
    [[nodiscard]] std::uint64_t left_bytes() const;
    [[nodiscard]] std::uint64_t left_inodes() const;
    void charge(const Key& key, std::uint64_t bytes);
    void discharge(const Key& key);
  };

  [[nodiscard]] Leave leave(Inode& inode);
  void refuse(Leave& leave, std::uint64_t rule, const Limit& limit, Extent wanted);
  void count(Limit& limit) const;
  [[nodiscard]] bool covers(const Limit& limit, Inode& inode) const;
  void settle(Inode& inode);
  void grant(Leave& leave, Inode& inode, int file, Extent bytes, bool whole);
  /// Until what is unlinked but open has perhaps been closed, a moment at most. False when there is nothing such.
  bool await_returns(std::unique_lock<std::mutex>& lock);

  InodeTable& inodes_;
  std::function<void(std::uint64_t, int, Extent)> refused_;
  std::atomic<bool> active_{false};
  mutable std::mutex mutex_;  ///< guards the rest
  std::condition_variable returned_;
  std::map<std::uint64_t, Limit> limits_;  ///< ended ones too
  std::set<Key> lingering_;                ///< unlinked but open
};

}  // namespace withstand::lab::disk
