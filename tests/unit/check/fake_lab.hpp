#pragma once

#include <arpa/inet.h>
#include <map>
#include <netinet/in.h>
#include <stdexcept>
#include <unistd.h>

#include <sys/socket.h>

#include "core/lab.hpp"
#include "os/check.hpp"

namespace withstand::check::testing {

/// A lab of three nodes of kind "kv" and one client, without any of the isolation: connections go to 127.0.0.1, and
/// commands are answered by `on_command`.
class FakeLab : public core::Lab {
 public:
  FakeLab() : topology_(three_nodes()) {}

  core::EventLoop& loop() override { return loop_; }
  [[nodiscard]] const core::Topology& topology() const override { return topology_; }
  core::Links& links() override { throw std::logic_error("no links here"); }
  [[nodiscard]] core::NodeState state(core::NodeId /*node*/) const override { return {}; }
  void signal(core::NodeId, int, bool, const std::string&) override {}
  void kill(core::NodeId, const std::string&) override {}
  [[nodiscard]] std::size_t processes(core::NodeId) const override { return 0; }
  void start(core::NodeId) override {}
  std::unique_ptr<core::Pause> pause(core::NodeId, const std::string&) override { return nullptr; }
  void holders(const std::string&, const std::string&,
               std::function<void(std::vector<core::NodeId>, std::string)> done) override {
    done({}, "");
  }
  void run_in(core::NodeId node, const std::vector<std::string>& command, std::chrono::nanoseconds timeout,
              std::function<void(core::CommandResult)> done) override {
    on_command(node, command, timeout, std::move(done));
  }
  void connect(core::NodeId from, const std::string& host, std::int64_t port, std::chrono::nanoseconds /*timeout*/,
               std::function<void(os::Fd, std::string)> done) override {
    connected.push_back(topology_.at(from).name + " to " + host);
    os::Fd socket(os::check("socket", ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool ok = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    if (!ok)
      socket.reset();
    else
      os::set_nonblocking(socket);
    auto shared = std::make_shared<os::Fd>(std::move(socket));
    loop_.post([shared, ok, done] { done(std::move(*shared), ok ? "" : "Connection refused"); });
  }
  Subscription on_exit(std::function<void(const core::Exit&)>) override { return {}; }
  Subscription on_ready(std::function<void(core::NodeId)>) override { return {}; }
  Subscription on_log(std::function<void(const core::LogLine&)> callback) override {
    log_ = std::move(callback);
    return Subscription([this] { log_ = nullptr; });
  }

  void write_line(core::NodeId node, const std::string& text) {
    if (log_) log_({node, core::now(), false, text});
  }

  std::function<void(core::NodeId, const std::vector<std::string>&, std::chrono::nanoseconds,
                     std::function<void(core::CommandResult)>)>
      on_command;
  std::vector<std::string> connected;

 private:
  static core::Topology three_nodes() {
    spec::Experiment experiment;
    spec::NodeKind kind;
    kind.name = "kv";
    kind.ports = {{"client", 7000}};
    kind.port_order = {"client"};
    experiment.target.kinds = {kind};
    experiment.nodes = {{"kv", 3}};
    experiment.load.emplace();
    return core::Topology(experiment);
  }

  core::EventLoop loop_;
  core::Topology topology_;
  std::function<void(const core::LogLine&)> log_;
};

/// Listens on a free port of 127.0.0.1 and answers every connection with the same bytes once a request came; no bytes:
/// it never answers.
class CannedServer {
 public:
  CannedServer(core::EventLoop& loop, std::string answer) : loop_(loop), answer_(std::move(answer)) {
    listener_ = os::Fd(os::check("socket", ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    os::check("bind", ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), size));
    os::check("listen", ::listen(listener_.get(), 16));
    os::check("getsockname", ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size));
    port = ntohs(address.sin_port);
    accepting_ = loop.on_readable(listener_.get(), [this] { accept(); });
  }

  std::int64_t port = 0;
  std::string last_request;

 private:
  struct Connection {
    os::Fd fd;
    core::EventLoop::Registration reading;
  };

  void accept() {
    const int fd = os::check("accept", ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    Connection& made = connections_[fd];
    made.fd.reset(fd);
    made.reading = loop_.on_readable(fd, [this, fd] { serve(fd); });
  }
  void serve(int fd) {
    char buffer[4096];
    const auto got = ::read(fd, buffer, sizeof buffer);
    if (got > 0) last_request.assign(buffer, static_cast<std::size_t>(got));
    if (got > 0 && answer_.empty()) return;
    if (got > 0) os::check("write", ::write(fd, answer_.data(), answer_.size()));
    loop_.post([this, fd] { connections_.erase(fd); });
  }

  core::EventLoop& loop_;
  std::string answer_;
  os::Fd listener_;
  core::EventLoop::Registration accepting_;
  std::map<int, Connection> connections_;
};

}  // namespace withstand::check::testing
