#include "lab/disk/durability/saved_bytes.hpp"

#include <algorithm>
#include <fcntl.h>
#include <iterator>
#include <unistd.h>

#include "lab/disk/buffer.hpp"
#include "os/check.hpp"

namespace withstand::lab::disk {
namespace {

constexpr std::uint64_t worth_punching = 1 << 20;

/// Stretches of a file that hold data, as the file system below knows them.
std::vector<std::pair<std::uint64_t, std::uint64_t>> data_in(int file, std::uint64_t offset, std::uint64_t end) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> found;
  while (offset < end) {
    const off_t begin = ::lseek(file, static_cast<off_t>(offset), SEEK_DATA);
    if (begin < 0 && errno == ENXIO) return found;
    const auto first = static_cast<std::uint64_t>(os::check("look for data", begin));
    if (first >= end) return found;
    const auto hole = static_cast<std::uint64_t>(os::check("look for a hole", ::lseek(file, begin, SEEK_HOLE)));
    found.emplace_back(first, std::min(hole, end));
    offset = hole;
  }
  return found;
}

}  // namespace

std::uint64_t SavedBytes::size() const {
  std::uint64_t sum = 0;
  for (const Extent& each : extents) sum += each.length;
  return sum;
}

bool copy_bytes(int from, std::uint64_t from_offset, int to, std::uint64_t to_offset, std::uint64_t length) {
  static thread_local Buffer buffer(most_data);
  while (length > 0) {
    const auto part = std::min<std::uint64_t>(length, buffer.size());
    const auto got =
        os::check("read bytes to keep",
                  os::retry([&] { return ::pread(from, buffer.data(), part, static_cast<off_t>(from_offset)); }));
    if (got == 0) return false;
    for (ssize_t done = 0; done < got;) {
      done += os::check("keep bytes", os::retry([&] {
                          return ::pwrite(to, buffer.data() + done, static_cast<std::size_t>(got - done),
                                          static_cast<off_t>(to_offset) + done);
                        }));
    }
    from_offset += static_cast<std::uint64_t>(got);
    to_offset += static_cast<std::uint64_t>(got);
    length -= static_cast<std::uint64_t>(got);
  }
  return true;
}

std::uint64_t ByteStore::reserve(std::uint64_t length) {
  const std::lock_guard lock(mutex_);
  if (kept_ == 0) end_ = 0;
  const std::uint64_t place = end_;
  end_ += length;
  kept_ += length;
  return place;
}

SavedBytes ByteStore::save(int file, std::uint64_t offset, std::uint64_t length) {
  SavedBytes saved;
  if (length == 0) return saved;
  for (const auto& [begin, end] : data_in(file, offset, offset + length)) {
    saved.extents.push_back({begin, end - begin, reserve(end - begin)});
    copy_bytes(file, begin, file_.get(), saved.extents.back().place, end - begin);
  }
  return saved;
}

void ByteStore::restore(const SavedBytes& saved, int file) const {
  for (const auto& each : saved.extents) copy_bytes(file_.get(), each.place, file, each.offset, each.length);
}

void ByteStore::give_back(const SavedBytes& saved) {
  const std::lock_guard lock(mutex_);
  for (const auto& each : saved.extents) {
    kept_ -= each.length;
    free(each.place, each.place + each.length);
  }
  if (kept_ == 0) free_.clear();
}

/// Bytes are given back about in the order in which they came, so that small pieces soon lie side by side.
void ByteStore::free(std::uint64_t begin, std::uint64_t end) {
  auto next = free_.lower_bound(begin);
  if (next != free_.end() && next->first == end) {
    end = next->second;
    next = free_.erase(next);
  }
  if (next != free_.begin() && std::prev(next)->second == begin) {
    begin = std::prev(next)->first;
    free_.erase(std::prev(next));
  }
  free_[begin] = end;
  if (end - begin < worth_punching) return;
  // A file system that cannot do that keeps them until the end.
  static_cast<void>(::fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(begin),
                                static_cast<off_t>(end - begin)));
  free_.erase(begin);
}

std::uint64_t ByteStore::kept() const {
  const std::lock_guard lock(mutex_);
  return kept_;
}

}  // namespace withstand::lab::disk
