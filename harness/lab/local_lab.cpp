#include "lab/local_lab.hpp"

#include <stdexcept>
#include <unistd.h>

#include <fmt/format.h>
#include <linux/capability.h>

#include "lab/connector.hpp"
#include "lab/local_lab_impl.hpp"
#include "lab/packet_capture.hpp"
#include "os/capabilities.hpp"
#include "os/check.hpp"
#include "os/namespace.hpp"

namespace withstand::lab {

LocalLab::LocalLab(core::EventLoop& loop, const spec::Experiment& experiment, core::Topology topology,
                   LabOptions options)
    : impl_(std::make_unique<Impl>(*this, loop, experiment, std::move(topology), std::move(options))) {}

LocalLab::~LocalLab() = default;

core::EventLoop& LocalLab::loop() { return impl_->loop; }
const core::Topology& LocalLab::topology() const { return impl_->topology; }
core::Links& LocalLab::links() { return *impl_->links; }
core::Names& LocalLab::names() { return *impl_->names; }
core::Clocks& LocalLab::clocks() {
  if (!impl_->clocks) return Lab::clocks();
  return *impl_->clocks;
}
core::Disks& LocalLab::disks() {
  if (!impl_->disks) throw std::logic_error("no fault of the plan claims a disk");
  return *impl_->disks;
}
core::NodeState LocalLab::state(core::NodeId node) const { return impl_->node(node).state(); }

void LocalLab::signal(core::NodeId node, int signal, bool whole_tree, const std::string& asked_by) {
  impl_->node(node).signal(signal, whole_tree, asked_by);
}
void LocalLab::kill(core::NodeId node, const std::string& asked_by) { impl_->node(node).kill(asked_by); }
std::size_t LocalLab::processes(core::NodeId node) const { return impl_->node(node).processes(); }
void LocalLab::start(core::NodeId node) { impl_->start(node, {}); }

void LocalLab::power_off(core::NodeId node) { impl_->power_off(node); }
void LocalLab::power_on(core::NodeId node) { impl_->power_on(node); }

std::unique_ptr<core::Pause> LocalLab::pause(core::NodeId node, const std::string&) {
  return impl_->node(node).pause();
}

void LocalLab::run_in(core::NodeId node, const std::vector<std::string>& command, std::chrono::nanoseconds timeout,
                      std::function<void(core::CommandResult)> done) {
  if (command.empty()) throw std::logic_error("run in a node: no command");
  impl_->run(node, impl_->renderer.located(node, command), timeout, std::move(done));
}

void LocalLab::connect(core::NodeId from, const std::string& host, std::int64_t port, std::chrono::nanoseconds timeout,
                       std::function<void(os::Fd, std::string error)> done) {
  const auto* named = impl_->topology.find(host);
  const std::string address = named != nullptr ? named->address : host == "localhost" ? "127.0.0.1" : host;
  const int family = family_of(address);
  if (family == 0) return done(os::Fd(), fmt::format("{} is neither an address nor a node", host));
  auto& loop = impl_->loop;
  impl_->node(from).open_socket(family, [=, &loop](os::Fd socket) {
    if (!socket.valid()) return done(os::Fd(), "the node cannot open a socket");
    connect_socket(loop, std::move(socket), address, port, timeout, done);
  });
}

LocalLab::Subscription LocalLab::on_exit(std::function<void(const core::Exit&)> callback) {
  return impl_->exits.add(std::move(callback));
}
LocalLab::Subscription LocalLab::on_ready(std::function<void(core::NodeId)> callback) {
  return impl_->readies.add(std::move(callback));
}
LocalLab::Subscription LocalLab::on_log(std::function<void(const core::LogLine&)> callback) {
  return impl_->logs.add(std::move(callback));
}
LocalLab::Subscription LocalLab::on_medium_death(std::function<void(const std::string&)> callback) {
  return impl_->deaths.add(std::move(callback));
}

LocalLab::Subscription LocalLab::on_warning(std::function<void(const std::string&)> callback) {
  return impl_->warnings.add(std::move(callback));
}

const std::string& LocalLab::log_failure() const { return impl_->log_failure; }

std::optional<record::CaptureEnded> LocalLab::end_capture() {
  if (impl_->fabric == nullptr) return {};
  const auto counts = impl_->fabric->end_capture();
  if (!counts) return {};
  return describe_capture(*counts, impl_->experiment.capture.value_or(spec::CaptureSpec{}));
}

HelperProcess LocalLab::spawn_in(core::NodeId node, const std::vector<std::string>& args,
                                 const std::vector<int>& descriptors) {
  const Node& place = impl_->node(node);
  SpawnOptions options;
  options.args = args;
  options.descriptors = descriptors;
  options.standard_output = place.standard_output();
  options.standard_error = place.standard_error();
  options.inside = &place.init().pidfd;
  if (const auto* cgroup = place.harness_cgroup()) options.cgroup = cgroup->get();
  return spawn_helper(options);
}

std::string LocalLab::expand(core::NodeId node, const std::string& text) const {
  return impl_->renderer.expand(node, text);
}

LocalLab::LoadCommand LocalLab::load_command(core::NodeId client) const {
  const NodePlan& plan = impl_->renderer.plan(client);
  return {plan.load_argv, plan.load_folder};
}

std::string LocalLab::why_not_ready(core::NodeId node) const {
  const auto state = this->state(node);
  if (state.starts < 2 || state.phase != core::NodeState::Phase::starting) return {};
  const auto asked = impl_->readiness.find(node);
  if (asked != impl_->readiness.end()) return asked->second->objection();
  return state.host_pid == 0 ? "processes of its last start do not end" : "its program was not executed yet";
}

std::string LocalLab::pause_mechanism() const { return impl_->nodes.front()->pause_mechanism(); }

void enter_user_namespace_unless_privileged() {
  if (os::has_capability(CAP_SYS_ADMIN)) return;
  try {
    os::enter_user_namespace();
  } catch (const os::SystemError&) {
    return;  // preflight meets the same refusal, and knows what to do about it
  }
}

}  // namespace withstand::lab
