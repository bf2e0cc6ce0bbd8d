#include <cerrno>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <unistd.h>

#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#include "lab/doctor/probe.hpp"
#include "os/check.hpp"
#include "os/fd.hpp"

namespace withstand::lab::doctor {

namespace {

struct Device {
  const char* path;
  const char* module;
};

/// Why a device node would not open, and what to do.
Finding closed(const Device& device, int error) {
  const std::string why = os::SystemError(fmt::format("open {}", device.path), error).what();
  const auto flag = fmt::format("start the container with --device {}", device.path);
  switch (error) {
    case ENOENT:
      return {Feature::State::missing, why,
              in_container() ? flag
                             : fmt::format("sudo modprobe {}; if there is still no {}, this kernel was built "
                                           "without it",
                                           device.module, device.path)};
    case ENODEV:
    case ENXIO:
      return {Feature::State::missing, why,
              fmt::format("sudo modprobe {} (on the host, for a container)", device.module)};
    case EPERM:  // the device controller's answer
      return {Feature::State::missing, why,
              in_container() ? flag : "a device cgroup forbids it; allow the device there"};
    case EACCES:
      return {Feature::State::missing, why,
              fmt::format("sudo chmod 0666 {} (what udev does by default), or run as root", device.path)};
    default:
      return {Feature::State::missing, why, ""};
  }
}

}  // namespace

Finding probe_tun() {
  const Device device{"/dev/net/tun", "tun"};
  const os::Fd early(::open(device.path, O_RDWR | O_CLOEXEC));
  if (!early.valid()) return closed(device, errno);
  enter_private(CLONE_NEWNET);
  // The device belongs to the network namespace in which it was opened, so once more, inside.
  const os::Fd tun(::open(device.path, O_RDWR | O_CLOEXEC));
  if (!tun.valid()) return closed(device, errno);
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
  os::check("make a TUN interface (TUNSETIFF)", ::ioctl(tun.get(), TUNSETIFF, &request));
  const unsigned offloads = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
  if (::ioctl(tun.get(), TUNSETOFFLOAD, offloads) < 0)
    return {Feature::State::degraded, "TUN works, segmentation offload is refused: less throughput between nodes",
            "a newer kernel"};
  return {Feature::State::ok, "TUN with virtio headers and segmentation offload", ""};
}

Finding probe_fuse() {
  const Device device{"/dev/fuse", "fuse"};
  const os::Fd early(::open(device.path, O_RDWR | O_CLOEXEC));
  if (!early.valid()) return closed(device, errno);
  enter_private(CLONE_NEWNS);
  // The connection belongs to the user namespace in which it was opened, so once more, inside.
  const os::Fd fuse(::open(device.path, O_RDWR | O_CLOEXEC));
  if (!fuse.valid()) return closed(device, errno);
  const auto options = fmt::format("fd={},rootmode=40000,user_id={},group_id={}", fuse.get(), ::getuid(), ::getgid());
  os::check("mount a FUSE file system",
            ::mount("withstand-probe", "/tmp", "fuse.withstand-probe", MS_NOSUID | MS_NODEV, options.c_str()));
  return {Feature::State::ok, "a FUSE file system was mounted in a mount namespace of its own", ""};
}

}  // namespace withstand::lab::doctor
