#include "lab/disk/durability/attributes.hpp"

#include <array>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <sys/xattr.h>

#include "os/check.hpp"

namespace withstand::lab::disk {
namespace {

void put_mode(int path, const std::string& value) {
  os::check("restore a mode", ::chmod(magic_link(path).c_str(), static_cast<mode_t>(std::stoul(value))));
}

void put_owner(int path, const std::string& value) {
  const auto colon = value.find(':');
  const auto uid = static_cast<uid_t>(std::stoul(value)), gid = static_cast<gid_t>(std::stoul(value.substr(colon + 1)));
  os::check("restore an owner", ::fchownat(path, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
}

void put_times(int path, const std::string& value) {
  std::array<timespec, 2> times{};
  if (std::sscanf(value.c_str(), "%ld.%ld %ld.%ld", &times[0].tv_sec, &times[0].tv_nsec, &times[1].tv_sec,
                  &times[1].tv_nsec) == 4)
    os::check("restore times", ::utimensat(path, "", times.data(), AT_EMPTY_PATH));
}

}  // namespace

std::string magic_link(int path) { return fmt::format("/proc/self/fd/{}", path); }

std::map<std::string, std::string> plain_attributes(const struct stat& status) {
  return {{"mode", std::to_string(status.st_mode & 07777U)},
          {"owner", fmt::format("{}:{}", status.st_uid, status.st_gid)},
          {"times", fmt::format("{}.{} {}.{}", status.st_atim.tv_sec, status.st_atim.tv_nsec, status.st_mtim.tv_sec,
                                status.st_mtim.tv_nsec)}};
}

std::optional<std::string> extended_attribute(int path, const char* name) {
  const std::string link = magic_link(path);
  const ssize_t size = ::getxattr(link.c_str(), name, nullptr, 0);
  if (size < 0) return std::nullopt;
  std::string value(static_cast<std::size_t>(size), '\0');
  if (::getxattr(link.c_str(), name, value.data(), value.size()) != size) return std::nullopt;
  return value;
}

void put_attribute(int path, const std::string& attribute, const std::optional<std::string>& value) {
  const std::string link = magic_link(path);
  if (attribute.starts_with("x:")) {
    const char* name = attribute.c_str() + 2;
    if (value) {
      os::check("restore an extended attribute", ::setxattr(link.c_str(), name, value->data(), value->size(), 0));
    } else if (::removexattr(link.c_str(), name) < 0 && errno != ENODATA) {
      throw os::SystemError("restore an extended attribute", errno);
    }
  } else if (attribute == "mode") {
    put_mode(path, value.value());
  } else if (attribute == "owner") {
    put_owner(path, value.value());
  } else {
    put_times(path, value.value());
  }
}

void copy_attributes(int from, int to) {
  struct stat status {};
  os::check("read attributes", ::fstatat(from, "", &status, AT_EMPTY_PATH));
  const auto plain = plain_attributes(status);
  put_owner(to, plain.at("owner"));
  if (S_ISLNK(status.st_mode)) return put_times(to, plain.at("times"));
  put_mode(to, plain.at("mode"));
  std::vector<char> names(1 << 16);
  const ssize_t length = ::listxattr(magic_link(from).c_str(), names.data(), names.size());
  for (ssize_t at = 0; at < length; at += static_cast<ssize_t>(std::char_traits<char>::length(names.data() + at)) + 1)
    put_attribute(to, std::string("x:") + (names.data() + at), extended_attribute(from, names.data() + at));
  put_times(to, plain.at("times"));
}

}  // namespace withstand::lab::disk
