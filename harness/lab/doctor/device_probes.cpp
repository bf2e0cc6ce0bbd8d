#include <array>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <unistd.h>

#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/fuse.h>
#include <linux/if_tun.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
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

namespace {

/// Over /tmp. The connection belongs to the user namespace in which the device was opened, so once more, inside.
os::Fd mount_probe() {
  os::Fd fuse(os::check("open /dev/fuse", ::open("/dev/fuse", O_RDWR | O_CLOEXEC)));
  const auto options = fmt::format("fd={},rootmode=40000,user_id={},group_id={}", fuse.get(), ::getuid(), ::getgid());
  os::check("mount a FUSE file system",
            ::mount("withstand-probe", "/tmp", "fuse.withstand-probe", MS_NOSUID | MS_NODEV, options.c_str()));
  return fuse;
}

}  // namespace

Finding probe_fuse() {
  const Device device{"/dev/fuse", "fuse"};
  const os::Fd early(::open(device.path, O_RDWR | O_CLOEXEC));
  if (!early.valid()) return closed(device, errno);
  enter_private(CLONE_NEWNS);
  static_cast<void>(mount_probe());
  return {Feature::State::ok, "a FUSE file system was mounted in a mount namespace of its own", ""};
}

namespace {

/// Of Linux 6.9 (include/uapi/linux/fuse.h); no header of Debian 12 has it.
constexpr std::uint32_t init_passthrough = 1U << 5U;
struct BackingMap {
  std::int32_t fd;
  std::uint32_t flags;
  std::uint64_t padding;
};
constexpr unsigned long backing_open = _IOW(229, 1, BackingMap);

/// Answers the kernel's first message on a mounted /dev/fuse; false when it does not know of data that passes through.
bool ask_for_passthrough(int fuse) {
  alignas(fuse_in_header) std::array<std::byte, 64 * 1024> message{};
  os::check("read the kernel's greeting on /dev/fuse", ::read(fuse, message.data(), message.size()));
  const auto& header = *reinterpret_cast<const fuse_in_header*>(message.data());
  const auto& asked = *reinterpret_cast<const fuse_init_in*>(message.data() + sizeof(fuse_in_header));
  struct {
    fuse_out_header header{};
    fuse_init_out body{};
  } answer;
  answer.header = {sizeof answer, 0, header.unique};
  answer.body.major = FUSE_KERNEL_VERSION;
  answer.body.minor = FUSE_KERNEL_MINOR_VERSION;
  answer.body.max_write = 4096;
  answer.body.flags = asked.flags & FUSE_INIT_EXT;
  answer.body.flags2 = (asked.flags & FUSE_INIT_EXT) != 0 ? asked.flags2 & init_passthrough : 0;
  answer.body.unused[0] = 1;  // max_stack_depth
  os::check("answer the kernel on /dev/fuse", ::write(fuse, &answer, sizeof answer));
  return answer.body.flags2 != 0;
}

}  // namespace

Finding probe_fuse_passthrough() {
  const auto slower = [](const std::string& why, const char* fix) {
    return Finding{Feature::State::degraded,
                   why + "; files that no fault concerns go through the disk server too, slower", fix};
  };
  const Device device{"/dev/fuse", "fuse"};
  const os::Fd early(::open(device.path, O_RDWR | O_CLOEXEC));
  if (!early.valid()) return closed(device, errno);
  enter_private(CLONE_NEWNS);
  const os::Fd fuse = mount_probe();
  if (!ask_for_passthrough(fuse.get())) return slower("this kernel is older than 6.9", "a newer kernel");
  const os::Fd file(os::check("open /proc/self/exe", ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)));
  BackingMap map{file.get(), 0, 0};
  if (::ioctl(fuse.get(), backing_open, &map) > 0) return {Feature::State::ok, "data passes through FUSE", ""};
  if (errno != EPERM) return slower(os::SystemError("let data pass through FUSE", errno).what(), "");
  return slower("only root where the machine was started may let data pass through FUSE",
                "run as root, outside containers");
}

Finding probe_loop_devices() {
  const Device device{"/dev/loop-control", "loop"};
  const os::Fd control(::open(device.path, O_RDWR | O_CLOEXEC));
  if (!control.valid()) {
    if (::geteuid() == 0 || errno != EACCES) return closed(device, errno);
    return {Feature::State::missing, os::SystemError("open /dev/loop-control", errno).what(),
            "run as root where the machine was started"};
  }
  const os::Fd file(os::check("make a file in memory", ::memfd_create("withstand-probe", MFD_CLOEXEC)));
  os::check("give it a size", ::ftruncate(file.get(), 1 << 20));
  const int number = os::check("find a free loop device", ::ioctl(control.get(), LOOP_CTL_GET_FREE));
  const auto path = fmt::format("/dev/loop{}", number);
  const os::Fd loop(os::check("open " + path, ::open(path.c_str(), O_RDWR | O_CLOEXEC)));
  loop_config config{};
  config.fd = static_cast<std::uint32_t>(file.get());
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR;  // it is free again when this process ends
  os::check("set up " + path, ::ioctl(loop.get(), LOOP_CONFIGURE, &config));
  return {Feature::State::ok, fmt::format("a file was made the block device {}", path), ""};
}

}  // namespace withstand::lab::doctor
