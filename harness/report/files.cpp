#include "report/files.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <system_error>

namespace withstand::report {
namespace {

/// An open file that is closed whatever happens.
class Out {
 public:
  Out(const std::string& path, int flags) : path_(path), fd_(::open(path.c_str(), flags | O_WRONLY | O_CLOEXEC, 0644)) {
    if (fd_ < 0) fail("open");
  }
  ~Out() { ::close(fd_); }
  Out(const Out&) = delete;
  Out& operator=(const Out&) = delete;

  void write(const std::string& content) {
    for (std::size_t done = 0; done < content.size();) {
      const ssize_t wrote = ::write(fd_, content.data() + done, content.size() - done);
      if (wrote < 0 && errno != EINTR) fail("write");
      if (wrote > 0) done += static_cast<std::size_t>(wrote);
    }
  }

 private:
  [[noreturn]] void fail(const char* attempt) const {
    throw std::system_error(errno, std::generic_category(), std::string(attempt) + " " + path_);
  }

  std::string path_;
  int fd_;
};

/// Something that a rename would replace by a plain file: it is to be written to instead.
bool is_special(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::symlink_status(path, error);
  return std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
}

std::string temporary_name(const std::string& path) { return path + ".tmp." + std::to_string(::getpid()); }

void make_parent(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent);
}

}  // namespace

void try_file(const std::string& path) {
  make_parent(path);
  if (is_special(path)) {  // not opened: a pipe may have no reader yet
    const int error = std::filesystem::is_directory(path) ? EISDIR : ::access(path.c_str(), W_OK) < 0 ? errno : 0;
    if (error == 0) return;
    throw std::system_error(error, std::generic_category(), "open " + path);
  }
  const std::string temporary = temporary_name(path);
  Out(temporary, O_CREAT | O_TRUNC);
  ::unlink(temporary.c_str());
}

void try_folder(const std::string& path) {
  std::filesystem::create_directories(path);
  try_file(path + "/withstand");
}

void write_file(const std::string& path, const std::string& content) {
  make_parent(path);
  if (is_special(path)) return Out(path, O_TRUNC).write(content);
  const std::string temporary = temporary_name(path);
  try {
    Out(temporary, O_CREAT | O_TRUNC).write(content);
    std::filesystem::rename(temporary, path);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

void append_file(const std::string& path, const std::string& content) { Out(path, O_CREAT | O_APPEND).write(content); }

std::string last_lines(const std::string& path, std::size_t limit) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return "";
  const std::streamoff size = in.tellg();
  if (size <= 0) return "";
  const auto want = static_cast<std::streamoff>(limit);
  const bool whole = size <= want;
  in.seekg(whole ? 0 : size - want - 1);  // one byte more: a line may begin exactly at the limit
  std::string text(static_cast<std::size_t>(whole ? size : want + 1), '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (whole || text.empty()) return text;
  const std::size_t newline = text.find('\n');
  return newline == std::string::npos || newline + 1 == text.size() ? text.substr(1) : text.substr(newline + 1);
}

}  // namespace withstand::report
