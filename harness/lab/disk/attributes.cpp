// Attributes of inodes and of the whole file system.
#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/statvfs.h>

#include "lab/disk/exchange.hpp"
#include "lab/disk/file_system.hpp"
#include "lab/disk/fuse_library.hpp"

namespace withstand::lab::disk {
namespace {

const Handle* handle_of(const fuse_file_info* info) {
  return info == nullptr ? nullptr : reinterpret_cast<const Handle*>(info->fh);  // NOLINT(performance-no-int-to-ptr)
}

std::string magic_link(const Inode& inode) { return "/proc/self/fd/" + std::to_string(inode.path()); }

void reply_attributes(fuse_req_t request, const Inode& inode) {
  struct stat status {};
  if (::fstatat(inode.path(), "", &status, AT_EMPTY_PATH) < 0) {
    ::fuse_reply_err(request, errno);
  } else {
    FileSystem::show_stamps(inode, status);
    ::fuse_reply_attr(request, &status, file_system_of(request).metadata_timeout());
  }
}

void get_attributes(fuse_req_t request, fuse_ino_t node, fuse_file_info* /*info*/) {
  reply_attributes(request, file_system_of(request).inodes().at(node));
}

timespec time_to_set(const FileSystem& files, int valid, int set, int now, const timespec& value) {
  if ((valid & now) != 0) return files.time_of_now();
  if ((valid & set) != 0) return value;
  return {0, UTIME_OMIT};
}

int set_times(const FileSystem& files, const Inode& inode, const struct stat& wanted, int valid) {
  const timespec times[] = {time_to_set(files, valid, FUSE_SET_ATTR_ATIME, FUSE_SET_ATTR_ATIME_NOW, wanted.st_atim),
                            time_to_set(files, valid, FUSE_SET_ATTR_MTIME, FUSE_SET_ATTR_MTIME_NOW, wanted.st_mtim)};
  return ::utimensat(inode.path(), "", times, AT_EMPTY_PATH);
}

/// A caller without the privilege to keep them loses the set-uid and set-gid bits of what it changes: the kernel leaves
/// that to us (FUSE_HANDLE_KILLPRIV_V2), and asks for no extended attribute at every write.
int drop_privilege_bits(const Inode& inode) {
  struct stat status {};
  if (::fstatat(inode.path(), "", &status, AT_EMPTY_PATH) < 0) return -1;
  mode_t kept = status.st_mode & ~static_cast<mode_t>(S_ISUID);
  if ((status.st_mode & S_IXGRP) != 0) kept &= ~static_cast<mode_t>(S_ISGID);
  return kept == status.st_mode ? 0 : ::chmod(magic_link(inode).c_str(), kept & 07777U);
}

int set_owner(const Inode& inode, const struct stat& wanted, int valid) {
  const uid_t uid = (valid & FUSE_SET_ATTR_UID) != 0 ? wanted.st_uid : static_cast<uid_t>(-1);
  const gid_t gid = (valid & FUSE_SET_ATTR_GID) != 0 ? wanted.st_gid : static_cast<gid_t>(-1);
  return ::fchownat(inode.path(), "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
}

int set_size(FileSystem& files, Inode& inode, off_t size, const Handle* handle) {
  if ((exchange().body<fuse_setattr_in>().valid & FATTR_KILL_SUIDGID) != 0 && drop_privilege_bits(inode) < 0) return -1;
  return static_cast<int>(files.change_data(inode, Operation::truncate, static_cast<std::uint64_t>(size), 0, 0, [&] {
    const auto leave = files.space().to_change(inode);
    return handle != nullptr ? ::ftruncate(handle->fd.get(), size) : ::truncate(magic_link(inode).c_str(), size);
  }));
}

/// All but the size.
int set_plain(const FileSystem& files, const Inode& inode, const struct stat& wanted, int valid) {
  int done = 0;
  // Owner before mode: changing it clears bits that the same call may set.
  if ((valid & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) != 0) done = set_owner(inode, wanted, valid);
  if (done == 0 && (valid & FUSE_SET_ATTR_MODE) != 0)
    done = ::chmod(magic_link(inode).c_str(), wanted.st_mode & 07777U);
  const int times = FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_ATIME_NOW | FUSE_SET_ATTR_MTIME_NOW;
  if (done == 0 && (valid & times) != 0) done = set_times(files, inode, wanted, valid);
  return done;
}

void set_attributes(fuse_req_t request, fuse_ino_t node, struct stat* wanted, int valid, fuse_file_info* info) {
  FileSystem& files = file_system_of(request);
  Inode& inode = files.inodes().at(node);
  int done = 0;
  // The size first: times that come with it are to stay.
  if ((valid & FUSE_SET_ATTR_SIZE) != 0) done = set_size(files, inode, wanted->st_size, handle_of(info));
  if (done == 0) done = files.change_attributes(inode, [&] { return set_plain(files, inode, *wanted, valid); });
  if (done < 0) {
    ::fuse_reply_err(request, errno);
  } else {
    reply_attributes(request, inode);
  }
}

void file_system_status(fuse_req_t request, fuse_ino_t node) {
  struct statvfs status {};
  FileSystem& files = file_system_of(request);
  Inode& inode = files.inodes().at(node);
  if (::fstatvfs(inode.path(), &status) < 0) {
    ::fuse_reply_err(request, errno);
  } else {
    files.space().correct(inode, status);
    ::fuse_reply_statfs(request, &status);
  }
}

}  // namespace

void install_attributes(fuse_lowlevel_ops& operations) {
  operations.getattr = get_attributes;
  operations.setattr = set_attributes;
  operations.statfs = file_system_status;
}

}  // namespace withstand::lab::disk
