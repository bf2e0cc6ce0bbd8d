#include "lab/block_device.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/disk.hpp"
#include "core/event_loop.hpp"
#include "os/check.hpp"
#include "os/handshake.hpp"
#include "os/namespace.hpp"
#include "os/process.hpp"

namespace withstand::lab {
namespace {

constexpr int device_patience_ms = 30'000;
constexpr auto patience_with_the_kernel = std::chrono::seconds(3);
constexpr int tries_for_a_device = 50;
constexpr std::size_t most_words = 4096;

std::vector<std::string> make_command(const std::string& file_system, const std::string& image) {
  const std::string program = "mkfs." + file_system;
  // Nobody is to be kept from the last blocks, and no thread of the kernel's own writes later.
  if (file_system == "ext4")
    return {program, "-q", "-F", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0", image};
  return {program, "-q", "-f", image};
}

/// Runs a program of the system administrator's; what it says on its standard error is in what is thrown.
void run_program(const std::vector<std::string>& command) {
  os::Pipe said = os::make_pipe();
  const os::Child child = os::clone_process("run " + command.front(), {}, [&]() -> int {
    ::setenv("PATH", "/usr/sbin:/sbin:/usr/bin:/bin", 1);
    os::check("connect stderr", ::dup2(said.write.get(), STDERR_FILENO));
    const auto arguments = os::exec_array(command);
    ::execvp(arguments[0], arguments.data());
    return errno == ENOENT ? 127 : 126;
  });
  said.write.reset();
  std::string words(most_words, '\0');
  const ssize_t got = os::retry([&] { return ::read(said.read.get(), words.data(), words.size()); });
  words.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  const auto status = child.pidfd.reap();
  if (status.shell_status() == 0) return;
  const bool unknown = status.shell_status() == 127;
  const std::string package = command.front() == "mkfs.ext4"  ? "e2fsprogs"
                              : command.front() == "mkfs.xfs" ? "xfsprogs"
                                                              : "btrfs-progs";
  throw os::SystemError(unknown ? fmt::format("run {} (of the package {})", command.front(), package)
                                : fmt::format("{}: it {}: {}", command.front(), status.to_text(), words),
                        unknown ? ENOENT : EIO);
}

/// Made beside the server, before anything of it is known to the kernel.
void make_image(const std::string& image, const std::string& file_system, std::uint64_t bytes) {
  {
    const os::Fd file(os::check("make " + image, ::open(image.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)));
    os::check("give " + image + " its size", ::ftruncate(file.get(), static_cast<off_t>(bytes)));
  }
  run_program(make_command(file_system, image));
}

/// A free loop device, from now on this file's; it is nobody's again when its last user has closed it.
os::Fd attach(int file) {
  const os::Fd control(os::check("open /dev/loop-control", ::open("/dev/loop-control", O_RDWR | O_CLOEXEC)));
  for (int tries = 0;; ++tries) {
    const int number = os::check("find a free loop device", ::ioctl(control.get(), LOOP_CTL_GET_FREE));
    const std::string path = fmt::format("/dev/loop{}", number);
    os::Fd device(os::check("open " + path, ::open(path.c_str(), O_RDWR | O_CLOEXEC)));
    loop_config config{};
    config.fd = static_cast<std::uint32_t>(file);
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO;
    if (::ioctl(device.get(), LOOP_CONFIGURE, &config) == 0) return device;
    // Somebody else was faster.
    if (errno != EBUSY || tries == tries_for_a_device) throw os::SystemError("set up " + path, errno);
  }
}

/// In the node's mount namespace: what is there belongs to whom the folder below belonged. Returns the device's number.
unsigned mount_device(const os::Fd& device, const std::string& file_system) {
  loop_info64 info{};
  os::check("ask about a loop device", ::ioctl(device.get(), LOOP_GET_STATUS64, &info));
  if ((info.lo_flags & LO_FLAGS_DIRECT_IO) == 0)
    os::check("let a loop device use no page cache", ::ioctl(device.get(), LOOP_SET_DIRECT_IO, 1UL));
  struct stat below {};
  os::check("look at the data directory", ::stat(inside::data, &below));
  const std::string path = fmt::format("/dev/loop{}", info.lo_number);
  os::check(fmt::format("mount {} as {}", path, file_system),
            ::mount(path.c_str(), inside::data, file_system.c_str(), MS_NOSUID | MS_NODEV, nullptr));
  // Programs ask whether their data directory is empty.
  static_cast<void>(::rmdir((std::string(inside::data) + "/lost+found").c_str()));
  os::check("give the data directory away", ::chown(inside::data, below.st_uid, below.st_gid));
  os::check("open up the data directory", ::chmod(inside::data, below.st_mode & 07777U));
  return info.lo_number;
}

bool is_attached(unsigned number) { return ::access(fmt::format("/sys/block/loop{}/loop", number).c_str(), F_OK) == 0; }

}  // namespace

BlockDevice::BlockDevice(const Node& node, std::string file_system, std::uint64_t bytes)
    : file_system_(std::move(file_system)), bytes_(bytes) {
  const std::string name = core::Disks::device_file;
  make_image(node.plan().folder + "/data" + name, file_system_, bytes_);
  os::SocketPair pair = os::make_socket_pair();
  const os::Child child = os::clone_process("mount in " + node.plan().name, {}, [&]() -> int {
    os::Fd named;
    os::set_up_or_report(pair.second.get(), [&] {
      os::join_namespaces(node.init().pidfd, CLONE_NEWNS);
      const std::string path = inside::data + name;
      const os::Fd file(os::check("open " + path, ::open(path.c_str(), O_RDWR | O_CLOEXEC)));
      const os::Fd device = attach(file.get());
      // A descriptor that keeps nothing open, to name it by.
      const std::string place = fmt::format("/dev/loop{}", mount_device(device, file_system_));
      named = os::Fd(os::check("open " + place, ::open(place.c_str(), O_PATH | O_CLOEXEC)));
    });
    os::report_ready(pair.second.get(), {named.get()});
    return 0;
  });
  pair.second.reset();
  const auto named = os::await_ready("disk of " + node.plan().name, pair.first.get(), device_patience_ms);
  child.pidfd.reap();
  struct stat status {};
  os::check("look at a loop device", ::fstat(named.at(0).get(), &status));
  number_ = minor(status.st_rdev);
}

BlockDevice::~BlockDevice() {
  const auto deadline = core::now() + patience_with_the_kernel;
  while (is_attached(number_) && core::now() < deadline) ::usleep(5000);
}

}  // namespace withstand::lab
