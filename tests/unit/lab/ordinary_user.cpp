#include "ordinary_user.hpp"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "os/check.hpp"
#include "os/users.hpp"

namespace withstand::lab::testing {
namespace {

void become_ordinary() {
  os::check("private mounts", ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
  os::check("tmpfs", ::mount("tmpfs", "/dev/net", "tmpfs", 0, "mode=755"));
  os::check("device", ::mknod("/dev/net/tun", S_IFCHR | 0666, makedev(10, 200)));
  os::check("mode", ::chmod("/dev/net/tun", 0666));
  ::unsetenv("XDG_RUNTIME_DIR");
  os::become({ordinary_uid, ordinary_uid, {}});
}

}  // namespace

os::Child start_own_program(const std::vector<std::string>& argv, bool as_root, int standard_output) {
  const auto mounts = as_root ? 0U : static_cast<unsigned>(CLONE_NEWNS);
  const int program = os::check("open own program", ::open("/proc/self/exe", O_PATH | O_CLOEXEC));
  auto child = os::clone_process("start this program again", {mounts, -1}, [&]() -> int {
    os::check("connect stdout", ::dup2(standard_output, STDOUT_FILENO));
    ::setenv("WITHSTAND_TEST_RUN", argv.back().c_str(), 1);
    if (!as_root) become_ordinary();
    const auto arguments = os::exec_array(argv);
    ::execveat(program, "", arguments.data(), environ, AT_EMPTY_PATH);
    return 71;
  });
  ::close(program);
  return child;
}

}  // namespace withstand::lab::testing
