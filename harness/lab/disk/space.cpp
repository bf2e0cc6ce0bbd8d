#include "lab/disk/space.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <utility>

#include "lab/disk/allocated.hpp"
#include "lab/disk/walk.hpp"
#include "os/fd.hpp"

namespace withstand::lab::disk {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t no_limit = core::DiskRule::no_end;
constexpr std::uint64_t bytes_of_st_blocks = 512;
/// close(2) returns before the kernel has told of it: somebody may ask for the room already.
constexpr auto patience = 20ms;

std::uint64_t used_by(const struct stat& status) {
  return static_cast<std::uint64_t>(status.st_blocks) * bytes_of_st_blocks;
}

bool lies_in(const std::string& path, const std::string& folder) {
  return path == folder || (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
}

std::uint64_t rest(std::uint64_t most, std::uint64_t used) {
  return most == no_limit ? no_limit : most - std::min(most, used);
}

}  // namespace

std::uint64_t Space::Limit::left_bytes() const { return rest(most_bytes, used_bytes); }
std::uint64_t Space::Limit::left_inodes() const { return rest(most_inodes, charged.size()); }

void Space::Limit::charge(const Key& key, std::uint64_t bytes) {
  std::uint64_t& charged_before = charged[key];
  used_bytes += bytes - charged_before;
  charged_before = bytes;
  least_bytes = std::min(least_bytes, left_bytes());
  least_inodes = std::min(least_inodes, left_inodes());
}

void Space::Limit::discharge(const Key& key) {
  const auto found = charged.find(key);
  if (found == charged.end()) return;
  used_bytes -= found->second;
  charged.erase(found);
}

void Space::add(std::uint64_t rule, const core::DiskRule::Space& space) {
  const std::lock_guard lock(mutex_);
  active_ = true;  // who comes from now on waits until all is counted
  Limit& limit = limits_[rule];
  limit.space = space;
  limit.most_bytes = limit.most_inodes = no_limit;
  struct statvfs below {};
  if (::fstatvfs(inodes_.root().path(), &below) == 0) limit.block = below.f_frsize;
  count(limit);
  if (space.free_bytes != no_limit) limit.most_bytes = limit.used_bytes + space.free_bytes;
  if (space.free_inodes != no_limit) limit.most_inodes = limit.charged.size() + space.free_inodes;
  limit.least_bytes = limit.left_bytes();
  limit.least_inodes = limit.left_inodes();
}

void Space::count(Limit& limit) const {
  limit.charged.clear();
  limit.used_bytes = 0;
  const auto& folder = limit.space.folder;
  const int root = inodes_.root().path();
  const os::Fd place(::openat(root, folder.empty() ? "." : folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (place.valid())
    walk(place.get(), [&](const std::string& /*path*/, const struct stat& status) {
      limit.charge({status.st_dev, status.st_ino}, used_by(status));
    });
  for (Inode* each : inodes_.retain_all()) {
    struct stat status {};
    const bool unlinked = ::fstatat(each->path(), "", &status, AT_EMPTY_PATH) == 0 && status.st_nlink == 0;
    if (unlinked && each->open_handles > 0 && covers(limit, *each))
      limit.charge({status.st_dev, status.st_ino}, used_by(status));
    inodes_.forget(*each, 1);
  }
}

void Space::remove(std::uint64_t rule) {
  const std::lock_guard lock(mutex_);
  const auto found = limits_.find(rule);
  if (found == limits_.end()) return;
  found->second.ended = true;
  active_ = std::any_of(limits_.begin(), limits_.end(), [](const auto& each) { return !each.second.ended; });
}

void Space::tell(std::uint64_t rule, core::DiskEffect& effect) const {
  const std::lock_guard lock(mutex_);
  const auto found = limits_.find(rule);
  if (found == limits_.end()) return;
  const Limit& limit = found->second;
  effect.least_bytes = limit.least_bytes;
  effect.least_inodes = limit.least_inodes;
  effect.left_bytes = limit.left_bytes();
  effect.left_inodes = limit.left_inodes();
}

bool Space::covers(const Limit& limit, Inode& inode) const {
  if (limit.ended) return false;
  if (limit.space.folder.empty()) return true;
  const auto paths = inodes_.paths(inode);
  return std::any_of(paths.begin(), paths.end(), [&](const auto& path) { return lies_in(path, limit.space.folder); });
}

/// What the file system below says of it now. Called with mutex_ held.
void Space::settle(Inode& inode) {
  struct stat status {};
  if (::fstatat(inode.path(), "", &status, AT_EMPTY_PATH) < 0) return;
  const bool gone = status.st_nlink == 0 && inode.open_handles == 0;
  const Key key{inode.device, inode.number};
  for (auto& [rule, limit] : limits_) {
    if (limit.ended) continue;
    if (gone || !covers(limit, inode)) {
      limit.discharge(key);
    } else {
      limit.charge(key, used_by(status));
    }
  }
  if (status.st_nlink == 0 && !gone) lingering_.insert(key);
  if (gone && lingering_.erase(key) > 0) returned_.notify_all();
}

Space::Leave::Leave(Leave&& other) noexcept
    : space_(std::exchange(other.space_, nullptr)),
      lock_(std::move(other.lock_)),
      inode_(std::exchange(other.inode_, nullptr)),
      error_(other.error_),
      granted_(other.granted_) {}

Space::Leave::~Leave() {
  if (space_ == nullptr) return;
  const int error = errno;  // the caller's
  space_->settle(*inode_);
  errno = error;
}

void Space::Leave::made(const struct stat& status, Inode& folder) {
  if (space_ == nullptr) return;
  for (auto& [rule, limit] : space_->limits_)
    if (space_->covers(limit, folder)) limit.charge({status.st_dev, status.st_ino}, used_by(status));
}

Space::Leave Space::leave(Inode& inode) {
  Leave leave;
  if (!active_) return leave;
  leave.lock_ = std::unique_lock(mutex_);
  leave.space_ = this;
  leave.inode_ = &inode;
  return leave;
}

void Space::refuse(Leave& leave, std::uint64_t rule, const Limit& limit, Extent wanted) {
  const bool cut = leave.granted_ > 0;
  if (!cut) leave.error_ = limit.space.folder.empty() ? ENOSPC : EDQUOT;
  if (refused_) refused_(rule, leave.error_, wanted);
}

bool Space::await_returns(std::unique_lock<std::mutex>& lock) {
  if (lingering_.empty()) return false;
  returned_.wait_for(lock, patience);
  return true;
}

Space::Leave Space::to_write(Inode& inode, int file, Extent bytes, bool whole) {
  Leave leave = this->leave(inode);
  leave.granted_ = bytes.size();
  if (leave.space_ != nullptr) grant(leave, inode, file, bytes, whole);
  return leave;
}

void Space::grant(Leave& leave, Inode& inode, int file, Extent bytes, bool whole) {
  settle(inode);
  for (bool again = true;; again = false) {
    std::uint64_t end = bytes.end, refusing = 0;
    const Limit* full = nullptr;
    for (const auto& [rule, limit] : limits_) {
      if (!covers(limit, inode)) continue;
      const std::uint64_t fits = limit.left_bytes() >= bytes.size() + 2 * limit.block
                                     ? bytes.end
                                     : end_that_fits(allocated(file, bytes), bytes, limit.left_bytes(), limit.block);
      if (fits >= end) continue;
      end = fits;
      full = &limit;
      refusing = rule;
    }
    if (full == nullptr) return;
    if (again && await_returns(leave.lock_)) continue;
    leave.granted_ = whole ? 0 : end - bytes.begin;
    return refuse(leave, refusing, *full, bytes);
  }
}

Space::Leave Space::to_make(Inode& folder, bool makes_folder) {
  Leave leave = this->leave(folder);
  if (leave.space_ == nullptr) return leave;
  for (bool again = true;; again = false) {
    const auto full = std::find_if(limits_.begin(), limits_.end(), [&](const auto& each) {
      const Limit& limit = each.second;
      return covers(limit, folder) && (limit.left_inodes() == 0 || (makes_folder && limit.left_bytes() < limit.block));
    });
    if (full == limits_.end()) return leave;
    if (again && await_returns(leave.lock_)) continue;
    refuse(leave, full->first, full->second, {});
    return leave;
  }
}

Space::Leave Space::to_change(Inode& inode) { return leave(inode); }

void Space::renamed(const struct stat& status) {
  if (!active_) return;
  const std::lock_guard lock(mutex_);
  if (S_ISDIR(status.st_mode))
    for (auto& [rule, limit] : limits_)
      if (!limit.ended && !limit.space.folder.empty()) count(limit);
  if (Inode* known = inodes_.look_up(status)) {
    settle(*known);
    inodes_.forget(*known, 1);
    return;
  }
  if (status.st_nlink > 1 && !S_ISDIR(status.st_mode)) return;
  for (auto& [rule, limit] : limits_) limit.discharge({status.st_dev, status.st_ino});
}

void Space::closed(Inode& inode) {
  if (!active_) return;
  const std::lock_guard lock(mutex_);
  settle(inode);
}

void Space::correct(Inode& inode, struct statvfs& status) {
  if (!active_) return;
  const std::lock_guard lock(mutex_);
  const std::uint64_t unit = std::max<std::uint64_t>(1, status.f_frsize);
  for (const auto& [rule, limit] : limits_) {
    if (!covers(limit, inode)) continue;
    if (limit.most_bytes != no_limit && limit.left_bytes() / unit < status.f_bavail) {
      status.f_blocks = limit.most_bytes / unit;
      status.f_bfree = status.f_bavail = limit.left_bytes() / unit;
    }
    if (limit.most_inodes != no_limit && limit.left_inodes() < status.f_favail) {
      status.f_files = limit.most_inodes;
      status.f_ffree = status.f_favail = limit.left_inodes();
    }
  }
}

}  // namespace withstand::lab::disk
