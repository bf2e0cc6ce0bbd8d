#include "lab/init.hpp"

#include <poll.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/wait.h>

#include "lab/init_protocol.hpp"
#include "lab/target_process.hpp"
#include "os/ancillary.hpp"
#include "os/check.hpp"
#include "os/handshake.hpp"
#include "os/process.hpp"
#include "os/signal_fd.hpp"

namespace withstand::lab {
namespace {

class Init {
 public:
  Init(const NodePlan& plan, const InitDescriptors& descriptors)
      : plan_(plan), descriptors_(descriptors), children_({SIGCHLD}) {}

  void run() {
    while (!over_) {
      pollfd watched[] = {{descriptors_.control, POLLIN, 0}, {children_.get(), POLLIN, 0}, {report_.get(), POLLIN, 0}};
      os::check("wait in init", os::retry([&] { return ::poll(watched, report_.valid() ? 3 : 2, -1); }));
      // The report of an exec first: a target that ended at once must be known as started before it is known as ended.
      if (report_.valid() && watched[2].revents != 0) on_exec_report();
      if (watched[1].revents != 0) on_children();
      if (watched[0].revents != 0) on_command();
    }
  }

 private:
  void on_command() {
    const auto message = os::receive_message(descriptors_.control, false, 4096);
    if (!message) return;
    if (message->end || message->data.empty()) {
      over_ = message->end;
      return;
    }
    const int cgroup = message->descriptors.empty() ? -1 : message->descriptors[0].get();
    switch (message->data[0]) {
      case init::start_first:
        return start(plan_.first_argv, cgroup, init::number(message->data, 0) != 0);
      case init::start_again:
        return start(plan_.argv, cgroup, init::number(message->data, 0) != 0);
      case init::open_socket:
        return open_socket(init::number(message->data, 0));
      default:
        return;  // a newer orchestrator cannot be: we are its fork
    }
  }

  void start(const std::vector<std::string>& argv, int cgroup, bool stopped) {
    if (child_.pid != 0) return tell_failure(EBUSY, "start: the target runs");
    try {
      os::SocketPair report = os::make_socket_pair();
      child_ = os::clone_process("start the target", {0, cgroup}, [&]() -> int {
        become_target(plan_, argv, descriptors_.standard_output, descriptors_.standard_error, report.second.get());
      });
      report_ = std::move(report.first);
      if (stopped) child_.pidfd.send(SIGSTOP);
      send(std::string(1, init::born), {child_.pidfd.get()});
    } catch (const std::system_error& error) {
      tell_failure(error.code().value(), os::attempt_of(error));
    }
  }

  /// The child's socket is close-on-exec: its end without a message means that the new program runs.
  void on_exec_report() {
    const auto message = os::receive_message(report_.get());
    report_.reset();
    if (message->end) {
      send(std::string(1, init::started));
      announced_ = true;
      return;
    }
    const os::Failure failure = os::parse_failure(*message);
    failing_ = true;  // its exit is not the target's
    tell_failure(failure.error, failure.attempt);
  }

  void on_children() {
    while (children_.next()) {
    }
    for (;;) {
      siginfo_t info{};
      if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0) return;
      if (info.si_pid == child_.pid && report_.valid()) on_exec_report();  // killed between fork and exec, or after
      ::waitid(P_PID, static_cast<id_t>(info.si_pid), &info, WEXITED | WNOHANG);
      if (info.si_pid == child_.pid) on_target_end(info);
    }
  }

  void on_target_end(const siginfo_t& info) {
    child_ = {};
    if (announced_ && !failing_) {
      std::string data(1, init::exited);
      for (const init::Number value : {info.si_pid, info.si_code, info.si_status}) init::put(data, value);
      send(data);
    }
    announced_ = failing_ = false;
  }

  void open_socket(int family) {
    const os::Fd made(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    std::string data(1, init::socket);
    init::put(data, made.valid() ? 0 : errno);
    if (made.valid()) {
      send(data, {made.get()});
    } else {
      send(data);
    }
  }

  void tell_failure(int error, const std::string& attempt) {
    std::string data(1, init::failed);
    init::put(data, error);
    send(data + attempt.substr(0, 1024));
  }

  void send(const std::string& data, const std::vector<int>& descriptors = {}) {
    if (!os::send_message(descriptors_.control, data, descriptors)) over_ = true;
  }

  const NodePlan& plan_;
  InitDescriptors descriptors_;
  os::SignalFd children_;
  os::Child child_;  ///< the target's main process; pid 0 when none runs
  os::Fd report_;    ///< valid until the target's exec is known to have worked or not
  bool announced_ = false;
  bool failing_ = false;
  bool over_ = false;
};

}  // namespace

int run_init(const NodePlan& plan, const InitDescriptors& descriptors) {
  Init(plan, descriptors).run();
  return 0;
}

}  // namespace withstand::lab
