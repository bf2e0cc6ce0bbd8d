#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kv/disk.hpp"
#include "kv/log_format.hpp"

namespace quorum_kv {

/// A node's only durable state: its records, and the number of its boots, in one file named "log".
///
/// Every start writes a fresh file (records that still count, boot number plus one), syncs it, renames it over the old
/// one and syncs the directory. So a log never grows without bound, never has a torn place in its middle, and what an
/// earlier process failed to sync is on a fresh file before anybody relies on it. Not thread-safe.
class Log {
 public:
  struct Owner {
    std::string name;
    std::vector<std::string> members;  ///< sorted
  };

  struct Opened;

  /// The first start. Throws Refusal (already_initialised) when the directory holds anything, StorageError.
  static Opened create(std::unique_ptr<Directory> directory, const Owner& owner);

  /// Every other start. Throws Refusal (not_initialised, damaged), StorageError.
  static Opened open(std::unique_ptr<Directory> directory, const Owner& owner, Strictness strictness = {});

  /// The records are durable when this returns. Throws StorageError; then nothing may be done with this log any more.
  void append(std::span<const Record> records);

  /// Makes the newest mark durable. Throws StorageError.
  void settle();
  [[nodiscard]] bool settled() const { return settled_; }

  /// Continues in a fresh file that holds exactly `records`. Throws StorageError.
  void rewrite(const std::vector<Record>& records);

  [[nodiscard]] std::uint64_t boot() const { return header_.boot; }
  [[nodiscard]] std::uint64_t size() const { return length_; }  ///< bytes

 private:
  Log(std::unique_ptr<Directory> directory, LogHeader header);

  std::unique_ptr<Directory> directory_;
  std::unique_ptr<File> file_;
  LogHeader header_;
  std::uint64_t sequence_ = 0;
  std::uint64_t length_ = 0;
  bool settled_ = true;
};

struct Log::Opened {
  Log log;
  std::vector<Record> records;  ///< one per key
  std::uint64_t torn_bytes = 0;
};

}  // namespace quorum_kv
