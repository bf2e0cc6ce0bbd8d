#include "lab/disk/durability/shadow.hpp"

#include <algorithm>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <linux/falloc.h>

#include "lab/disk/durability/attributes.hpp"
#include "os/check.hpp"

namespace withstand::lab::disk {
namespace {

std::chrono::nanoseconds now() { return std::chrono::steady_clock::now().time_since_epoch(); }

struct stat status_of_path(int path) {
  struct stat status {};
  os::check("look at a file that changes", ::fstatat(path, "", &status, AT_EMPTY_PATH));
  return status;
}

os::Fd duplicate(int path) { return os::Fd(os::check("keep a file that changes", ::fcntl(path, F_DUPFD_CLOEXEC, 0))); }

bool clears(int mode) { return (static_cast<unsigned>(mode) & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) != 0; }

}  // namespace

bool PendingOperation::changes_bytes() const { return writes() || (what == Operation::fallocate && clears(mode)); }

Entry entry_at(int folder, const char* name) {
  Entry entry;
  entry.path = os::Fd(::openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (entry.there() && ::fstatat(entry.path.get(), "", &entry.status, AT_EMPTY_PATH) < 0) entry.path.reset();
  return entry;
}

Shadow::Shadow(Options options) : store_(std::move(options.store)), most_operations_(options.most_operations) {}
Shadow::~Shadow() = default;

/// Called with mutex_ held, as all that follow it up to `change`.
TrackedFile Shadow::track(os::Fd path, const struct stat& status) {
  auto& place = tracked_[{status.st_dev, status.st_ino}];
  if (auto file = place.lock()) return file;
  auto file = std::make_shared<Tracked>(std::move(path), status);
  place = file;
  if (tracked_.size() > sweep_at_) sweep();
  return file;
}

TrackedFile Shadow::track(int path) {
  const auto status = status_of_path(path);
  if (auto file = known(path)) return file;
  return track(duplicate(path), status);
}

TrackedFile Shadow::track(const Entry* entry) {
  if (entry == nullptr || !entry->there()) return nullptr;
  return track(entry->path.get());
}

TrackedFile Shadow::known(int path) {
  const auto status = status_of_path(path);
  const auto found = tracked_.find({status.st_dev, status.st_ino});
  return found == tracked_.end() ? nullptr : found->second.lock();
}

void Shadow::sweep() {
  std::erase_if(tracked_, [](const auto& each) { return each.second.expired(); });
  sweep_at_ = 2 * tracked_.size() + 1024;
}

PendingOperation& Shadow::add(PendingOperation operation) {
  operation.number = ++last_;
  operation.when = now();
  if (operation.kind == PendingOperation::Kind::names) {
    find_needs(operation);
    for (const Assignment& each : operation.names) {
      slots_[{each.folder->id, each.name}] = last_;
      each.folder->inside.insert(last_);
      each.folder->last = last_;
      if (each.now) each.now->named = each.now->last = last_;
      if (each.before) each.before->last = last_;
    }
  } else {
    auto& numbers = operation.kind == PendingOperation::Kind::data ? operation.file->data_operations
                                                                   : operation.file->attribute_operations;
    numbers.insert(last_);
    operation.file->last = last_;
  }
  auto& added = operations_[last_] = std::move(operation);
  if (operations_.size() > most_operations_) relieve();
  return added;
}

/// What a file system that keeps its tree whole cannot have left out: what was done to the same names before, to the
/// folders that they are in, and to what a removed folder held.
void Shadow::find_needs(PendingOperation& operation) {
  std::set<std::uint64_t> needs;
  for (const Assignment& each : operation.names) {
    const auto slot = slots_.find({each.folder->id, each.name});
    if (slot != slots_.end()) needs.insert(slot->second);
    needs.insert(each.folder->named);
    const bool removed = each.before && each.before->is_folder() &&
                         std::none_of(operation.names.begin(), operation.names.end(),
                                      [&](const Assignment& other) { return other.now == each.before; });
    if (removed) needs.insert(each.before->inside.begin(), each.before->inside.end());
    const bool moved = each.before && each.before->is_folder() && !removed;
    if (moved) needs.insert(std::exchange(last_folder_move_, last_));
  }
  needs.erase(0);
  needs.erase(last_);
  operation.needs.assign(needs.begin(), needs.end());
}

void Shadow::drop(std::uint64_t number) {
  const auto found = operations_.find(number);
  if (found == operations_.end()) return;
  PendingOperation& operation = found->second;
  if (operation.kind == PendingOperation::Kind::data) {
    auto& numbers = operation.file->data_operations;
    // What is undone below it would take it along: it stays on the list, and survives.
    const bool below = std::any_of(numbers.begin(), numbers.find(number), [&](std::uint64_t each) {
      return operations_.at(each).fate != PendingOperation::Fate::open;
    });
    if (operation.fate == PendingOperation::Fate::doomed) return;
    if (below) {
      operation.fate = PendingOperation::Fate::durable;
      return;
    }
    numbers.erase(number);
    store_.give_back(operation.saved);
  } else if (operation.kind == PendingOperation::Kind::attribute) {
    operation.file->attribute_operations.erase(number);
  } else {
    for (const Assignment& each : operation.names) {
      each.folder->inside.erase(number);
      const auto slot = slots_.find({each.folder->id, each.name});
      if (slot != slots_.end() && slot->second == number) slots_.erase(slot);
      if (each.now && each.now->named == number) each.now->named = 0;
    }
  }
  operations_.erase(found);
}

void Shadow::drop_with_needs(std::uint64_t number) {
  std::vector<std::uint64_t> open{number};
  while (!open.empty()) {
    const std::uint64_t each = open.back();
    open.pop_back();
    const auto found = operations_.find(each);
    if (found == operations_.end()) continue;
    open.insert(open.end(), found->second.needs.begin(), found->second.needs.end());
    drop(each);
  }
}

void Shadow::drop_through(std::set<std::uint64_t>& numbers, std::uint64_t mark) {
  const std::vector<std::uint64_t> reached(numbers.begin(), numbers.upper_bound(mark));
  for (const std::uint64_t each : reached) drop(each);
}

void Shadow::relieve() {
  const auto middle = std::next(operations_.begin(), static_cast<std::ptrdiff_t>(operations_.size() / 2));
  std::vector<std::uint64_t> oldest;
  for (auto each = operations_.begin(); each != middle; ++each) oldest.push_back(each->first);
  for (const std::uint64_t each : oldest) {
    drop(each);
    ++written_back_;
  }
  // What a failed sync left cannot be dropped.
  most_operations_ = std::max(most_operations_, 2 * operations_.size());
  commit(oldest.back());
  last_sync_ = std::max(last_sync_, oldest.back());
}

SavedBytes Shadow::save(Tracked& file, const DataChange& change, std::uint64_t size) {
  std::uint64_t begin = change.offset, end = change.offset + change.length;
  if (change.what == Operation::truncate) end = size;
  const bool allocates = change.what == Operation::fallocate && !clears(change.mode);
  end = std::min(end, size);
  if (allocates || begin >= end) return {};
  return store_.save(file.open_file.get(), begin, end - begin);
}

std::int64_t Shadow::change(const DataChange& change, const std::function<std::int64_t()>& act) {
  TrackedFile file;
  {
    const std::lock_guard lock(mutex_);
    file = track(change.path);
  }
  const std::lock_guard data(file->data);
  if (!file->open_file.valid())
    file->open_file =
        os::Fd(os::check("open a file that changes", ::open(magic_link(file->path.get()).c_str(), O_RDWR | O_CLOEXEC)));
  PendingOperation operation;
  operation.kind = PendingOperation::Kind::data;
  operation.what = change.what;
  operation.path = change.name;
  operation.file = file;
  operation.offset = change.offset;
  operation.length = change.length;
  operation.mode = change.mode;
  operation.size_before = static_cast<std::uint64_t>(status_of_path(change.path).st_size);
  operation.saved = save(*file, change, operation.size_before);
  const std::int64_t done = act();
  const int error = errno;
  if (done < 0 || (operation.writes() && done == 0)) {
    store_.give_back(operation.saved);
    errno = error;
    return done;
  }
  if (operation.writes()) operation.length = static_cast<std::uint64_t>(done);
  operation.size_after = static_cast<std::uint64_t>(status_of_path(change.path).st_size);
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = add(std::move(operation)).number;
  }
  if (change.synced || change.synced_data) synced(change.path, !change.synced, number);
  return done;
}

void Shadow::named(Operation what, std::span<const NameChange> changes, std::string path, std::string new_path) {
  const std::lock_guard lock(mutex_);
  PendingOperation operation;
  operation.what = what;
  operation.path = std::move(path);
  operation.new_path = std::move(new_path);
  for (const NameChange& each : changes)
    operation.names.push_back({track(each.folder), each.name, track(each.before), track(each.now)});
  add(std::move(operation));
}

int Shadow::change_attributes(int path, const std::string& name, const std::function<int()>& act) {
  const auto before = plain_attributes(status_of_path(path));
  const int done = act();
  if (done < 0) return done;
  const auto after = plain_attributes(status_of_path(path));
  const std::lock_guard lock(mutex_);
  for (const auto& [attribute, value] : after) {
    if (before.at(attribute) == value) continue;
    PendingOperation operation;
    operation.kind = PendingOperation::Kind::attribute;
    operation.what = Operation::setattr;
    operation.path = name;
    operation.file = track(path);
    operation.attribute = attribute;
    operation.value_before = before.at(attribute);
    operation.value_after = value;
    add(std::move(operation));
  }
  return done;
}

int Shadow::change_extended(int path, const std::string& name, const char* attribute, const std::function<int()>& act) {
  auto before = extended_attribute(path, attribute);
  const int done = act();
  if (done < 0) return done;
  PendingOperation operation;
  operation.kind = PendingOperation::Kind::attribute;
  operation.what = Operation::setxattr;
  operation.path = name;
  operation.attribute = std::string("x:") + attribute;
  operation.value_before = std::move(before);
  operation.value_after = extended_attribute(path, attribute);
  const std::lock_guard lock(mutex_);
  operation.file = track(path);
  add(std::move(operation));
  return done;
}

std::uint64_t Shadow::mark() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

/// A journal is written when the file's own metadata are in it: for fdatasync, what is needed to find its data.
void Shadow::synced(int path, bool data_only, std::uint64_t mark) {
  const std::lock_guard lock(mutex_);
  last_sync_ = std::max(last_sync_, mark);
  const TrackedFile file = known(path);
  if (!file) return;
  const auto grows = [&](std::uint64_t number) {
    const auto& each = operations_.at(number);
    return number <= mark && (!each.writes() || each.size_after != each.size_before);
  };
  const bool journal = data_only ? file->named > last_commit_ ||
                                       std::any_of(file->data_operations.begin(), file->data_operations.end(), grows)
                                 : file->last > last_commit_;
  if (journal) commit(mark);
  drop_through(file->data_operations, mark);
  if (!data_only) drop_through(file->attribute_operations, mark);
}

void Shadow::folder_synced(int path, std::uint64_t mark) {
  const std::lock_guard lock(mutex_);
  last_sync_ = std::max(last_sync_, mark);
  const TrackedFile folder = known(path);
  if (!folder) return;
  if (folder->last > last_commit_) commit(mark);
  const std::vector<std::uint64_t> reached(folder->inside.begin(), folder->inside.upper_bound(mark));
  for (const std::uint64_t each : reached) drop_with_needs(each);
  drop_through(folder->attribute_operations, mark);
}

void Shadow::all_synced(std::uint64_t mark) {
  const std::lock_guard lock(mutex_);
  last_sync_ = std::max(last_sync_, mark);
  commit(mark);
  std::vector<std::uint64_t> reached;
  for (const auto& [number, operation] : operations_)
    if (number <= mark) reached.push_back(number);
  for (const std::uint64_t each : reached) drop(each);
}

void undo_data(const PendingOperation& operation, const ByteStore& store) {
  const int file = operation.file->open_file.get();
  os::check("restore a size", ::ftruncate(file, static_cast<off_t>(operation.size_before)));
  const std::uint64_t end = std::min(operation.offset + operation.length, operation.size_before);
  if (operation.changes_bytes() && operation.offset < end)
    os::check("clear bytes",
              ::fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(operation.offset),
                          static_cast<off_t>(end - operation.offset)));
  store.restore(operation.saved, file);
}

void Shadow::sync_failed(int path, const SyncFailure& failure) {
  TrackedFile file;
  {
    const std::lock_guard lock(mutex_);
    file = known(path);
  }
  if (!file) return;
  const std::lock_guard data(file->data);
  const std::lock_guard lock(mutex_);
  std::vector<std::uint64_t> lost;
  for (const std::uint64_t number : file->data_operations)
    if (operations_.at(number).fate == PendingOperation::Fate::open) lost.push_back(number);
  if (lost.empty()) return;
  const auto size = static_cast<std::uint64_t>(status_of_path(path).st_size);
  if (!failure.content_stays) {
    return revert_content(*file, lost, failure.metadata_durable ? std::optional(size) : std::nullopt);
  }
  for (const std::uint64_t number : lost) {
    PendingOperation& each = operations_.at(number);
    each.fate = PendingOperation::Fate::doomed;
    each.size_durable = failure.metadata_durable;
  }
}

/// Programs read what the disk has: what was lost leaves the list, being undone. With both of its mutexes held.
void Shadow::revert_content(Tracked& file, const std::vector<std::uint64_t>& numbers,
                            std::optional<std::uint64_t> size) {
  for (auto each = numbers.rbegin(); each != numbers.rend(); ++each) {
    const auto found = operations_.find(*each);
    undo_data(found->second, store_);
    store_.give_back(found->second.saved);
    file.data_operations.erase(*each);
    operations_.erase(found);
  }
  if (size) os::check("restore a size", ::ftruncate(file.open_file.get(), static_cast<off_t>(*size)));
}

PendingList Shadow::list() const {
  const std::lock_guard lock(mutex_);
  return {&operations_, last_sync_, last_commit_};
}

std::uint64_t Shadow::written_back() const {
  const std::lock_guard lock(mutex_);
  return written_back_;
}

std::size_t Shadow::size() const {
  const std::lock_guard lock(mutex_);
  return operations_.size();
}

}  // namespace withstand::lab::disk
