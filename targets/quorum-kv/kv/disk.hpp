#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// What the log needs of a disk. The real one is posix_disk.cpp; tests have one that loses power.
namespace quorum_kv {

/// A read, write or sync failed. After it nothing is known about the file's content on the disk, whatever a later sync
/// says (A. Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020).
class StorageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class File {
 public:
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  virtual ~File() = default;

  virtual std::string read_all() = 0;
  virtual void write_at(std::uint64_t offset, std::string_view bytes) = 0;
  /// Content and length are durable when this returns.
  virtual void sync() = 0;
};

class Directory {
 public:
  Directory() = default;
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  virtual ~Directory() = default;

  /// Names, without "." and "..".
  virtual std::vector<std::string> list() = 0;
  /// An empty file, in place of one that was there.
  virtual std::unique_ptr<File> create(const std::string& name) = 0;
  virtual std::unique_ptr<File> open(const std::string& name) = 0;
  virtual void rename(const std::string& from, const std::string& to) = 0;
  /// Names are durable when this returns.
  virtual void sync() = 0;
};

/// The directory at `path`. Where `make` is set and it does not exist, it is made durably. Throws StorageError.
std::unique_ptr<Directory> open_directory(const std::filesystem::path& path, bool make);

}  // namespace quorum_kv
