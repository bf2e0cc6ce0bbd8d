#include "lab/doctor/probe.hpp"

#include <array>
#include <csignal>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/wait.h>

#include "os/capabilities.hpp"
#include "os/check.hpp"
#include "os/fd.hpp"
#include "os/files.hpp"
#include "os/mount.hpp"
#include "os/namespace.hpp"
#include "os/process.hpp"

namespace withstand::lab::doctor {

namespace {

using Clock = std::chrono::steady_clock;

void write_all(int fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const auto n = os::retry([&] { return ::write(fd, text.data() + done, text.size() - done); });
    if (n <= 0) return;
    done += static_cast<std::size_t>(n);
  }
}

/// A finding on the wire: the state's number, then `why` and `fix`, each ended by a NUL.
std::string encode(const Finding& finding) {
  return std::to_string(static_cast<int>(finding.state)) + finding.why + '\0' + finding.fix + '\0';
}

bool decode(const std::string& wire, Finding& finding) {
  const auto first = wire.find('\0');
  if (first == std::string::npos || wire.back() != '\0' || first + 1 == wire.size()) return false;
  finding.state = static_cast<Feature::State>(wire[0] - '0');
  finding.why = wire.substr(1, first - 1);
  finding.fix = wire.substr(first + 1, wire.size() - first - 2);
  return true;
}

[[noreturn]] void child_main(Probe probe, int out) {
  Finding finding;
  try {
    finding = probe();
  } catch (const os::SystemError& error) {
    finding = {Feature::State::missing, error.what(), advise_on_namespaces(error.code().value())};
  } catch (const std::exception& error) {
    finding = {Feature::State::missing, error.what(), ""};
  }
  write_all(out, encode(finding));
  ::_exit(0);
}

/// Reads until the writer is gone or the time is up; false when it is up.
bool read_until_closed(int fd, Clock::time_point deadline, std::string& text) {
  std::array<char, 4096> buffer{};
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd waiting{fd, POLLIN, 0};
    const int ready = os::retry([&] { return ::poll(&waiting, 1, left > 0 ? static_cast<int>(left) : 0); });
    if (ready == 0) return false;
    const auto n = os::retry([&] { return ::read(fd, buffer.data(), buffer.size()); });
    if (n <= 0) return true;
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

/// Runs the body; a failure goes down the pipe as "ERRNO ATTEMPT".
void report_failure(const std::function<void()>& body, int out) {
  try {
    body();
  } catch (const os::SystemError& error) {
    const std::string what = error.what();
    write_all(out, fmt::format("{} {}", error.code().value(), what.substr(0, what.rfind(": "))));
  }
}

}  // namespace

Finding in_child(Probe probe, std::chrono::milliseconds limit) {
  auto pipe = os::make_pipe();
  const auto deadline = Clock::now() + limit;
  const os::Parent self;
  const pid_t child = os::check("start a probe", ::fork());
  if (child == 0) {
    self.die_with(SIGKILL);
    child_main(probe, pipe.write.get());
  }
  pipe.write.reset();
  std::string wire;
  const bool ended = read_until_closed(pipe.read.get(), deadline, wire);
  if (!ended) ::kill(child, SIGKILL);
  int status = 0;
  os::check("wait for a probe", os::retry([&] { return ::waitpid(child, &status, 0); }));
  Finding finding;
  if (!wire.empty() && decode(wire, finding)) return finding;
  if (!ended) return {Feature::State::missing, fmt::format("the attempt hung for {} s", limit.count() / 1000), ""};
  return {Feature::State::missing,
          WIFSIGNALED(status) ? fmt::format("the attempt was killed by signal {}", WTERMSIG(status))
                              : fmt::format("the attempt exited with {}", WEXITSTATUS(status)),
          WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS
              ? "a seccomp filter kills this system call; in a container: --security-opt seccomp=unconfined"
              : ""};
}

void enter_private(int flags) {
  if (!os::has_capability(CAP_SYS_ADMIN)) os::enter_user_namespace();
  if (flags != 0) os::check("unshare namespaces", ::unshare(flags));
  if ((flags & CLONE_NEWNS) != 0) os::make_mounts_private();
}

void run_in_clone(unsigned namespaces, const std::function<void()>& body) {
  auto pipe = os::make_pipe();
  const os::Parent self;
  const auto child = os::clone_process("clone3 into new namespaces", {namespaces, -1}, [&] {
    self.die_with(SIGKILL);
    report_failure(body, pipe.write.get());
    return 0;
  });
  pipe.write.reset();
  std::string message;
  const bool ended = read_until_closed(pipe.read.get(), Clock::now() + std::chrono::seconds(4), message);
  if (!ended) ::kill(child.pid, SIGKILL);
  child.pidfd.reap();
  if (!ended) throw os::SystemError("run in new namespaces", ETIMEDOUT);
  if (message.empty()) return;
  const auto space = message.find(' ');
  throw os::SystemError(message.substr(space + 1), std::stoi(message.substr(0, space)));
}

std::string read_line(const std::string& path) {
  const auto text = os::read_file(path).value_or("");
  return text.substr(0, text.find('\n'));
}

}  // namespace withstand::lab::doctor
