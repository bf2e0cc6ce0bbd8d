#include "os/capabilities.hpp"

#include <unistd.h>

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "os/check.hpp"

namespace withstand::os {
namespace {

__user_cap_header_struct own_header() { return {_LINUX_CAPABILITY_VERSION_3, 0}; }

}  // namespace

void forbid_new_privileges() {
  if (has_capability(CAP_SETPCAP)) {
    // The kernel knows the last one: beyond it, prctl says EINVAL.
    for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability)
      check("drop from the bounding set", ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0));
  }
  check("clear the ambient set", ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
  check("set no_new_privs", ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

void drop_capabilities() {
  auto header = own_header();
  __user_cap_data_struct none[2] = {};
  check("drop capabilities", ::syscall(SYS_capset, &header, none));
}

bool has_capability(int capability) {
  auto header = own_header();
  __user_cap_data_struct sets[2] = {};
  check("read capabilities", ::syscall(SYS_capget, &header, sets));
  return (sets[capability / 32].effective & (1U << (capability % 32))) != 0;
}

}  // namespace withstand::os
