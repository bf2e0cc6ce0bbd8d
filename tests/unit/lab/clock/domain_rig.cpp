#include "domain_rig.hpp"

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <sstream>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/wait.h>

namespace withstand::lab::clock {
namespace {

[[noreturn]] void become(const std::vector<std::string>& argv, int output, int socket, Waits waits) {
  ::dup2(output, STDOUT_FILENO);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  {
    const os::Fd listener = install_filter(waits);
    os::send_message(socket, "L", {listener.get()});
  }
  ::close(socket);
  std::vector<char*> arguments;
  for (const auto& each : argv) arguments.push_back(const_cast<char*>(each.c_str()));
  arguments.push_back(nullptr);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

}  // namespace

std::map<std::string, std::int64_t> DomainRig::Outcome::values() const {
  std::map<std::string, std::int64_t> found;
  std::istringstream lines(output);
  for (std::string name, value; lines >> name >> value;) found[name] = std::atoll(value.c_str());
  return found;
}

DomainRig::Outcome DomainRig::run(const std::vector<std::string>& argv,
                                  const std::function<void(const std::string&)>& on_line) {
  os::Pipe output = os::make_pipe();
  os::SocketPair socket = os::make_socket_pair();
  const pid_t child = ::fork();
  const Waits waits = state().steady_too ? Waits::of_all : Waits::of_wall;
  if (child == 0) become(argv, output.write.get(), socket.second.get(), waits);
  output.write.reset();
  socket.second.reset();
  auto message = os::receive_message(socket.first.get());
  supervisor_.listen(domain_, std::move(message->descriptors.at(0)));
  Outcome outcome;
  std::size_t told = 0;
  os::set_nonblocking(output.read);
  const Ns deadline = steady_now() + 110 * second;
  while (steady_now() < deadline) {
    supervisor_.serve(deadline, std::array{output.read.get()});
    char buffer[4096];
    const auto got = ::read(output.read.get(), buffer, sizeof buffer);
    if (got == 0) break;
    if (got > 0) outcome.output.append(buffer, static_cast<std::size_t>(got));
    for (std::size_t end; (end = outcome.output.find('\n', told)) != std::string::npos; told = end + 1)
      if (on_line) on_line(outcome.output.substr(told, end - told));
  }
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0 && steady_now() < deadline)
    supervisor_.serve(steady_now() + second / 100);
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

Supervisor::Switch DomainRig::jump(Ns by) {
  return change([by](Domain& domain, Ns at) {
    Share share;
    share.deviation = offset(at, by);
    domain.add(share, at);
  });
}

void DomainRig::serve_for(Ns time) {
  for (const Ns end = steady_now() + time; steady_now() < end;) supervisor_.serve(end);
}

std::string victim(const std::string& kind) { return WITHSTAND_BINARY_DIR "/tests/clock-victim-" + kind; }

std::string program(const std::string& name) {
  std::istringstream folders(std::getenv("PATH"));
  for (std::string folder; std::getline(folders, folder, ':');)
    if (::access((folder + "/" + name).c_str(), X_OK) == 0) return folder + "/" + name;
  return {};
}

}  // namespace withstand::lab::clock
