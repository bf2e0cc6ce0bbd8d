// Folders that are open: listing and making durable.
#include <algorithm>
#include <dirent.h>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <sys/stat.h>

#include "lab/disk/buffer.hpp"
#include "lab/disk/file_system.hpp"
#include "lab/disk/fuse_library.hpp"

namespace withstand::lab::disk {
namespace {

/// An entry with attributes is about five times as long as the kernel's own.
constexpr std::size_t plus_ratio = 5;
constexpr std::size_t longest_entry = sizeof(dirent64) + 8;

int folder_of(const fuse_file_info* info) {
  return reinterpret_cast<const Handle*>(info->fh)->fd.get();  // NOLINT(performance-no-int-to-ptr)
}

void open_folder(fuse_req_t request, fuse_ino_t node, fuse_file_info* info) {
  FileSystem& files = file_system_of(request);
  Inode& inode = files.inodes().at(node);
  os::Fd folder(::openat(inode.path(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) {
    ::fuse_reply_err(request, errno);
    return;
  }
  files.hand_out(inode, std::move(folder), *info);
  if (::fuse_reply_open(request, info) < 0) files.take_back(inode, info->fh);
}

void release_folder(fuse_req_t request, fuse_ino_t node, fuse_file_info* info) {
  FileSystem& files = file_system_of(request);
  files.take_back(files.inodes().at(node), info->fh);
  ::fuse_reply_err(request, 0);
}

/// Fills a reply, entry by entry, until it is full.
class Listing {
 public:
  Listing(fuse_req_t request, Inode& folder, std::size_t size, bool plus)
      : request_(request), files_(file_system_of(request)), folder_(folder), reply_(size), plus_(plus) {}

  /// False when it does not fit.
  bool add(const dirent64& entry) {
    const std::size_t room = reply_.size() - used_;
    const std::size_t needed = plus_ ? add_plus(entry, room) : add_plain(entry, room);
    if (needed > room) return false;
    used_ += needed;
    return true;
  }
  [[nodiscard]] bool empty() const { return used_ == 0; }
  void send() { ::fuse_reply_buf(request_, reply_.data(), used_); }

 private:
  std::size_t add_plain(const dirent64& entry, std::size_t room) {
    struct stat status {};
    status.st_ino = entry.d_ino;
    status.st_mode = DTTOIF(entry.d_type);
    return ::fuse_add_direntry(request_, reply_.data() + used_, room, entry.d_name, &status, entry.d_off);
  }

  std::size_t add_plus(const dirent64& entry, std::size_t room) {
    const std::string_view name = entry.d_name;
    fuse_entry_param found{};
    const bool real = name != "." && name != ".." && files_.find(folder_, entry.d_name, found) == 0;
    if (!real) {
      found = {};
      found.attr.st_ino = entry.d_ino;
      found.attr.st_mode = DTTOIF(entry.d_type);
    }
    const std::size_t needed =
        ::fuse_add_direntry_plus(request_, reply_.data() + used_, room, entry.d_name, &found, entry.d_off);
    if (needed > room && real) files_.forget(found.ino, 1);
    return needed;
  }

  fuse_req_t request_;
  FileSystem& files_;
  Inode& folder_;
  std::vector<char> reply_;
  std::size_t used_ = 0;
  bool plus_;
};

void list(fuse_req_t request, fuse_ino_t node, std::size_t size, off_t offset, fuse_file_info* info, bool plus) {
  const int folder = folder_of(info);
  if (::lseek(folder, offset, SEEK_SET) < 0) {
    ::fuse_reply_err(request, errno);
    return;
  }
  Listing listing(request, file_system_of(request).inodes().at(node), size, plus);
  Buffer& buffer = reply_buffer();
  const std::size_t room = std::min(std::max(plus ? size / plus_ratio : size, longest_entry), buffer.size());
  const ssize_t got = ::getdents64(folder, buffer.data(), room);
  if (got < 0) {
    ::fuse_reply_err(request, errno);
    return;
  }
  for (ssize_t at = 0; at < got;) {
    const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
    if (!listing.add(*entry)) break;
    at += entry->d_reclen;
  }
  if (listing.empty() && got > 0) {
    ::fuse_reply_err(request, EINVAL);  // as the kernel has it when not even one entry fits
  } else {
    listing.send();
  }
}

void read_plain(fuse_req_t request, fuse_ino_t node, std::size_t size, off_t offset, fuse_file_info* info) {
  list(request, node, size, offset, info, false);
}

void read_plus(fuse_req_t request, fuse_ino_t node, std::size_t size, off_t offset, fuse_file_info* info) {
  list(request, node, size, offset, info, true);
}

void sync_folder(fuse_req_t request, fuse_ino_t node, int data_only, fuse_file_info* info) {
  reply_sync(request, file_system_of(request).inodes().at(node), data_only != 0,
             [&] { return data_only != 0 ? ::fdatasync(folder_of(info)) : ::fsync(folder_of(info)); });
}

}  // namespace

void install_folders(fuse_lowlevel_ops& operations) {
  operations.opendir = open_folder;
  operations.releasedir = release_folder;
  operations.readdir = read_plain;
  operations.readdirplus = read_plus;
  operations.fsyncdir = sync_folder;
}

}  // namespace withstand::lab::disk
