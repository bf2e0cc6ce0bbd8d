// Extended attributes, access control lists among them.
#include <vector>

#include <sys/xattr.h>

#include "lab/disk/file_system.hpp"
#include "lab/disk/fuse_library.hpp"

namespace withstand::lab::disk {
namespace {

/// A descriptor opened O_PATH has no extended attributes; its name in /proc has those of the inode.
std::string magic_link(fuse_req_t request, fuse_ino_t node) {
  return "/proc/self/fd/" + std::to_string(file_system_of(request).inodes().at(node).path());
}

/// Size 0 asks how much there is.
template <class Get>
void reply_value(fuse_req_t request, std::size_t size, Get get) {
  std::vector<char> value(size);
  const ssize_t length = get(size == 0 ? nullptr : value.data(), size);
  if (length < 0) {
    ::fuse_reply_err(request, errno);
  } else if (size == 0) {
    ::fuse_reply_xattr(request, static_cast<std::size_t>(length));
  } else {
    ::fuse_reply_buf(request, value.data(), static_cast<std::size_t>(length));
  }
}

void get(fuse_req_t request, fuse_ino_t node, const char* name, std::size_t size) {
  const std::string path = magic_link(request, node);
  reply_value(request, size, [&](char* to, std::size_t room) { return ::getxattr(path.c_str(), name, to, room); });
}

void list(fuse_req_t request, fuse_ino_t node, std::size_t size) {
  const std::string path = magic_link(request, node);
  reply_value(request, size, [&](char* to, std::size_t room) { return ::listxattr(path.c_str(), to, room); });
}

void set(fuse_req_t request, fuse_ino_t node, const char* name, const char* value, std::size_t size, int flags) {
  FileSystem& files = file_system_of(request);
  const int done = files.change_extended(files.inodes().at(node), name, [&] {
    return ::setxattr(magic_link(request, node).c_str(), name, value, size, flags);
  });
  ::fuse_reply_err(request, done < 0 ? errno : 0);
}

void remove(fuse_req_t request, fuse_ino_t node, const char* name) {
  FileSystem& files = file_system_of(request);
  const int done = files.change_extended(files.inodes().at(node), name,
                                         [&] { return ::removexattr(magic_link(request, node).c_str(), name); });
  ::fuse_reply_err(request, done < 0 ? errno : 0);
}

}  // namespace

void install_extended(fuse_lowlevel_ops& operations) {
  operations.getxattr = get;
  operations.listxattr = list;
  operations.setxattr = set;
  operations.removexattr = remove;
}

}  // namespace withstand::lab::disk
