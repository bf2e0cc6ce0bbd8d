#include "os/files.hpp"

#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <memory>
#include <stdlib.h>
#include <unistd.h>

#include <sys/stat.h>

#include "os/check.hpp"

namespace withstand::os {

std::optional<std::string> read_file(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return std::nullopt;
  std::string content;
  char buffer[4096];
  while (content.size() < (1U << 20)) {
    const auto got = retry([&] { return ::read(file.get(), buffer, sizeof buffer); });
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    content.append(buffer, static_cast<std::size_t>(got));
  }
  return content;
}

void write_file(const std::string& path, std::string_view content, mode_t mode) {
  const Fd file(check("create " + path, ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)));
  check("set mode of " + path, ::fchmod(file.get(), mode));
  while (!content.empty()) {
    const auto done =
        check("write " + path, retry([&] { return ::write(file.get(), content.data(), content.size()); }));
    content.remove_prefix(static_cast<std::size_t>(done));
  }
}

void write_existing(const std::string& path, std::string_view content) {
  const Fd file(check("open " + path, ::open(path.c_str(), O_WRONLY | O_CLOEXEC)));
  check("write " + path, ::write(file.get(), content.data(), content.size()));
}

void make_folders(const std::string& path, mode_t mode) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string above = path.substr(0, slash);
    if (::mkdir(above.c_str(), 0755) < 0 && errno != EEXIST) throw SystemError("make folder " + above, errno);
  }
  if (::mkdir(path.c_str(), mode) == 0) {
    check("set mode of " + path, ::chmod(path.c_str(), mode));
  } else if (errno != EEXIST) {
    throw SystemError("make folder " + path, errno);
  }
}

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> resolved(
      check_pointer("resolve " + path, ::realpath(path.c_str(), nullptr)), &::free);
  return resolved.get();
}

std::string parent_folder(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

namespace {

/// Empties the folder open as `folder` (which it takes over) and removes `name` from `parent`.
bool remove_entry(int parent, const char* name, dev_t device, std::string& why);

bool empty_folder(Fd folder, dev_t device, std::string& why, const std::string& last = "") {
  const int raw = folder.release();
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::fdopendir(raw), &::closedir);
  if (!list) {
    Fd(raw).reset();
    return false;
  }
  bool all = true;
  while (const dirent* entry = ::readdir(list.get())) {
    if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
    if (entry->d_name == last) continue;
    if (!remove_entry(::dirfd(list.get()), entry->d_name, device, why)) all = false;
  }
  return all;
}

bool remove_entry(int parent, const char* name, dev_t device, std::string& why) {
  struct stat info {};
  if (::fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) < 0) return errno == ENOENT;
  const auto fail = [&](const char* verb) {
    if (errno == ENOENT) return true;
    if (why.empty()) why = std::string(verb) + " " + name + ": " + std::strerror(errno);
    return false;
  };
  if (!S_ISDIR(info.st_mode)) return ::unlinkat(parent, name, 0) == 0 || fail("unlink");
  if (info.st_dev != device) {
    if (why.empty()) why = std::string(name) + " is a mount of something else";
    return false;
  }
  if ((info.st_mode & S_IRWXU) != S_IRWXU) ::fchmodat(parent, name, S_IRWXU, 0);
  Fd folder(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder.valid()) return fail("open");
  if (!empty_folder(std::move(folder), device, why)) return false;
  return ::unlinkat(parent, name, AT_REMOVEDIR) == 0 || fail("remove");
}

}  // namespace

bool remove_tree(const std::string& path, std::string* why, const std::string& last) {
  std::string reason;
  struct stat info {};
  if (::lstat(path.c_str(), &info) < 0) return errno == ENOENT;
  const Fd parent(::open(parent_folder(path).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  bool gone = parent.valid();
  if (gone && !last.empty()) {
    Fd folder(::openat(parent.get(), base_name(path).c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    gone = folder.valid() && empty_folder(std::move(folder), info.st_dev, reason, last);
  }
  gone = gone && remove_entry(parent.get(), base_name(path).c_str(), info.st_dev, reason);
  if (!gone && why != nullptr) *why = reason.empty() ? "cannot open it" : reason;
  return gone;
}

}  // namespace withstand::os
