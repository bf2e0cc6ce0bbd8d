// Changes that a shadow is told of.
#include <array>
#include <fcntl.h>
#include <optional>

#include <linux/fs.h>

#include "lab/disk/durability/power.hpp"
#include "lab/disk/durability/shadow.hpp"
#include "lab/disk/file_system.hpp"
#include "lab/disk/fuse_library.hpp"

namespace withstand::lab::disk {
namespace {

/// A change whose result is known even where telling of it fails.
template <class Result>
class Once {
 public:
  explicit Once(const std::function<Result()>& act) : act_(act) {}
  Result operator()() {
    done_ = true;
    result_ = act_();
    error_ = errno;
    return result_;
  }
  Result finish() {
    if (!done_) return (*this)();
    errno = error_;
    return result_;
  }

 private:
  const std::function<Result()>& act_;
  bool done_ = false;
  Result result_ = -1;
  int error_ = 0;
};

/// A change of data, and the times that come of it.
struct Stamped {
  FileSystem& files;
  const Inode& inode;
  const std::function<std::int64_t()>& make;
  std::int64_t operator()() const {
    const std::int64_t done = make();
    if (done >= 0) files.stamp(inode, FileSystem::Stamp::content);
    return done;
  }
};

}  // namespace

/// What changes an inode's attributes.
int FileSystem::stamped(const Inode& inode, const std::function<int()>& make) {
  const int done = make();
  if (done >= 0) stamp(inode, Stamp::change);
  return done;
}

void FileSystem::note_failure(const std::exception& error) {
  const std::lock_guard lock(failing_);
  if (failure_.empty()) failure_ = error.what();
}

std::string FileSystem::recording_failure() const {
  const std::lock_guard lock(failing_);
  return failure_;
}

std::int64_t FileSystem::change_data(Inode& inode, Operation what, std::uint64_t offset, std::uint64_t length,
                                     int flags, const std::function<std::int64_t()>& make) {
  const Stamped stamped{*this, inode, make};  // so small a function that a write needs no memory for it
  const std::function<std::int64_t()> act = [&stamped] { return stamped(); };
  if (shadow_ == nullptr || !inode.is_regular()) return act();
  Once<std::int64_t> once(act);
  try {
    Shadow::DataChange change;
    change.what = what;
    change.path = inode.path();
    change.offset = offset;
    change.length = length;
    change.name = inodes_.path(inode);
    if (what == Operation::fallocate) {
      change.mode = flags;
    } else {
      change.synced = (flags & O_SYNC) == O_SYNC;
      change.synced_data = (flags & O_DSYNC) != 0;
    }
    return shadow_->change(change, [&] { return once(); });
  } catch (const std::exception& error) {
    note_failure(error);
    return once.finish();
  }
}

int FileSystem::change_attributes(const Inode& inode, const std::function<int()>& make) {
  const std::function<int()> act = [&] { return stamped(inode, make); };
  if (shadow_ == nullptr) return act();
  Once<int> once(act);
  try {
    auto& known = const_cast<Inode&>(inode);  // its names are asked for, nothing is changed
    return shadow_->change_attributes(inode.path(), inodes_.path(known), [&] { return once(); });
  } catch (const std::exception& error) {
    note_failure(error);
    return once.finish();
  }
}

int FileSystem::change_extended(const Inode& inode, const char* name, const std::function<int()>& make) {
  const std::function<int()> act = [&] { return stamped(inode, make); };
  if (shadow_ == nullptr) return act();
  Once<int> once(act);
  try {
    auto& known = const_cast<Inode&>(inode);
    return shadow_->change_extended(inode.path(), inodes_.path(known), name, [&] { return once(); });
  } catch (const std::exception& error) {
    note_failure(error);
    return once.finish();
  }
}

int FileSystem::change_name(Operation what, Inode& folder, const char* name, const std::function<int()>& act) {
  if (shadow_ == nullptr) return act();
  const Entry before = entry_at(folder.path(), name);
  const int done = act();
  if (done < 0) return done;
  try {
    const Entry now = entry_at(folder.path(), name);
    const bool same = before.there() && now.there() && before.status.st_ino == now.status.st_ino;
    const std::array<Shadow::NameChange, 1> changes{{{folder.path(), name, &before, &now}}};
    if (!same) shadow_->named(what, changes, inodes_.path(folder, name));
  } catch (const std::exception& error) {
    note_failure(error);
  }
  return done;
}

int FileSystem::change_names(Inode& folder, const char* name, Inode& new_folder, const char* new_name, unsigned flags,
                             const std::function<int()>& act) {
  if (shadow_ == nullptr) return act();
  const Entry what = entry_at(folder.path(), name), replaced = entry_at(new_folder.path(), new_name);
  const int done = act();
  const bool same = what.there() && replaced.there() && what.status.st_ino == replaced.status.st_ino;
  if (done < 0 || same) return done;
  try {
    const bool exchanged = (flags & RENAME_EXCHANGE) != 0;
    const std::array<Shadow::NameChange, 2> changes{{{folder.path(), name, &what, exchanged ? &replaced : nullptr},
                                                     {new_folder.path(), new_name, &replaced, &what}}};
    shadow_->named(Operation::rename, changes, inodes_.path(folder, name), inodes_.path(new_folder, new_name));
  } catch (const std::exception& error) {
    note_failure(error);
  }
  return done;
}

int FileSystem::sync(const Inode& inode, bool data_only, const std::function<int()>& act) {
  const std::uint64_t mark = shadow_ == nullptr ? 0 : shadow_->mark();
  const int failed = act() < 0 ? errno : 0;
  if (failed != 0 || shadow_ == nullptr) return failed;
  try {
    if (inode.is_folder()) {
      shadow_->folder_synced(inode.path(), mark);
    } else {
      shadow_->synced(inode.path(), data_only, mark);
    }
  } catch (const std::exception& error) {
    note_failure(error);
  }
  return 0;
}

void reply_sync(fuse_req* request, const Inode& inode, bool data_only, const std::function<int()>& act) {
  FileSystem& files = file_system_of(request);
  std::optional<Power::Use> power;
  bool on = true;
  const int error = files.sync(inode, data_only, [&] {
    const int done = act();
    const int failed = errno;
    if (files.power() != nullptr) on = power.emplace(*files.power()).on();
    errno = on ? failed : EIO;
    return on ? done : -1;
  });
  ::fuse_reply_err(request, error);
}

}  // namespace withstand::lab::disk
