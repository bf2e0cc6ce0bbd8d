// What doctor says in the places where users first meet it: an ordinary container, Ubuntu's and Debian's restrictions,
// device files that only root may open. Each is imitated in a child process.

#include <cstddef>
#include <cstdlib>
#include <sched.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "lab/doctor/doctor.hpp"
#include "lab/doctor/probe.hpp"
#include "os/capabilities.hpp"
#include "os/check.hpp"
#include "os/files.hpp"
#include "os/mount.hpp"

namespace withstand::lab {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using State = Feature::State;

constexpr uid_t ordinary = 65534;

doctor::Finding asked(const std::string& id) {
  const auto feature = examine({id}).front();
  return {feature.state, feature.why, feature.fix};
}

/// From here on these system calls fail with this errno, as under a container runtime's filter.
void refuse(std::initializer_list<long> calls, unsigned error) {
  std::vector<sock_filter> code{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (const long call : calls) {
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1));
    code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error));
  }
  code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  os::check("give up new privileges", ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  os::check("install a filter", ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

void hide_behind_tmpfs(const std::string& folder) {
  doctor::enter_private(CLONE_NEWNS);
  os::mount_tmpfs(folder, "0755", "64k");
}

void become_ordinary() { os::check("become an ordinary user", ::setresuid(ordinary, ordinary, ordinary)); }

class DoctorConfined : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!os::has_capability(CAP_SYS_ADMIN)) GTEST_SKIP() << "imitating other machines needs CAP_SYS_ADMIN";
  }
  static doctor::Finding in(doctor::Probe probe) { return doctor::in_child(probe, std::chrono::seconds(20)); }
};

TEST_F(DoctorConfined, AnOrdinaryContainerIsToldWhichFlagsItLacks) {
  const auto finding = in([] {
    ::setenv("container", "docker", 1);
    os::drop_capabilities();
    refuse({SYS_unshare, SYS_mount, SYS_setns}, EPERM);
    return asked("namespaces");
  });
  EXPECT_EQ(finding.state, State::missing);
  EXPECT_EQ(finding.why, "enter a user namespace: Operation not permitted");
  EXPECT_THAT(finding.fix, HasSubstr("--cap-add SYS_ADMIN --cap-add NET_ADMIN --security-opt seccomp=unconfined"));
  EXPECT_THAT(finding.fix, HasSubstr("--privileged"));
}

TEST_F(DoctorConfined, AContainerWithTheCapabilitiesIsNotToldToAddThem) {
  const auto finding = in([] {
    ::setenv("container", "docker", 1);
    refuse({SYS_mount}, EPERM);
    return asked("namespaces");
  });
  EXPECT_EQ(finding.state, State::missing);
  EXPECT_THAT(finding.why, HasSubstr("Operation not permitted"));
  EXPECT_THAT(finding.fix, HasSubstr("--security-opt seccomp=unconfined"));
  EXPECT_THAT(finding.fix, Not(HasSubstr("--cap-add")));
}

TEST_F(DoctorConfined, Clone3ThatTheFilterDoesNotKnowIsNamed) {
  const auto finding = in([] {
    ::setenv("container", "docker", 1);
    refuse({SYS_clone3}, ENOSYS);
    return asked("namespaces");
  });
  EXPECT_EQ(finding.state, State::missing);
  EXPECT_EQ(finding.why, "clone3 into new namespaces: Function not implemented");
  EXPECT_THAT(finding.fix, HasSubstr("seccomp=unconfined"));
}

TEST_F(DoctorConfined, AContainerWithoutTheTunDeviceIsToldToAddIt) {
  const auto finding = in([] {
    ::setenv("container", "docker", 1);
    hide_behind_tmpfs("/dev/net");
    return asked("tun");
  });
  EXPECT_EQ(finding.state, State::missing);
  EXPECT_EQ(finding.why, "open /dev/net/tun: No such file or directory");
  EXPECT_EQ(finding.fix, "start the container with --device /dev/net/tun");
}

TEST_F(DoctorConfined, ADeviceThatOnlyRootMayOpenIsNamedWithItsMode) {
  const auto finding = in([] {
    hide_behind_tmpfs("/dev/net");
    os::check("make a device", ::mknod("/dev/net/tun", S_IFCHR | 0600, static_cast<dev_t>(10 << 8 | 200)));
    become_ordinary();
    return asked("tun");
  });
  EXPECT_EQ(finding.state, State::missing);
  EXPECT_THAT(finding.why, HasSubstr("open /dev/net/tun: "));  // a device node on a nodev mount is refused the same way
  EXPECT_THAT(finding.fix, HasSubstr("sudo chmod 0666 /dev/net/tun"));
}

TEST_F(DoctorConfined, UbuntusRestrictionIsNamed) {
  const auto finding = in([] {
    hide_behind_tmpfs("/proc/sys/kernel");
    os::write_file("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n", 0444);
    become_ordinary();
    refuse({SYS_unshare}, EPERM);
    return asked("user-namespaces");
  });
  EXPECT_EQ(finding.state, State::missing);
  EXPECT_THAT(finding.fix, HasSubstr("sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"));
}

TEST_F(DoctorConfined, DebiansSwitchIsNamed) {
  const auto finding = in([] {
    hide_behind_tmpfs("/proc/sys/kernel");
    os::write_file("/proc/sys/kernel/unprivileged_userns_clone", "0\n", 0444);
    become_ordinary();
    refuse({SYS_unshare}, EPERM);
    return asked("user-namespaces");
  });
  EXPECT_EQ(finding.state, State::missing);
  EXPECT_THAT(finding.fix, HasSubstr("sudo sysctl kernel.unprivileged_userns_clone=1"));
}

TEST_F(DoctorConfined, AnExhaustedLimitIsNamed) {
  const auto finding = in([] {
    become_ordinary();
    refuse({SYS_unshare}, ENOSPC);
    return asked("user-namespaces");
  });
  EXPECT_EQ(finding.state, State::missing);
  EXPECT_THAT(finding.fix, HasSubstr("max_*_namespaces"));
}

TEST_F(DoctorConfined, PtraceScopeIsNamed) {
  const auto finding = in([] {
    hide_behind_tmpfs("/proc/sys/kernel");
    os::make_folders("/proc/sys/kernel/yama", 0755);
    os::write_file("/proc/sys/kernel/yama/ptrace_scope", "3\n", 0444);
    refuse({SYS_ptrace}, EPERM);
    return asked("ptrace");
  });
  EXPECT_EQ(finding.state, State::missing);
  EXPECT_THAT(finding.fix, HasSubstr("kernel.yama.ptrace_scope is 3"));
}

TEST_F(DoctorConfined, WithoutACgroupOfItsOwnAnOrdinaryUserIsDegradedAndToldHow) {
  const auto finding = in([] {
    become_ordinary();
    return asked("cgroup-freezer");
  });
  if (finding.state == State::ok) GTEST_SKIP() << "here an ordinary user may make cgroups: " << finding.why;
  EXPECT_EQ(finding.state, State::degraded);
  EXPECT_THAT(finding.why, HasSubstr("SIGSTOP"));
  EXPECT_THAT(finding.fix, HasSubstr("Delegate=yes"));
}

TEST_F(DoctorConfined, RealTimeThatIsRefusedIsDegraded) {
  const auto finding = in([] {
    refuse({SYS_sched_setscheduler}, EPERM);
    return asked("realtime");
  });
  EXPECT_EQ(finding.state, State::degraded);
  EXPECT_THAT(finding.why, HasSubstr("ordinary priority"));
  EXPECT_FALSE(finding.fix.empty());
}

TEST_F(DoctorConfined, ASecondListenerIsRefusedWithTheKernelsWord) {
  const auto finding = in([] {
    refuse({SYS_seccomp}, EBUSY);
    return asked("seccomp-notify");
  });
  EXPECT_EQ(finding.state, State::missing);
  EXPECT_THAT(finding.why, HasSubstr("install a system-call filter with a listener: Device or resource busy"));
}

}  // namespace
}  // namespace withstand::lab
