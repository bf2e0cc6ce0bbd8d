// Files that are open: reading, writing, making durable.
#include <algorithm>
#include <fcntl.h>
#include <span>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/stat.h>

#include "lab/disk/buffer.hpp"
#include "lab/disk/exchange.hpp"
#include "lab/disk/file_system.hpp"
#include "lab/disk/fuse_library.hpp"

namespace withstand::lab::disk {
namespace {

int file_of(const fuse_file_info* info) {
  return reinterpret_cast<const Handle*>(info->fh)->fd.get();  // NOLINT(performance-no-int-to-ptr)
}

/// See attributes.cpp: the kernel leaves it to us.
void drop_privilege_bits(int file) {
  struct stat status {};
  if (::fstat(file, &status) < 0) return;
  mode_t kept = status.st_mode & ~static_cast<mode_t>(S_ISUID);
  if ((status.st_mode & S_IXGRP) != 0) kept &= ~static_cast<mode_t>(S_ISGID);
  if (kept != status.st_mode) static_cast<void>(::fchmod(file, kept & 07777U));
}

/// What O_TRUNC does, also of a file that is opened to be read, for those who must know what was there.
std::int64_t empty(FileSystem& files, Inode& inode) {
  return files.change_data(inode, Operation::truncate, 0, 0, 0, [&]() -> std::int64_t {
    const os::Fd file(files.reopen(inode, O_WRONLY | O_CLOEXEC));
    return file.valid() ? ::ftruncate(file.get(), 0) : -1;
  });
}

void open(fuse_req_t request, fuse_ino_t node, fuse_file_info* info) {
  FileSystem& files = file_system_of(request);
  Inode& inode = files.inodes().at(node);
  const bool empties = (info->flags & O_TRUNC) != 0 && files.records();
  os::Fd file(files.reopen(inode, backing_flags(info->flags) & ~(empties ? O_TRUNC : 0)));
  if (file.valid() && empties && empty(files, inode) < 0) file.reset();
  if (!file.valid()) {
    ::fuse_reply_err(request, errno);
    return;
  }
  if ((exchange().body<fuse_open_in>().open_flags & FUSE_OPEN_KILL_SUIDGID) != 0) drop_privilege_bits(file.get());
  if ((info->flags & O_TRUNC) != 0) static_cast<void>(files.space().to_change(inode));
  files.hand_out(inode, std::move(file), *info);
  if (::fuse_reply_open(request, info) < 0) files.take_back(inode, info->fh);
}

void release(fuse_req_t request, fuse_ino_t node, fuse_file_info* info) {
  FileSystem& files = file_system_of(request);
  files.take_back(files.inodes().at(node), info->fh);
  ::fuse_reply_err(request, 0);
}

void read(fuse_req_t request, fuse_ino_t /*node*/, std::size_t size, off_t offset, fuse_file_info* info) {
  Buffer& buffer = reply_buffer();
  const ssize_t got = ::pread(file_of(info), buffer.data(), std::min(size, buffer.size()), offset);
  if (got < 0) {
    ::fuse_reply_err(request, errno);
  } else {
    ::fuse_reply_buf(request, reinterpret_cast<const char*>(buffer.data()), static_cast<std::size_t>(got));
  }
}

/// 0 or more, or -1 and errno. What room it takes is known when this returns, before the reply.
ssize_t write_within(FileSystem& files, Inode& inode, int file, std::span<const char> bytes, off_t offset) {
  const auto begin = static_cast<std::uint64_t>(offset);
  const auto leave = files.space().to_write(inode, file, {begin, begin + bytes.size()});
  if (leave.error() != 0) {
    errno = leave.error();
    return -1;
  }
  return ::pwrite(file, bytes.data(), leave.size(), offset);
}

void write(fuse_req_t request, fuse_ino_t node, const char* bytes, std::size_t size, off_t offset,
           fuse_file_info* info) {
  if ((exchange().body<fuse_write_in>().write_flags & FUSE_WRITE_KILL_SUIDGID) != 0) drop_privilege_bits(file_of(info));
  FileSystem& files = file_system_of(request);
  Inode& inode = files.inodes().at(node);
  const auto flags = static_cast<int>(exchange().body<fuse_write_in>().flags);
  const auto written = files.change_data(inode, Operation::write, static_cast<std::uint64_t>(offset), size, flags, [&] {
    return write_within(files, inode, file_of(info), {bytes, size}, offset);
  });
  if (written < 0) {
    ::fuse_reply_err(request, errno);
  } else {
    ::fuse_reply_write(request, static_cast<std::size_t>(written));
  }
}

void sync(fuse_req_t request, fuse_ino_t node, int data_only, fuse_file_info* info) {
  FileSystem& files = file_system_of(request);
  reply_sync(request, files.inodes().at(node), data_only != 0,
             [&] { return data_only != 0 ? ::fdatasync(file_of(info)) : ::fsync(file_of(info)); });
}

/// Closing has no meaning for the file below, which others may have open as well.
void flush(fuse_req_t request, fuse_ino_t /*node*/, fuse_file_info* /*info*/) { ::fuse_reply_err(request, 0); }

/// 0, or -1 and errno.
int allocate_within(FileSystem& files, Inode& inode, int file, int mode, off_t offset, off_t length) {
  const bool takes_room = (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_ZERO_RANGE | FALLOC_FL_UNSHARE_RANGE)) == 0;
  const auto begin = static_cast<std::uint64_t>(offset), end = begin + static_cast<std::uint64_t>(length);
  const auto leave =
      takes_room ? files.space().to_write(inode, file, {begin, end}, true) : files.space().to_change(inode);
  if (leave.error() != 0) {
    errno = leave.error();
    return -1;
  }
  return ::fallocate(file, mode, offset, length);
}

void allocate(fuse_req_t request, fuse_ino_t node, int mode, off_t offset, off_t length, fuse_file_info* info) {
  FileSystem& files = file_system_of(request);
  Inode& inode = files.inodes().at(node);
  const auto done = files.change_data(
      inode, Operation::fallocate, static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(length), mode,
      [&] { return allocate_within(files, inode, file_of(info), mode, offset, length); });
  ::fuse_reply_err(request, done < 0 ? errno : 0);
}

ssize_t copy_within(FileSystem& files, Inode& to, int from_file, off_t from_offset, int to_file, off_t to_offset,
                    std::size_t size, unsigned flags) {
  const auto begin = static_cast<std::uint64_t>(to_offset);
  // What is asked for may be more than there is.
  struct stat source {};
  if (::fstat(from_file, &source) == 0)
    size = std::min(size, static_cast<std::size_t>(std::max<off_t>(0, source.st_size - from_offset)));
  const auto leave = files.space().to_write(to, to_file, {begin, begin + size});
  if (leave.error() != 0) {
    errno = leave.error();
    return -1;
  }
  return ::copy_file_range(from_file, &from_offset, to_file, &to_offset, leave.size(), flags);
}

void copy_range(fuse_req_t request, fuse_ino_t /*from*/, off_t from_offset, fuse_file_info* from_info, fuse_ino_t node,
                off_t to_offset, fuse_file_info* to_info, std::size_t size, int flags) {
  FileSystem& files = file_system_of(request);
  Inode& to = files.inodes().at(node);
  const auto copied = files.change_data(to, Operation::copy, static_cast<std::uint64_t>(to_offset), size, 0, [&] {
    return copy_within(files, to, file_of(from_info), from_offset, file_of(to_info), to_offset, size,
                       static_cast<unsigned>(flags));
  });
  if (copied < 0) {
    ::fuse_reply_err(request, errno);
  } else {
    ::fuse_reply_write(request, static_cast<std::size_t>(copied));
  }
}

void seek(fuse_req_t request, fuse_ino_t /*node*/, off_t offset, int whence, fuse_file_info* info) {
  const off_t found = ::lseek(file_of(info), offset, whence);
  if (found < 0) {
    ::fuse_reply_err(request, errno);
  } else {
    ::fuse_reply_lseek(request, found);
  }
}

}  // namespace

void install_data(fuse_lowlevel_ops& operations) {
  operations.open = open;
  operations.release = release;
  operations.read = read;
  operations.write = write;
  operations.fsync = sync;
  operations.flush = flush;
  operations.fallocate = allocate;
  operations.copy_file_range = copy_range;
  operations.lseek = seek;
}

}  // namespace withstand::lab::disk
