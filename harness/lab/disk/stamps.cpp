// Time stamps of files where the node's clock is not the machine's. The kernel below stamps with the machine's; what it
// stamped is stamped again.
#include <fcntl.h>

#include <sys/stat.h>

#include "lab/clock/page_reader.hpp"
#include "lab/disk/file_system.hpp"
#include "lab/disk/fuse_library.hpp"

namespace withstand::lab::disk {
namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr timespec leave_it{0, UTIME_OMIT};

timespec to_time(std::int64_t nanoseconds) {
  const std::int64_t rest = ((nanoseconds % second) + second) % second;
  return {(nanoseconds - rest) / second, rest};
}

}  // namespace

std::optional<std::int64_t> FileSystem::false_time() const { return clock_ == nullptr ? std::nullopt : clock_->wall(); }

timespec FileSystem::time_of_now() const {
  const auto now = false_time();
  return now ? to_time(*now) : timespec{0, UTIME_NOW};
}

/// That a stamp fails is no reason to fail what was done: it is the machine's then.
void FileSystem::stamp(const Inode& inode, Stamp what) {
  const auto now = false_time();
  if (!now) return;
  inode.changed = *now;
  if (what == Stamp::change) return;
  const timespec times[] = {what == Stamp::birth ? to_time(*now) : leave_it, to_time(*now)};
  static_cast<void>(::utimensat(inode.path(), "", times, AT_EMPTY_PATH));
}

void FileSystem::stamp_new(const Inode& folder, const char* name, int open_file) {
  const auto now = false_time();
  if (!now) return;
  const timespec times[] = {to_time(*now), to_time(*now)};
  static_cast<void>(*name != '\0' ? ::utimensat(folder.path(), name, times, AT_SYMLINK_NOFOLLOW)
                                  : ::futimens(open_file, times));
  if (*name != '\0') stamp(folder, Stamp::content);
}

void FileSystem::stamp_entry(fuse_entry_param& entry) {
  const Inode& inode = inodes_.at(entry.ino);
  stamp(inode, Stamp::change);
  show_stamps(inode, entry.attr);
}

void FileSystem::show_stamps(const Inode& inode, struct stat& status) {
  if (const std::int64_t changed = inode.changed; changed != 0) status.st_ctim = to_time(changed);
}

}  // namespace withstand::lab::disk
