#include "lab/command.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <boost/process/args.hpp>
#include <boost/process/child.hpp>
#include <boost/process/env.hpp>
#include <boost/process/environment.hpp>
#include <boost/process/exe.hpp>
#include <boost/process/extend.hpp>
#include <boost/process/io.hpp>
#include <boost/process/posix.hpp>

#include "lab/command_child.hpp"
#include "os/check.hpp"

namespace withstand::lab {
namespace v1_process = boost::process;
namespace {

constexpr std::size_t most_output = 1U << 20;
constexpr std::size_t most_error = 64U << 10;

/// One of a command's output streams: read as it comes, kept up to a bound, the rest thrown away.
class Stream {
 public:
  void attach(core::EventLoop& loop, os::Fd pipe, std::size_t bound) {
    pipe_ = std::move(pipe);
    bound_ = bound;
    os::set_nonblocking(pipe_);
    readable_ = loop.on_readable(pipe_.get(), [this] { read_some(); });
  }
  /// Reads what is there, at most 1 MiB, without waiting.
  void read_some() {
    char buffer[16384];
    for (int round = 0; round < 64; ++round) {
      const auto got = os::retry([&] { return ::read(pipe_.get(), buffer, sizeof buffer); });
      if (got == 0) readable_.reset();
      if (got <= 0) return;
      content_.append(buffer, std::min(static_cast<std::size_t>(got), bound_ - content_.size()));
    }
  }
  std::string take() {
    readable_.reset();
    return std::move(content_);
  }

 private:
  os::Fd pipe_;
  std::size_t bound_ = 0;
  std::string content_;
  core::EventLoop::Registration readable_;
};

}  // namespace

struct CommandRunner::Running {
  Stream output, error;
  pid_t pid = 0;
  os::Pidfd pidfd;
  core::CommandResult result;
  std::function<void(core::CommandResult)> done;
  core::EventLoop::Registration ended, timeout;

  /// The whole session: the command's children too. Only while it is not reaped, so the number is still its own.
  void kill() const {
    if (pid == 0) return;
    ::kill(-pid, SIGKILL);
    pidfd.send(SIGKILL);  // before setsid there is no such group
  }
};

CommandRunner::CommandRunner(core::EventLoop& loop) : loop_(loop) {}

CommandRunner::~CommandRunner() {
  for (auto& [id, running] : running_) {
    running->ended.reset();
    running->timeout.reset();
    if (running->pid == 0) continue;
    running->kill();
    running->pidfd.reap();
  }
}

void CommandRunner::run(const CommandPlace& place, const std::vector<std::string>& argv,
                        std::chrono::nanoseconds timeout, std::function<void(core::CommandResult)> done) {
  const std::uint64_t id = next_++;
  auto running = std::make_shared<Running>();
  running->done = std::move(done);
  running->result.started = core::now();
  running_[id] = running;
  try {
    launch(*running, place, argv);
    running->ended = loop_.on_readable(running->pidfd.get(), [this, id] { on_end(id); });
    running->timeout = loop_.at(running->result.started + timeout, [this, id] { on_timeout(id); });
  } catch (const std::exception& error) {
    running->result.exit_status = 126;
    running->result.error = error.what();
    loop_.post([this, id] { on_end(id); });
  }
}

void CommandRunner::launch(Running& running, const CommandPlace& place, const std::vector<std::string>& argv) {
  os::Pipe output = os::make_pipe();
  os::Pipe error = os::make_pipe();
  const os::Fd null(os::check("open /dev/null", ::open("/dev/null", O_RDONLY | O_CLOEXEC)));
  v1_process::environment env;
  for (const auto& entry : place.env) {
    const auto equals = entry.find('=');
    env[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  const std::vector<std::string> arguments(argv.begin() + 1, argv.end());
  const os::Parent self;
  const auto setup = v1_process::extend::on_exec_setup = [&](auto& executor) {
    enter_node_for_command(place, self, executor.get_used_handles());
  };
  // Reported here and not through Boost: it reaps a failed child only if that has ended by then.
  const auto failed = v1_process::extend::on_exec_error = [&](auto&, const std::error_code& code) {
    give_up_command(argv[0], code.value());
  };
  v1_process::child child(v1_process::exe = argv[0], v1_process::args = arguments, env,
                          v1_process::posix::fd.bind(STDIN_FILENO, null.get()),
                          v1_process::posix::fd.bind(STDOUT_FILENO, output.write.get()),
                          v1_process::posix::fd.bind(STDERR_FILENO, error.write.get()), setup, failed);
  running.pid = child.id();
  child.detach();  // its exit is awaited by pidfd: Boost's own way needs SIGCHLD
  running.pidfd = os::Pidfd::open(running.pid);
  running.output.attach(loop_, std::move(output.read), most_output);
  running.error.attach(loop_, std::move(error.read), most_error);
}

void CommandRunner::on_end(std::uint64_t id) {
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  const auto running = found->second;
  running_.erase(found);
  running->ended.reset();
  running->timeout.reset();
  auto& result = running->result;
  result.ended = core::now();
  if (running->pid != 0) {
    running->kill();  // whatever it left behind in its session
    result.exit_status = running->pidfd.reap().shell_status();
    running->output.read_some();
    running->error.read_some();
    result.output = running->output.take();
    result.error = running->error.take();
  }
  running->done(std::move(result));
}

void CommandRunner::on_timeout(std::uint64_t id) {
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  found->second->result.timed_out = true;
  found->second->kill();
}

}  // namespace withstand::lab
