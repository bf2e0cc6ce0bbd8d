#include "lab/disk/durability/crash_state.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <set>
#include <unistd.h>

#include <climits>
#include <linux/falloc.h>
#include <sys/stat.h>

#include "lab/disk/durability/attributes.hpp"
#include "os/check.hpp"

namespace withstand::lab::disk {
namespace {

using Kind = PendingOperation::Kind;

struct stat status_of(const Tracked& file) {
  struct stat status {};
  os::check("look at a file", ::fstatat(file.path.get(), "", &status, AT_EMPTY_PATH));
  return status;
}

bool has_name(const Tracked& file) { return status_of(file).st_nlink > 0; }

void set_size(const Tracked& file, std::uint64_t size) {
  os::check("restore a size", ::ftruncate(file.open_file.get(), static_cast<off_t>(size)));
}

/// Nothing there from here to there, at most up to its end.
void clear(const Tracked& file, std::uint64_t begin, std::uint64_t end) {
  if (begin >= end) return;
  const int done = ::fallocate(file.open_file.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                               static_cast<off_t>(begin), static_cast<off_t>(end - begin));
  os::check("clear bytes", done);
}

std::string link_target(const Tracked& link) {
  std::array<char, PATH_MAX> text{};
  const auto length = os::check("read a link", ::readlinkat(link.path.get(), "", text.data(), text.size()));
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace

CrashState::CrashState(Shadow& shadow, const Survivors& survivors, os::Fd scratch)
    : shadow_(shadow), operations_(*shadow.list().operations), survivors_(survivors), scratch_(std::move(scratch)) {}

void CrashState::make() {
  std::set<Tracked*> files;
  for (const auto& [number, each] : operations_)
    if (each.kind == Kind::data && files.insert(each.file.get()).second) restore_data(*each.file);
  find_slots();
  take_away();
  make_lost_folders();
  for (const auto& [place, slot] : slots_) put(slot);
  restore_attributes();
}

/// Backwards to the last operation before which all survive; then forwards again with what does. While going back, what
/// an operation wrote is there to be read: nothing after it has been left.
void CrashState::restore_data(Tracked& file) {
  const auto& numbers = file.data_operations;
  const auto survives = [&](std::uint64_t number) {
    const auto found = survivors_.find(number);
    return found != survivors_.end() && found->second.whole;
  };
  const auto first_lost = std::find_if_not(numbers.begin(), numbers.end(), survives);
  if (first_lost == numbers.end()) return;
  const auto before = status_of(file);
  std::map<std::uint64_t, SavedBytes> again;
  for (auto each = numbers.end(); each != first_lost;) {
    const PendingOperation& operation = operations_.at(*--each);
    again[*each] = surviving_bytes(file, operation);
    undo_data(operation, shadow_.store());
  }
  for (auto each = first_lost; each != numbers.end(); ++each) {
    redo(file, operations_.at(*each), again[*each]);
    shadow_.store().give_back(again[*each]);
  }
  const timespec times[] = {before.st_atim, before.st_mtim};
  os::check("restore times", ::futimens(file.open_file.get(), times));
}

SavedBytes CrashState::surviving_bytes(const Tracked& file, const PendingOperation& operation) const {
  SavedBytes bytes;
  const auto found = survivors_.find(operation.number);
  if (found == survivors_.end() || !operation.writes()) return bytes;
  auto ranges = found->second.ranges;
  if (found->second.whole) ranges = {{operation.offset, operation.offset + operation.length}};
  for (const auto& range : ranges) {
    const auto part = shadow_.store().save(file.open_file.get(), range.begin, range.end - range.begin);
    bytes.extents.insert(bytes.extents.end(), part.extents.begin(), part.extents.end());
  }
  return bytes;
}

void CrashState::redo(const Tracked& file, const PendingOperation& operation, const SavedBytes& bytes) const {
  const auto found = survivors_.find(operation.number);
  if (found == survivors_.end()) return;
  const Survival& survival = found->second;
  if (operation.what == Operation::truncate) return set_size(file, operation.size_after);
  if (operation.what == Operation::fallocate) {
    os::check("allocate again", ::fallocate(file.open_file.get(), operation.mode, static_cast<off_t>(operation.offset),
                                            static_cast<off_t>(operation.length)));
    return;
  }
  auto ranges = survival.ranges;
  if (survival.whole) ranges = {{operation.offset, operation.offset + operation.length}};
  for (const auto& range : ranges) {
    const auto size = static_cast<std::uint64_t>(status_of(file).st_size);
    clear(file, range.begin, std::min(range.end, size));
    if (range.end > size) set_size(file, range.end);
  }
  shadow_.store().restore(bytes, file.open_file.get());
  if (survival.size && *survival.size > static_cast<std::uint64_t>(status_of(file).st_size))
    set_size(file, *survival.size);
}

void CrashState::find_slots() {
  for (const auto& [number, operation] : operations_) {
    for (const Assignment& each : operation.names) {
      auto [slot, added] = slots_.try_emplace({each.folder->id, each.name}, Slot{each, {}, each.before});
      slot->second.now = each.now;
      if (survivors_.contains(number)) slot->second.then = each.now;
    }
  }
  std::erase_if(slots_, [](const auto& each) { return each.second.now == each.second.then; });
}

/// Everything that will not be where it is goes aside first, so that no two are in each other's way.
void CrashState::take_away() {
  for (auto& [place, slot] : slots_) {
    if (!slot.now) continue;
    const std::string aside = scratch_name();
    os::check("set aside " + place.second,
              ::renameat(slot.first.folder->path.get(), place.second.c_str(), scratch_.get(), aside.c_str()));
    if (slot.now->is_folder()) set_aside_[slot.now.get()] = aside;
  }
}

/// Folders that were removed, and the removal was lost.
void CrashState::make_lost_folders() {
  for (auto& [place, slot] : slots_) {
    Tracked* folder = slot.then.get();
    if (folder == nullptr || !folder->is_folder() || set_aside_.contains(folder) || has_name(*folder)) continue;
    const std::string name = scratch_name();
    os::check("make a folder again", ::mkdirat(scratch_.get(), name.c_str(), 0700));
    os::Fd made(os::check("open it", ::openat(scratch_.get(), name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)));
    copy_attributes(folder->path.get(), made.get());
    folder->path = std::move(made);
    set_aside_[folder] = name;
  }
}

void CrashState::put(const Slot& slot) {
  if (!slot.then) return;
  Tracked& file = *slot.then;
  const int folder = slot.first.folder->path.get();
  const char* name = slot.first.name.c_str();
  if (!has_name(*slot.first.folder)) return;  // nor can anybody reach it
  if (file.is_folder()) {
    const auto aside = set_aside_.find(&file);
    if (aside == set_aside_.end()) return;
    const int done = ::renameat(scratch_.get(), aside->second.c_str(), folder, name);
    if (done < 0 && errno != EINVAL) throw os::SystemError("put a folder back", errno);
    return;
  }
  if (has_name(file)) {
    os::check("give a name back",
              ::linkat(AT_FDCWD, magic_link(file.path.get()).c_str(), folder, name, AT_SYMLINK_FOLLOW));
    return;
  }
  static_cast<void>(make_again(file, folder, name));
}

/// What has no name any more cannot get one: it is copied.
bool CrashState::make_again(Tracked& file, int folder, const char* name) const {
  const auto status = status_of(file);
  if (file.type == S_IFLNK) {
    os::check("make a link again", ::symlinkat(link_target(file).c_str(), folder, name));
  } else if (file.type == S_IFREG) {
    const os::Fd from(
        os::check("open what was unlinked", ::open(magic_link(file.path.get()).c_str(), O_RDONLY | O_CLOEXEC)));
    const os::Fd to(
        os::check("make a file again", ::openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)));
    os::check("make a file again", ::ftruncate(to.get(), status.st_size));
    const auto bytes = shadow_.store().save(from.get(), 0, static_cast<std::uint64_t>(status.st_size));
    shadow_.store().restore(bytes, to.get());
    shadow_.store().give_back(bytes);
  } else {
    os::check("make a special file again", ::mknodat(folder, name, status.st_mode, status.st_rdev));
  }
  os::Fd made(os::check("open it", ::openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC)));
  copy_attributes(file.path.get(), made.get());
  file.path = std::move(made);
  return true;
}

void CrashState::restore_attributes() {
  std::map<std::pair<Tracked*, std::string>, std::pair<std::optional<std::string>, bool>> wanted;
  for (const auto& [number, each] : operations_) {
    if (each.kind != Kind::attribute) continue;
    auto [value, added] = wanted.try_emplace({each.file.get(), each.attribute}, each.value_before, false);
    const bool survives = survivors_.contains(number);
    if (survives) value->second.first = each.value_after;
    value->second.second = value->second.second || !survives;
  }
  for (const auto& [what, value] : wanted)
    if (value.second && has_name(*what.first)) put_attribute(what.first->path.get(), what.second, value.first);
}

}  // namespace withstand::lab::disk
