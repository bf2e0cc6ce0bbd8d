#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "lab/disk/inode.hpp"
#include "lab/disk/operation.hpp"
#include "lab/disk/space.hpp"
#include "os/fd.hpp"

struct fuse_entry_param;
struct fuse_file_info;
struct fuse_lowlevel_ops;
struct fuse_req;

namespace withstand::lab::clock {
class PageReader;
}

namespace withstand::lab::disk {

class Power;
class Shadow;
struct Entry;

/// What rules may ever concern, as the plan says it before anything is opened.
class Concerns {
 public:
  virtual ~Concerns() = default;
  /// Operations that a rule may ever concern on a file with one of these paths, or on one that could be renamed to it.
  [[nodiscard]] virtual Operations of(const std::vector<std::string>& paths) const = 0;
  /// All that it may ever concern anywhere.
  [[nodiscard]] virtual Operations anywhere() const = 0;
};

/// An open file or folder: what a file handle of the kernel points to.
struct Handle {
  os::Fd fd;
  bool passes_through = false;
  std::uint64_t ordinal = 0;  ///< the how manieth that was opened, from 1
};

/// A folder mirrored, as libfuse's low-level operations see it. Thread-safe; every call is one request's.
class FileSystem {
 public:
  struct Options {
    os::Fd root;      ///< the folder to mirror: a directory, open O_PATH
    int device = -1;  ///< /dev/fuse of the mount, for passthrough; stays the caller's
    bool passthrough_allowed = false;
    const Concerns* concerns = nullptr;  ///< none: no rule will ever concern anything
    Shadow* shadow = nullptr;            ///< none: what is not durable is not recorded; else nothing passes through
    Power* power = nullptr;              ///< none: it is never cut
    const clock::PageReader* clock = nullptr;  ///< the node's; none: it is the machine's. Else nothing passes through
  };
  /// Throws SystemError.
  explicit FileSystem(Options options);
  ~FileSystem();

  /// All that this can do, with handlers that find it as the session's user data.
  [[nodiscard]] fuse_lowlevel_ops operations() const;

  [[nodiscard]] InodeTable& inodes() { return inodes_; }
  /// /proc/self/fd: names an open descriptor's inode for calls that take no descriptor opened O_PATH.
  [[nodiscard]] int descriptors() const { return descriptors_.get(); }
  /// How long the kernel may keep names and attributes, in seconds: nobody else changes the folder.
  [[nodiscard]] double metadata_timeout() const { return metadata_timeout_; }

  /// Looks a name up for the kernel, which is told of one more look-up. 0 or errno.
  int find(Inode& folder, const char* name, fuse_entry_param& entry);
  /// The same for a file that is open; `name` is empty where it has none.
  int find_open(Inode& folder, const char* name, int open_file, fuse_entry_param& entry);
  /// How many times to tell the kernel of what it did not get.
  void forget(std::uint64_t node_id, std::uint64_t look_ups) { inodes_.forget(inodes_.at(node_id), look_ups); }

  /// How many files and folders were opened so far.
  [[nodiscard]] std::uint64_t opens() const { return opens_; }
  /// Of a file, in bytes; 0 when it cannot be told.
  [[nodiscard]] std::uint64_t size_of(const Inode& inode) const;
  /// How much the folder may hold.
  [[nodiscard]] Space& space() { return space_; }

  /// Opens an inode again, by descriptor. -1 and errno when that fails.
  [[nodiscard]] int reopen(const Inode& inode, int flags) const;
  /// Makes the handle of an open file, decides how its data travels and writes both into `info` and the exchange.
  void hand_out(Inode& inode, os::Fd file, fuse_file_info& info);
  /// The kernel has closed it.
  void take_back(Inode& inode, std::uint64_t handle);

  /// A name changed; `folder`: and with it the paths of all that is in it.
  void names_changed(bool folder) { renamed_folders_ += folder ? 1U : 0U; }
  [[nodiscard]] std::uint64_t renamed_folders() const { return renamed_folders_; }

  /// Changes that the shadow is told of, where there is one; `act` makes them, and returns a negative number and errno
  /// when that fails. When the shadow fails, the change is made all the same, and the first reason is kept.
  std::int64_t change_data(Inode& inode, Operation what, std::uint64_t offset, std::uint64_t length, int flags,
                           const std::function<std::int64_t()>& act);
  int change_attributes(const Inode& inode, const std::function<int()>& act);
  int change_extended(const Inode& inode, const char* name, const std::function<int()>& act);
  /// `flags`: of renameat2(2).
  int change_name(Operation what, Inode& folder, const char* name, const std::function<int()>& act);
  int change_names(Inode& folder, const char* name, Inode& new_folder, const char* new_name, unsigned flags,
                   const std::function<int()>& act);
  /// Makes something durable: `act` below, and then, unless the power went meanwhile, in the shadow. An errno, or 0.
  int sync(const Inode& inode, bool data_only, const std::function<int()>& act);
  [[nodiscard]] std::string recording_failure() const;
  [[nodiscard]] Power* power() const { return power_; }
  [[nodiscard]] bool records() const { return shadow_ != nullptr; }

  /// What the node takes for now, where that is not the machine's time: nanoseconds since 1970.
  [[nodiscard]] std::optional<std::int64_t> false_time() const;
  /// For utimensat(2): the node's now.
  [[nodiscard]] timespec time_of_now() const;
  /// What a change does to the times of what was changed: nothing where the clock is the machine's.
  enum class Stamp { change, content, birth };
  void stamp(const Inode& inode, Stamp what);
  /// The same for what was made in a folder, and for the folder; without a name it is `open_file`.
  void stamp_new(const Inode& folder, const char* name, int open_file);
  /// What was made is changed as well.
  void stamp_entry(fuse_entry_param& entry);
  static void show_stamps(const Inode& inode, struct stat& status);

  /// Says at INIT whether the kernel can pass data through, and mmap what is read directly.
  void kernel_can(bool passthrough, bool direct_mmap);
  [[nodiscard]] bool passes_through() const { return passthrough_; }
  [[nodiscard]] bool sees_close() const { return sees_close_; }

 private:
  void decide(Inode& inode, int file);
  [[nodiscard]] Inode::Way way_of(Inode& inode);
  void note_failure(const std::exception& error);
  int stamped(const Inode& inode, const std::function<int()>& make);

  os::Fd descriptors_;
  int device_;
  const Concerns* concerns_;
  bool passthrough_allowed_;
  bool sees_close_;
  double metadata_timeout_;
  std::atomic<bool> passthrough_{false};
  std::atomic<bool> direct_mmap_{false};
  std::atomic<std::uint64_t> renamed_folders_{0};
  std::atomic<std::uint64_t> opens_{0};
  InodeTable inodes_;
  Shadow* shadow_;
  Power* power_;
  const clock::PageReader* clock_;
  mutable std::mutex failing_;  ///< guards the next
  std::string failure_;
  Space space_{inodes_};
};

/// Of a file handle that the kernel was given: Handle::ordinal.
[[nodiscard]] std::uint64_t open_ordinal(std::uint64_t handle);

/// Flags of an open(2) that mean something to the backing file: where to append and how to cache are the kernel's.
[[nodiscard]] int backing_flags(int flags);

/// Each file's share of the operations.
void install_naming(fuse_lowlevel_ops& operations);
void install_attributes(fuse_lowlevel_ops& operations);
void install_data(fuse_lowlevel_ops& operations);
void install_folders(fuse_lowlevel_ops& operations);
void install_extended(fuse_lowlevel_ops& operations);

/// The file system of a request.
[[nodiscard]] FileSystem& file_system_of(fuse_req* request);
/// Makes something durable and says so. Whether there is power is asked when it is done, not before: it may take long.
void reply_sync(fuse_req* request, const Inode& inode, bool data_only, const std::function<int()>& act);

}  // namespace withstand::lab::disk
