#include "lab/spawn.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <sys/syscall.h>

#include "os/check.hpp"
#include "os/files.hpp"
#include "os/handshake.hpp"
#include "os/namespace.hpp"
#include "os/process.hpp"

namespace withstand::lab {
namespace {

constexpr int first_descriptor = 3;

std::string& program_path() {
  static std::string path = "/proc/self/exe";
  return path;
}

/// Where the caller was, if that exists in the joined mount namespace; else "/".
void keep_folder(const std::string& folder) {
  if (::chdir(folder.c_str()) < 0) os::check("enter /", ::chdir("/"));
}

[[noreturn]] void execute(const SpawnOptions& options, const os::Parent& parent, int control, int report) {
  os::set_up_or_report(report, [&] {
    if (options.own_session) os::check("start a session", ::setsid());
    os::reset_signals();
    const os::Fd program(os::check("open " + own_program(), ::open(own_program().c_str(), O_PATH | O_CLOEXEC)));
    const std::string folder = os::real_path(".");
    if (options.inside != nullptr) {
      // Of the PID namespace setns(2) says: for children only.
      os::join_namespaces(*options.inside, CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID);
      keep_folder(folder);
    }
    if (options.standard_output >= 0) os::check("connect stdout", ::dup2(options.standard_output, STDOUT_FILENO));
    if (options.standard_error >= 0) os::check("connect stderr", ::dup2(options.standard_error, STDERR_FILENO));
    if (options.dies_with_us) parent.die_with(SIGKILL);
    std::vector<int> handed{control};
    handed.insert(handed.end(), options.descriptors.begin(), options.descriptors.end());
    // Where they are going to stand, our own two may stand now: they move out of the way first.
    const int above = first_descriptor + static_cast<int>(handed.size()) + 64;
    const int moved_program = os::check("move descriptor", ::fcntl(program.get(), F_DUPFD_CLOEXEC, above));
    const int moved_report = os::check("move descriptor", ::fcntl(report, F_DUPFD_CLOEXEC, above));
    os::place_descriptors(handed, first_descriptor);
    std::vector<int> kept{moved_program, moved_report};
    for (std::size_t i = 0; i < handed.size(); ++i) kept.push_back(first_descriptor + static_cast<int>(i));
    os::close_other_descriptors(kept);
    std::vector<std::string> argv{"withstand"};
    argv.insert(argv.end(), options.args.begin(), options.args.end());
    const auto arguments = os::exec_array(argv);
    os::set_up_or_report(moved_report, [&] {
      ::syscall(SYS_execveat, moved_program, "", arguments.data(), environ, AT_EMPTY_PATH);
      throw os::SystemError("execute " + own_program(), errno);
    });
  });
  ::_exit(70);
}

/// The report socket is close-on-exec: its end without a message means that the new program runs.
void await_exec(const os::Fd& report) {
  const auto message = os::receive_message(report.get());
  if (message->end) return;
  const os::Failure failure = os::parse_failure(*message);
  throw os::SystemError("start a helper process: " + failure.attempt, failure.error);
}

}  // namespace

void set_own_program(std::string path) { program_path() = std::move(path); }
const std::string& own_program() { return program_path(); }

HelperProcess spawn_helper(const SpawnOptions& options) {
  os::SocketPair control = os::make_socket_pair();
  os::SocketPair report = os::make_socket_pair();
  const os::Parent self;
  os::Child child = os::clone_process("start a helper process", {0, options.cgroup}, [&]() -> int {
    execute(options, self, control.second.get(), report.second.get());
  });
  report.second.reset();
  HelperProcess helper(child.pid, std::move(child.pidfd), std::move(control.first));
  await_exec(report.first);
  return helper;
}

HelperProcess::~HelperProcess() {
  try {
    finish(0);
  } catch (const std::exception&) {  // nothing is left that could be waited for
  }
}

HelperProcess::HelperProcess(HelperProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      pidfd_(std::move(other.pidfd_)),
      control_(std::move(other.control_)),
      status_(other.status_) {}

HelperProcess& HelperProcess::operator=(HelperProcess&& other) noexcept {
  if (this != &other) {
    HelperProcess old(std::move(*this));
    pid_ = std::exchange(other.pid_, 0);
    pidfd_ = std::move(other.pidfd_);
    control_ = std::move(other.control_);
    status_ = other.status_;
  }
  return *this;
}

os::WaitStatus HelperProcess::finish(int patience_ms) {
  control_.reset();
  if (pid_ == 0) return status_;
  if (!pidfd_.wait_end(patience_ms)) pidfd_.send(SIGKILL);
  status_ = pidfd_.reap();
  pid_ = 0;
  return status_;
}

}  // namespace withstand::lab
