#include "lab/disk/mount.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "lab/disk/buffer.hpp"
#include "os/check.hpp"

namespace withstand::lab::disk {

os::Fd mount_fuse(const std::string& place) {
  os::Fd device(os::check("open /dev/fuse", ::open("/dev/fuse", O_RDWR | O_CLOEXEC)));
  const std::string options =
      fmt::format("fd={},rootmode=40000,user_id={},group_id={},allow_other,default_permissions,max_read={}",
                  device.get(), ::geteuid(), ::getegid(), most_data);
  os::check("mount a file system of ours at " + place,
            ::mount("withstand", place.c_str(), "fuse.withstand", MS_NOSUID | MS_NODEV, options.c_str()));
  return device;
}

void raise_descriptor_limit() {
  rlimit limit{};
  os::check("ask for the limit of descriptors", ::getrlimit(RLIMIT_NOFILE, &limit));
  limit.rlim_cur = limit.rlim_max;
  os::check("raise the limit of descriptors", ::setrlimit(RLIMIT_NOFILE, &limit));
}

}  // namespace withstand::lab::disk
