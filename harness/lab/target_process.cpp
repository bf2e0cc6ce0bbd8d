#include "lab/target_process.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "lab/clock/filter.hpp"
#include "os/ancillary.hpp"
#include "os/capabilities.hpp"
#include "os/handshake.hpp"
#include "os/process.hpp"

namespace withstand::lab {
namespace {

void set_limits() {
  const rlimit no_core{0, 0};
  os::check("forbid core files", ::setrlimit(RLIMIT_CORE, &no_core));
  rlimit files{};
  os::check("read limit of descriptors", ::getrlimit(RLIMIT_NOFILE, &files));
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 65536);  // more makes old programs that close them all slow
  os::check("set limit of descriptors", ::setrlimit(RLIMIT_NOFILE, &files));
}

void connect_streams(int standard_output, int standard_error) {
  const os::Fd null(os::check("open /dev/null", ::open("/dev/null", O_RDWR | O_CLOEXEC)));
  os::check("connect standard input", ::dup2(null.get(), STDIN_FILENO));
  os::check("connect standard output", ::dup2(standard_output, STDOUT_FILENO));
  os::check("connect standard error", ::dup2(standard_error, STDERR_FILENO));
}

}  // namespace

void drop_to(const os::Credentials& who) {
  set_limits();
  ::umask(022);
  os::reset_signals();
  os::forbid_new_privileges();
  os::become(who);
  os::drop_capabilities();
}

void enter_clock_domain(const ClockDoor& door) {
  if (door.socket < 0) return;
  const os::Fd listener = clock::install_filter(door.steady_too ? clock::Waits::of_all : clock::Waits::of_wall);
  if (!os::send_message(door.socket, "L", {listener.get()})) throw os::SystemError("reach the clock supervisor", EPIPE);
}

void become_target(const NodePlan& plan, const std::vector<std::string>& argv, int standard_output, int standard_error,
                   int report) {
  os::set_up_or_report(report, [&] {
    os::check("start a session", ::setsid());
    connect_streams(standard_output, standard_error);
    std::vector<int> open{report};
    if (plan.clock.socket >= 0) open.push_back(plan.clock.socket);
    os::close_other_descriptors(std::move(open));
    drop_to(plan.who);
    enter_clock_domain(plan.clock);
    os::check(fmt::format("enter {}", inside::data), ::chdir(inside::data));
    const auto arguments = os::exec_array(argv);
    const auto environment = os::exec_array(plan.env);
    ::execve(arguments[0], arguments.data(), environment.data());
    throw os::SystemError("execute " + argv[0], errno);
  });
  ::_exit(70);
}

}  // namespace withstand::lab
