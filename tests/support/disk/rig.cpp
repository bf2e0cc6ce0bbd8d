#include "support/disk/rig.hpp"

#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/capability.h>
#include <sys/mount.h>

#include "lab/disk/durability/power.hpp"
#include "lab/disk/durability/shadow.hpp"
#include "lab/disk/mount.hpp"
#include "os/capabilities.hpp"
#include "os/check.hpp"
#include "os/mount.hpp"
#include "os/namespace.hpp"

namespace withstand::lab::disk::testing {
namespace {

std::string enter_namespaces() {
  if (::access("/dev/fuse", R_OK | W_OK) != 0) return "needs /dev/fuse";
  try {
    if (!os::has_capability(CAP_SYS_ADMIN)) os::enter_user_namespace();
  } catch (const os::SystemError&) {
    return "needs root or user namespaces";
  }
  os::check("enter a mount namespace", ::unshare(CLONE_NEWNS));
  os::make_mounts_private();
  return "";
}

int serve(const DiskRig::Options& options, const std::string& backing, os::Fd device) {
  raise_descriptor_limit();
  FileSystem::Options files_options;
  files_options.root = os::Fd(os::check("open " + backing, ::open(backing.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)));
  files_options.device = device.get();
  files_options.passthrough_allowed = options.passthrough;
  files_options.concerns = options.concerns;
  std::unique_ptr<Shadow> shadow;
  Power power;
  if (options.records) {
    Shadow::Options shadow_options;
    shadow_options.store =
        os::Fd(os::check("make a store", ::open(backing.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600)));
    shadow = std::make_unique<Shadow>(std::move(shadow_options));
    files_options.shadow = shadow.get();
    files_options.power = &power;
  }
  FileSystem files(std::move(files_options));
  const std::unique_ptr<Gate> gate = options.gate ? options.gate(files) : nullptr;
  Session::Options session_options;
  session_options.device = std::move(device);
  session_options.gate = gate.get();
  Session(files, std::move(session_options)).run();
  return 0;
}

}  // namespace

const std::string& why_no_mount() {
  static const std::string reason = enter_namespaces();
  return reason;
}

DiskRig::DiskRig(Options options) {
  folder_ = options.parent + "/withstand-disk-XXXXXX";
  os::check_pointer("make a folder", ::mkdtemp(folder_.data()));
  std::filesystem::permissions(folder_, std::filesystem::perms(0755));
  backing_ = folder_ + "/backing";
  mounted_ = folder_ + "/mounted";
  for (const auto& each : {backing_, mounted_}) std::filesystem::create_directory(each);
  os::Fd device = mount_fuse(mounted_);
  const os::Parent parent;
  server_ = os::clone_process("start a disk server", {}, [&]() -> int {
    parent.die_with(SIGKILL);
    return serve(options, backing_, std::move(device));
  });
}

DiskRig::~DiskRig() {
  ::umount2(mounted_.c_str(), MNT_DETACH);
  if (!server_.pidfd.wait_end(5000)) server_.pidfd.send(SIGKILL);
  server_.pidfd.reap();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace withstand::lab::disk::testing
