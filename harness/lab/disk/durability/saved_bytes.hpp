#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "os/fd.hpp"

namespace withstand::lab::disk {

/// Bytes of a file in a stretch of it; holes are left out.
struct SavedBytes {
  struct Extent {
    std::uint64_t offset = 0;  ///< in the file
    std::uint64_t length = 0;
    std::uint64_t place = 0;  ///< in the store
  };
  std::vector<Extent> extents;
  [[nodiscard]] std::uint64_t size() const;
};

/// Where bytes are kept that were overwritten, or are to be written again: a file without a name, not memory. What is
/// given back is punched out of it, so that it takes no more of the disk than is kept. Thread-safe.
class ByteStore {
 public:
  /// `file`: open for reading and writing, empty. Calls throw SystemError.
  explicit ByteStore(os::Fd file) : file_(std::move(file)) {}

  /// What a file has in [offset, offset + length), holes and what is beyond its end left out.
  [[nodiscard]] SavedBytes save(int file, std::uint64_t offset, std::uint64_t length);
  /// Writes it back: extents only; what lies between them is the caller's.
  void restore(const SavedBytes& saved, int file) const;
  void give_back(const SavedBytes& saved);
  [[nodiscard]] std::uint64_t kept() const;

 private:
  [[nodiscard]] std::uint64_t reserve(std::uint64_t length);
  void free(std::uint64_t begin, std::uint64_t end);

  os::Fd file_;
  mutable std::mutex mutex_;  ///< guards the rest
  std::uint64_t end_ = 0, kept_ = 0;
  std::map<std::uint64_t, std::uint64_t> free_;  ///< given back but too little to be punched out yet: begin, end
};

/// Copies bytes between two places of open files. Throws SystemError; false when the source ends before.
bool copy_bytes(int from, std::uint64_t from_offset, int to, std::uint64_t to_offset, std::uint64_t length);

}  // namespace withstand::lab::disk
