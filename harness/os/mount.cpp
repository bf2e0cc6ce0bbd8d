#include "os/mount.hpp"

#include <sys/mount.h>

#include "os/check.hpp"

namespace withstand::os {

void make_mounts_private() {
  check("make mounts private", ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
}

void mount_proc(const std::string& place) {
  check("mount proc on " + place, ::mount("proc", place.c_str(), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr));
}

void mount_tmpfs(const std::string& place, const std::string& mode, const std::string& size) {
  const std::string options = "mode=" + mode + ",size=" + size;
  check("mount tmpfs on " + place, ::mount("tmpfs", place.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()));
}

void bind_mount(const std::string& source, const std::string& place) {
  check("bind " + source + " to " + place, ::mount(source.c_str(), place.c_str(), nullptr, MS_BIND | MS_REC, nullptr));
}

}  // namespace withstand::os
