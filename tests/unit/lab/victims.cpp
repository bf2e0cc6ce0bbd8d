#include "victims.hpp"

#include <cstdio>
#include <cstdlib>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>
#include <string>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/wait.h>

#include "os/ancillary.hpp"
#include "os/check.hpp"
#include "support/lab_fixture.hpp"

namespace withstand::lab::testing {

int orchestrator_main(int argc, char** argv) {
  if (argc < 4) return 2;
  try {
    enter_user_namespace_unless_privileged();
    core::EventLoop loop;
    const auto experiment = experiment_of("while :; do echo alive; date > now; sleep 0.01; done");
    LabOptions options;
    options.run_directory = argv[2];
    options.run_name = argv[3];
    options.epoch = core::now();
    LocalLab lab(loop, experiment, core::Topology(experiment), options);
    if (const auto failure = lab.launch()) {
      std::printf("failed: %s\n%s\n", failure->reason.c_str(), failure->detail.c_str());
      return 1;
    }
    std::puts("ready");
    std::fflush(stdout);
    for (;;) loop.run_for(std::chrono::hours(1));
  } catch (const std::exception& error) {
    std::printf("error: %s\n", error.what());
    return 3;
  }
}

int serve_main(int argc, char** argv) {
  if (argc < 4) return 2;
  ::usleep(static_cast<useconds_t>(std::stoi(argv[3]) * 1000));
  const os::Fd listener(os::check("make socket", ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<std::uint16_t>(std::stoi(argv[2])));
  os::check("bind", ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
  os::check("listen", ::listen(listener.get(), 16));
  std::puts("serving");
  std::fflush(stdout);
  for (;;) {
    const os::Fd connection(::accept(listener.get(), nullptr, nullptr));
    char request[1024];
    if (!connection.valid() || ::read(connection.get(), request, sizeof request) <= 0) continue;
    const std::string answer = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    if (::write(connection.get(), answer.data(), answer.size()) < 0) continue;
  }
}

namespace {

/// Starts a process that would outlive everything that started it, and says in which PID namespace that is.
std::string leave_a_process_behind() {
  os::Pipe said = os::make_pipe();
  const pid_t child = ::fork();
  if (child == 0) {
    if (::fork() == 0) {
      ::setsid();
      for (;;) ::pause();
    }
    char pids[PATH_MAX] = "no /proc/self";
    if (::readlink("/proc/self/ns/pid", pids, sizeof pids - 1) < 0) ::_exit(1);
    ::_exit(::write(said.write.get(), pids, ::strlen(pids)) < 0 ? 1 : 0);
  }
  ::waitpid(child, nullptr, 0);
  char text[PATH_MAX] = {};
  return ::read(said.read.get(), text, sizeof text - 1) > 0 ? text : "nothing";
}

}  // namespace

int helper_main(int, char**) {
  char host[HOST_NAME_MAX + 1] = {};
  ::gethostname(host, sizeof host);
  char pids[PATH_MAX] = {};
  if (::readlink("/proc/self/ns/pid", pids, sizeof pids - 1) < 0) std::snprintf(pids, sizeof pids, "no /proc/self");
  os::send_message(3, std::string(host) + " " + pids + " " + leave_a_process_behind());
  std::puts("helper speaks");
  std::fflush(stdout);
  // Without the clean-up of a normal exit: a sanitizer's leak check would look for itself in a /proc that is the
  // node's.
  std::_Exit(os::receive_message(3)->end ? 0 : 1);
}

}  // namespace withstand::lab::testing
