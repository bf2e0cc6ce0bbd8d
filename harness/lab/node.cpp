#include "lab/node.hpp"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <signal.h>
#include <stdexcept>
#include <unistd.h>

#include <fmt/format.h>

#include "lab/init_protocol.hpp"
#include "lab/node_setup.hpp"
#include "os/files.hpp"
#include "os/handshake.hpp"
#include "os/network_namespace.hpp"

namespace withstand::lab {
namespace {

constexpr unsigned node_namespaces = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC;
constexpr int setup_timeout_ms = 20'000;
/// How often a start looks whether all of the last one has gone: dying takes some hundred microseconds.
constexpr std::chrono::milliseconds clearing_interval{1};

}  // namespace

int NodeCgroups::make_start(std::int64_t number) {
  std::erase_if(starts, [](const auto& each) { return !each->is_populated(); });
  starts.push_back(std::make_unique<os::Cgroup>(fmt::format("{}/{}", target.path(), number)));
  return starts.back()->get();
}

Node::Node(core::EventLoop& loop, const core::Topology& topology, NodePlan plan, std::optional<std::string> cgroup,
           const NodeLogs& logs, NodeEvents events)
    : loop_(loop), topology_(topology), plan_(std::move(plan)), logs_(logs.folder), events_(std::move(events)) {
  output_log_ = capture(logs, false);
  error_log_ = capture(logs, true);
  if (cgroup) cgroups_ = std::make_unique<NodeCgroups>(*cgroup);
  start_init();
}

void Node::start_init() {
  os::SocketPair control = os::make_socket_pair();
  const os::CloneOptions options{node_namespaces | (plan_.network ? 0U : CLONE_NEWNET),
                                 cgroups_ ? cgroups_->harness.get() : -1};
  const os::Parent self;
  init_ = os::clone_process("start node " + plan_.name, options,
                            [&]() -> int { return run_in_child(self, control.second.get()); });
  control_ = std::move(control.first);
}

std::unique_ptr<LogCapture> Node::capture(const NodeLogs& logs, bool error) {
  os::Pipe pipe = os::make_pipe();
  (error ? error_ : output_) = std::move(pipe.write);
  LogSink sink{logs.folder + (error ? "/stderr.log" : "/stdout.log"), logs.epoch, logs.limit, {}, {}, {}};
  sink.on_line = [this, error](core::Instant when, std::string text) {
    events_.log({plan_.id, when, error, std::move(text)});
  };
  sink.on_limit = [this, path = sink.path] { events_.log_full(plan_.id, path); };
  sink.on_failure = [this, path = sink.path](const char* attempt, int reason) {
    events_.log_failed(path, attempt, reason);
  };
  return std::make_unique<LogCapture>(loop_, std::move(pipe.read), std::move(sink));
}

Node::~Node() {
  clearing_.reset();
  commands_.reset();
  give_up_sockets();
  if (!adopted_ && init_.pid != 0) {  // construction of another node failed before this one was finished
    init_.pidfd.send(SIGKILL);
    init_.pidfd.reap();
  }
  adopted_.reset();
  if (output_log_) output_log_->drain();
  if (error_log_) error_log_->drain();
}

int Node::run_in_child(const os::Parent& parent, int control) {
  const InitDescriptors kept{control, output_.get(), error_.get()};
  os::set_up_or_report(control, [&] {
    parent.die_with(SIGKILL);
    std::vector<int> open{kept.control, kept.standard_output, kept.standard_error};
    if (plan_.clock.socket >= 0) open.push_back(plan_.clock.socket);
    os::close_other_descriptors(std::move(open));
    os::set_process_name("ws-init");
    os::check("leave the caller's session", ::setsid());
    if (plan_.network && !plan_.network->empty()) {
      const auto network = os::NetworkNamespace::open(*plan_.network);
      os::check("join the network namespace " + network.path(), ::setns(network.get(), CLONE_NEWNET));
    }
    set_up_mounts(plan_);
    const os::Fd proc(os::check("open /proc", ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
    if (plan_.network) return os::report_ready(control, {proc.get()});
    const link::NodeInterface interface = link::set_up_node_interface(topology_, plan_.id);
    const dns::Sockets names = dns::open_sockets();
    os::report_ready(control,
                     {proc.get(), interface.tun.get(), interface.route_socket.get(), names.udp.get(), names.tcp.get()});
  });
  return run_init(plan_, kept);
}

Node::Ways Node::finish_setup() {
  auto descriptors = os::await_ready("node " + plan_.name, control_.get(), setup_timeout_ms);
  if (descriptors.size() != (plan_.network ? 1U : 5U))
    throw os::SystemError("node " + plan_.name + ": receive its interface", EPROTO);
  proc_ = os::ProcFolder(std::move(descriptors[0]));
  if (!pauses_)
    pauses_ = std::make_shared<PauseControl>(cgroups_ ? make_cgroup_tree(cgroups_->target) : make_proc_tree(proc_));
  adopted_ = std::make_unique<AdoptedProcess>(loop_, init_, [this](const os::WaitStatus& status) {
    clearing_.reset();
    commands_.reset();
    give_up_sockets();
    events_.init_died(plan_.id, status.to_text());
  });
  commands_ = loop_.on_readable(control_.get(), [this] { on_control(); });
  if (plan_.network) return {};
  return {{std::move(descriptors[1]), std::move(descriptors[2])},
          {std::move(descriptors[3]), std::move(descriptors[4])}};
}

void Node::power_off() {
  if (state_.host_pid != 0) throw std::logic_error("power off " + plan_.name + ": its target runs");
  clearing_.reset();
  commands_.reset();
  give_up_sockets();
  adopted_.reset();  // kills and reaps the init; everything else in its namespaces goes before it does
  init_ = {};
  control_.reset();
  const std::string temporary = plan_.folder + "/tmp";
  for (const auto& entry : std::filesystem::directory_iterator(temporary))
    static_cast<void>(os::remove_tree(entry.path()));
}

void Node::power_on() {
  if (init_.pid != 0) throw std::logic_error("power on " + plan_.name + ": its power is on");
  start_init();
}

core::NodeState Node::state() const {
  core::NodeState state = state_;
  const bool runs = state.phase == core::NodeState::Phase::starting || state.phase == core::NodeState::Phase::ready;
  if (runs && pauses_ && pauses_->paused()) state.phase = core::NodeState::Phase::paused;
  return state;
}

void Node::start() {
  using Phase = core::NodeState::Phase;
  if (state_.phase != Phase::created && state_.phase != Phase::exited)
    throw std::logic_error("start " + plan_.name + ": it already runs");
  if (!plan_.has_target) throw std::logic_error("start " + plan_.name + ": nothing in it is ours to start");
  requests_.clear();
  state_.phase = Phase::starting;
  state_.started = core::now();
  ++state_.starts;
  start_when_alone();
}

/// What the last start left behind could answer for the next one, or hold its port.
void Node::start_when_alone() {
  auto& tree = pauses_->tree();
  if (!tree.gone()) {
    tree.kill();
    clearing_ = loop_.at(core::now() + clearing_interval, [this] { start_when_alone(); });
    return;
  }
  output_log_->drain();  // its last words are not the next one's
  error_log_->drain();
  events_.starting(plan_.id);
  std::string data(1, state_.starts == 1 ? init::start_first : init::start_again);
  born_stopped_ = pauses_->stops_newborn();
  init::put(data, born_stopped_ ? 1 : 0);
  std::vector<int> cgroup;
  if (cgroups_) cgroup.push_back(cgroups_->make_start(state_.starts));
  os::send_message(control_.get(), data, cgroup);  // a dead init is told by init_died
}

std::size_t Node::processes() const {
  const auto& tree = pauses_->tree();
  return std::max<std::size_t>(tree.processes().size(), tree.gone() ? 0 : 1);
}

void Node::mark_ready() {
  if (state_.phase == core::NodeState::Phase::starting) state_.phase = core::NodeState::Phase::ready;
}

void Node::signal(int signal, bool whole_tree, const std::string& asked_by) {
  requests_.signalled(signal, asked_by, state_.host_pid != 0 && os::ignores_signal(state_.host_pid, signal));
  if (whole_tree) return pauses_->tree().signal(signal);
  if (target_.valid()) target_.send(signal);
}

void Node::kill(const std::string& asked_by) {
  expect_exit(asked_by);
  pauses_->tree().kill();
}

void Node::expect_exit(const std::string& asked_by) { requests_.anything(asked_by); }

void Node::open_socket(int family, std::function<void(os::Fd)> done) {
  std::string data(1, init::open_socket);
  init::put(data, family);
  if (!commands_ || !os::send_message(control_.get(), data)) return done(os::Fd());
  socket_requests_.push_back(std::move(done));
}

void Node::on_control() {
  for (int round = 0; round < 16 && commands_; ++round) {
    auto message = os::receive_message(control_.get(), false);
    if (!message) return;
    if (message->end) {
      commands_.reset();  // the init has ended: its pidfd tells how
      return give_up_sockets();
    }
    if (!message->data.empty()) on_message(*message);
  }
}

void Node::on_message(os::Message& message) {
  switch (message.data[0]) {
    case init::born:
      return on_born(message);
    case init::started:
      return events_.started(plan_.id);
    case init::exited:
      return on_exited(message.data);
    case init::failed: {
      state_.phase = core::NodeState::Phase::exited;
      state_.host_pid = 0;
      target_ = {};
      const os::SystemError error(message.data.substr(1 + sizeof(init::Number)), init::number(message.data, 0));
      return events_.start_failed(plan_.id, error.what());
    }
    case init::socket: {
      if (socket_requests_.empty()) return;
      auto done = std::move(socket_requests_.front());
      socket_requests_.pop_front();
      return done(message.descriptors.empty() ? os::Fd() : std::move(message.descriptors[0]));
    }
    default:
      throw std::logic_error("node " + plan_.name + ": unknown message from its init");
  }
}

void Node::on_born(os::Message& message) {
  if (message.descriptors.size() != 1) throw os::SystemError("node " + plan_.name + ": receive pidfd", EPROTO);
  target_ = os::Pidfd(std::move(message.descriptors[0]));
  state_.host_pid = target_.pid();
  // Its init tells how it ended, after a turn of its own: when is seen here.
  ended_ = {};
  target_end_ = loop_.on_readable(target_.get(), [this] {
    ended_ = core::now();
    target_end_.reset();
  });
  pauses_->joined(target_, born_stopped_);
}

void Node::on_exited(const std::string& data) {
  output_log_->drain();  // its last words come before its end
  error_log_->drain();
  siginfo_t info{};
  info.si_code = init::number(data, 1);
  info.si_status = init::number(data, 2);
  const os::WaitStatus status = os::WaitStatus::from(info);
  core::Exit exit;
  exit.node = plan_.id;
  exit.host_pid = state_.host_pid;
  exit.signalled = status.signalled;
  exit.value = status.value;
  exit.core_dumped = status.core_dumped;
  exit.when = ended_ == core::Instant{} ? core::now() : ended_;
  exit.asked_by = requests_.asked_for(status);
  exit.requested = !exit.asked_by.empty();
  state_.phase = core::NodeState::Phase::exited;
  state_.host_pid = 0;
  state_.last_exit = exit;
  target_end_.reset();
  target_ = {};
  events_.exited(exit);
}

void Node::give_up_sockets() {
  auto waiting = std::move(socket_requests_);
  socket_requests_.clear();
  for (const auto& done : waiting) done(os::Fd());
}

std::string Node::last_words() {
  if (output_log_) output_log_->drain();
  if (error_log_) error_log_->drain();
  std::string text;
  if (state_.last_exit && state_.phase == core::NodeState::Phase::exited) {
    const os::WaitStatus status{true, state_.last_exit->signalled, state_.last_exit->core_dumped,
                                state_.last_exit->value};
    text += fmt::format("it {}\n", status.to_text());
  }
  for (const auto& line : output_log_->tail()) text += fmt::format("stdout: {}\n", line);
  for (const auto& line : error_log_->tail()) text += fmt::format("stderr: {}\n", line);
  return text;
}

}  // namespace withstand::lab
