// Names in folders: look-up, making, linking, renaming, removing.
#include <fcntl.h>
#include <functional>
#include <unistd.h>

#include <climits>
#include <sys/stat.h>

#include "lab/disk/caller.hpp"
#include "lab/disk/exchange.hpp"
#include "lab/disk/file_system.hpp"
#include "lab/disk/fuse_library.hpp"

namespace withstand::lab::disk {
namespace {

void reply_entry(fuse_req_t request, int error, const fuse_entry_param& entry) {
  if (error != 0) {
    ::fuse_reply_err(request, error);
  } else if (::fuse_reply_entry(request, &entry) < 0) {
    file_system_of(request).forget(entry.ino, 1);
  }
}

/// What the kernel has not interrupted, it knows from here on.
void find_and_reply(fuse_req_t request, Inode& folder, const char* name) {
  fuse_entry_param entry{};
  const int error = file_system_of(request).find(folder, name, entry);
  reply_entry(request, error, entry);
}

/// Makes something in a folder that belongs to the caller. The kernel has checked permissions already, with groups that
/// this process does not know: where the caller's own do not suffice, it is made and then given away.
int make_for_caller(fuse_req_t request, Inode& folder, const char* name, const std::function<int()>& making) {
  const fuse_ctx* context = ::fuse_req_ctx(request);
  set_umask(context->umask);
  {
    const Caller caller(context->uid, context->gid);
    const int made = making();
    if (made >= 0 || errno != EACCES || !caller.is_other()) return made;
  }
  const Caller group_only(::geteuid(), context->gid);
  const int made = making();
  if (made >= 0 && *name != '\0')
    static_cast<void>(::fchownat(folder.path(), name, context->uid, static_cast<gid_t>(-1), AT_SYMLINK_NOFOLLOW));
  return made;
}

/// The same within what room there is. `making` returns an open file where there is no name.
int make(fuse_req_t request, Inode& folder, const char* name, bool makes_folder, const std::function<int()>& making) {
  auto leave = file_system_of(request).space().to_make(folder, makes_folder);
  if (leave.error() != 0) {
    errno = leave.error();
    return -1;
  }
  const int made = make_for_caller(request, folder, name, making);
  struct stat status {};
  const int found = made < 0        ? -1
                    : *name != '\0' ? ::fstatat(folder.path(), name, &status, AT_SYMLINK_NOFOLLOW)
                                    : ::fstat(made, &status);
  if (found == 0) leave.made(status, folder);
  if (made >= 0) file_system_of(request).stamp_new(folder, name, made);
  return made;
}

void make_and_reply(fuse_req_t request, Operation what, fuse_ino_t parent, const char* name,
                    const std::function<int(Inode&)>& making) {
  FileSystem& files = file_system_of(request);
  Inode& folder = files.inodes().at(parent);
  const auto made = files.change_name(what, folder, name, [&] {
    return make(request, folder, name, what == Operation::mkdir, [&] { return making(folder); });
  });
  if (made < 0) {
    ::fuse_reply_err(request, errno);
    return;
  }
  fuse_entry_param entry{};
  const int error = files.find(folder, name, entry);
  if (error == 0) files.stamp_entry(entry);
  reply_entry(request, error, entry);
}

void look_up(fuse_req_t request, fuse_ino_t parent, const char* name) {
  FileSystem& files = file_system_of(request);
  fuse_entry_param entry{};
  const int error = files.find(files.inodes().at(parent), name, entry);
  if (error == ENOENT && files.metadata_timeout() > 0) {
    entry = {};
    entry.entry_timeout = files.metadata_timeout();  // node 0: the kernel may remember that there is nothing
    ::fuse_reply_entry(request, &entry);
    return;
  }
  reply_entry(request, error, entry);
}

void forget(fuse_req_t request, fuse_ino_t node, std::uint64_t look_ups) {
  file_system_of(request).forget(node, look_ups);
  ::fuse_reply_none(request);
}

void forget_many(fuse_req_t request, std::size_t count, fuse_forget_data* nodes) {
  FileSystem& files = file_system_of(request);
  for (std::size_t i = 0; i < count; ++i) files.forget(nodes[i].ino, nodes[i].nlookup);
  ::fuse_reply_none(request);
}

void make_node(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode, dev_t device) {
  make_and_reply(request, Operation::mknod, parent, name,
                 [&](Inode& folder) { return ::mknodat(folder.path(), name, mode, device); });
}

void make_folder(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode) {
  make_and_reply(request, Operation::mkdir, parent, name,
                 [&](Inode& folder) { return ::mkdirat(folder.path(), name, mode); });
}

void make_link(fuse_req_t request, const char* target, fuse_ino_t parent, const char* name) {
  make_and_reply(request, Operation::symlink, parent, name,
                 [&](Inode& folder) { return ::symlinkat(target, folder.path(), name); });
}

/// Another name of an inode: by descriptor, which needs a capability on kernels before 6.10, or by /proc.
void add_link(fuse_req_t request, fuse_ino_t node, fuse_ino_t parent, const char* name) {
  FileSystem& files = file_system_of(request);
  const Inode& inode = files.inodes().at(node);
  Inode& folder = files.inodes().at(parent);
  const int linked = files.change_name(Operation::link, folder, name, [&] {
    const int done = ::linkat(inode.path(), "", folder.path(), name, AT_EMPTY_PATH);
    if (done == 0 || errno != ENOENT) return done;
    return ::linkat(files.descriptors(), std::to_string(inode.path()).c_str(), folder.path(), name, AT_SYMLINK_FOLLOW);
  });
  if (linked < 0) {
    ::fuse_reply_err(request, errno);
  } else {
    files.stamp(inode, FileSystem::Stamp::change);
    files.stamp(folder, FileSystem::Stamp::content);
    find_and_reply(request, folder, name);
    static_cast<void>(files.space().to_change(files.inodes().at(node)));  // it may lie in another folder from now on
  }
}

void remove(fuse_req_t request, fuse_ino_t parent, const char* name, int flags) {
  FileSystem& files = file_system_of(request);
  Inode& folder = files.inodes().at(parent);
  struct stat status {};
  const bool known = ::fstatat(folder.path(), name, &status, AT_SYMLINK_NOFOLLOW) == 0;
  const Operation what = flags == AT_REMOVEDIR ? Operation::rmdir : Operation::unlink;
  const int done = files.change_name(what, folder, name, [&] { return ::unlinkat(folder.path(), name, flags); });
  const int error = done < 0 ? errno : 0;
  if (error == 0) files.stamp(folder, FileSystem::Stamp::content);
  if (error == 0 && known) {
    files.inodes().remove_name(status, folder, name);
    files.space().renamed(status);
  }
  ::fuse_reply_err(request, error);
}

void unlink(fuse_req_t request, fuse_ino_t parent, const char* name) { remove(request, parent, name, 0); }

void remove_folder(fuse_req_t request, fuse_ino_t parent, const char* name) {
  remove(request, parent, name, AT_REMOVEDIR);
}

/// A file or folder at a place, before a rename.
struct Placed {
  Placed(Inode& its_folder, const char* its_name) : folder(its_folder), name(its_name) {
    there = ::fstatat(folder.path(), name, &status, AT_SYMLINK_NOFOLLOW) == 0;
  }
  Inode& folder;
  const char* name;
  struct stat status {};
  bool there = false;
};

void move_name(InodeTable& inodes, const Placed& what, const Placed& where) {
  if (!what.there) return;
  if (Inode* known = inodes.look_up(what.status)) {
    inodes.add_name(*known, where.folder, where.name);
    inodes.remove_name(*known, what.folder, what.name);
    inodes.forget(*known, 1);
  }
}

void rename(fuse_req_t request, fuse_ino_t parent, const char* name, fuse_ino_t new_parent, const char* new_name,
            unsigned flags) {
  FileSystem& files = file_system_of(request);
  InodeTable& inodes = files.inodes();
  const Placed from(inodes.at(parent), name), to(inodes.at(new_parent), new_name);
  const int renamed = files.change_names(from.folder, name, to.folder, new_name, flags, [&] {
    return ::renameat2(from.folder.path(), name, to.folder.path(), new_name, flags);
  });
  if (renamed < 0) {
    ::fuse_reply_err(request, errno);
    return;
  }
  const bool same = from.there && to.there && from.status.st_ino == to.status.st_ino;  // then nothing is done
  if (!same) {
    for (const Placed* each : {&from, &to}) files.stamp(each->folder, FileSystem::Stamp::content);
    if ((flags & RENAME_EXCHANGE) != 0) {
      move_name(inodes, to, from);
    } else if (to.there) {
      inodes.remove_name(to.status, to.folder, to.name);
    }
    move_name(inodes, from, to);
    files.names_changed(from.there && S_ISDIR(from.status.st_mode));
    for (const Placed* each : {&from, &to})
      if (each->there) files.space().renamed(each->status);
  }
  ::fuse_reply_err(request, 0);
}

void read_link(fuse_req_t request, fuse_ino_t node) {
  std::array<char, PATH_MAX + 1> target{};
  const auto length = ::readlinkat(file_system_of(request).inodes().at(node).path(), "", target.data(), PATH_MAX);
  if (length < 0) {
    ::fuse_reply_err(request, errno);
  } else {
    ::fuse_reply_readlink(request, target.data());
  }
}

bool unnamed(int flags) { return (flags & O_TMPFILE) == O_TMPFILE; }

int create_file(fuse_req_t request, Inode& folder, const char* name, mode_t mode, int flags) {
  const int wanted = backing_flags(flags) | (flags & O_EXCL);
  if (unnamed(flags))
    return make(request, folder, "", false, [&] { return ::openat(folder.path(), ".", wanted, mode); });
  // The kernel asks for this only where there was nothing: O_TRUNC has nothing to do.
  return file_system_of(request).change_name(Operation::create, folder, name, [&] {
    return make(request, folder, name, false,
                [&] { return ::openat(folder.path(), name, wanted | O_CREAT | O_NOFOLLOW, mode); });
  });
}

void create(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode, fuse_file_info* info) {
  FileSystem& files = file_system_of(request);
  Inode& folder = files.inodes().at(parent);
  const char* final_name = unnamed(info->flags) ? "" : name;
  os::Fd file(create_file(request, folder, name, mode, info->flags));
  if (!file.valid()) {
    ::fuse_reply_err(request, errno);
    return;
  }
  fuse_entry_param entry{};
  if (const int error = files.find_open(folder, final_name, file.get(), entry); error != 0) {
    ::fuse_reply_err(request, error);
    return;
  }
  Inode& inode = files.inodes().at(entry.ino);
  files.stamp_entry(entry);
  files.hand_out(inode, std::move(file), *info);
  if (::fuse_reply_create(request, &entry, info) < 0) {
    files.take_back(inode, info->fh);
    files.forget(entry.ino, 1);
  }
}

}  // namespace

void install_naming(fuse_lowlevel_ops& operations) {
  operations.lookup = look_up;
  operations.forget = forget;
  operations.forget_multi = forget_many;
  operations.mknod = make_node;
  operations.mkdir = make_folder;
  operations.symlink = make_link;
  operations.link = add_link;
  operations.unlink = unlink;
  operations.rmdir = remove_folder;
  operations.rename = rename;
  operations.readlink = read_link;
  operations.create = create;
}

}  // namespace withstand::lab::disk
