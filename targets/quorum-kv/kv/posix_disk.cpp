#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "kv/disk.hpp"

namespace quorum_kv {

namespace {

template <typename Result>
Result check(std::string_view attempt, const std::string& path, Result result) {
  if (result < 0) throw StorageError(fmt::format("{} {}: {}", attempt, path, std::generic_category().message(errno)));
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

class PosixFile : public File {
 public:
  PosixFile(std::string path, int flags)
      : path_(std::move(path)), fd_(check("open", path_, ::open(path_.c_str(), flags | O_CLOEXEC, 0600))) {}

  std::string read_all() override {
    std::string content;
    char chunk[65536];
    for (;;) {
      const ssize_t got = ::pread(fd_.get(), chunk, sizeof chunk, static_cast<off_t>(content.size()));
      if (got < 0 && errno == EINTR) continue;
      if (check("read", path_, got) == 0) return content;
      content.append(chunk, static_cast<std::size_t>(got));
    }
  }

  void write_at(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t put = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (put < 0 && errno == EINTR) continue;
      if (put == 0) throw StorageError(fmt::format("write {}: nothing written", path_));
      check("write", path_, put);
      bytes.remove_prefix(static_cast<std::size_t>(put));
      offset += static_cast<std::uint64_t>(put);
    }
  }

  // fdatasync keeps the length too: POSIX asks for all metadata that reading the data back needs.
  void sync() override { check("fdatasync", path_, ::fdatasync(fd_.get())); }

 private:
  std::string path_;
  Descriptor fd_;
};

class PosixDirectory : public Directory {
 public:
  explicit PosixDirectory(std::filesystem::path path)
      : path_(std::move(path)),
        fd_(check("open", path_.string(), ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC))) {}

  std::vector<std::string> list() override {
    std::vector<std::string> names;
    std::error_code error;
    for (auto entry = std::filesystem::directory_iterator(path_, error);
         !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      names.push_back(entry->path().filename().string());
    }
    if (error) throw StorageError(fmt::format("list {}: {}", path_.string(), error.message()));
    return names;
  }

  std::unique_ptr<File> create(const std::string& name) override {
    return std::make_unique<PosixFile>((path_ / name).string(), O_RDWR | O_CREAT | O_TRUNC);
  }

  std::unique_ptr<File> open(const std::string& name) override {
    return std::make_unique<PosixFile>((path_ / name).string(), O_RDWR);
  }

  void rename(const std::string& from, const std::string& to) override {
    check("rename", (path_ / from).string(), ::renameat(fd_.get(), from.c_str(), fd_.get(), to.c_str()));
  }

  void sync() override { check("fsync", path_.string(), ::fsync(fd_.get())); }

 private:
  std::filesystem::path path_;
  Descriptor fd_;
};

}  // namespace

std::unique_ptr<Directory> open_directory(const std::filesystem::path& path, bool make) {
  if (make && !std::filesystem::exists(path)) {
    std::error_code error;
    if (!std::filesystem::create_directory(path, error)) {
      throw StorageError(fmt::format("make directory {}: {}", path.string(), error.message()));
    }
    PosixDirectory(std::filesystem::absolute(path).lexically_normal().parent_path()).sync();
  }
  return std::make_unique<PosixDirectory>(path);
}

}  // namespace quorum_kv
