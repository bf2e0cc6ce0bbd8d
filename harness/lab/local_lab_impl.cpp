#include "lab/local_lab_impl.hpp"

#include <algorithm>
#include <set>
#include <signal.h>
#include <stdexcept>
#include <unistd.h>

#include <fmt/format.h>

#include "lab/kernel_net/kernel_links.hpp"
#include "lab/packet_capture.hpp"
#include "lab/run_state.hpp"
#include "os/check.hpp"
#include "os/files.hpp"
#include "os/proc.hpp"

namespace withstand::lab {

LocalLab::Impl::Impl(LocalLab& its_lab, core::EventLoop& its_loop, const spec::Experiment& its_experiment,
                     core::Topology its_topology, LabOptions its_options)
    : lab(its_lab),
      loop(its_loop),
      experiment(its_experiment),
      topology(std::move(its_topology)),
      options(std::move(its_options)),
      foundation(options.run_directory, options.run_name, options.keep),
      renderer(experiment, topology, foundation.scratch()),
      commands(loop) {
  options.run_directory = os::real_path(options.run_directory);
  guardian_death = loop.on_readable(foundation.guardian().pidfd().get(), [this] {
    guardian_death.reset();
    medium_died("the guardian");
  });
  const bool by_resolver = std::any_of(options.claims.begin(), options.claims.end(),
                                       [](const auto& claim) { return claim.medium == core::Claim::Medium::names; });
  renderer.write_files(by_resolver ? NamesFrom::resolver : NamesFrom::hosts_file);
  try {
    make_clocks();
    make_nodes();
    write_state();
  } catch (...) {
    end_nodes();
    throw;
  }
}

LocalLab::Impl::~Impl() {
  ending = true;
  guardian_death.reset();
  readiness.clear();
  end_nodes();
}

/// Before the nodes: their programs are to find it there.
void LocalLab::Impl::make_clocks() {
  std::set<core::NodeId> claimed, steady_too;
  for (const auto& claim : options.claims) {
    if (claim.medium == core::Claim::Medium::clock) claimed.insert(claim.nodes.begin(), claim.nodes.end());
    if (claim.medium == core::Claim::Medium::filter) steady_too.insert(claim.nodes.begin(), claim.nodes.end());
  }
  if (claimed.empty()) return;
  clocks = std::make_unique<ClockService>(loop, topology, claimed, steady_too);
  clocks->on_death([this](const std::string& how) { medium_died("the clock supervisor (" + how + ")"); });
}

void LocalLab::Impl::make_nodes() {
  const auto cgroup = foundation.cgroup();
  for (const auto& info : topology.nodes()) {
    const std::string logs_folder = options.run_directory + "/nodes/" + info.name;
    os::make_folders(logs_folder, 0755);
    const auto place = cgroup ? std::optional(*cgroup + "/" + info.name) : std::nullopt;
    const NodeLogs node_logs{logs_folder, options.epoch, static_cast<std::uint64_t>(experiment.log_limit.count)};
    NodePlan plan = renderer.plan(info.id);
    if (clocks) plan.clock = clocks->door_of(info.id);
    nodes.push_back(std::make_unique<Node>(loop, topology, std::move(plan), place, node_logs, events()));
  }
  std::vector<link::NodeInterface> interfaces;
  std::vector<dns::Sockets> names_sockets;
  for (const auto& each : nodes) {
    auto ways = each->finish_setup();
    interfaces.push_back(std::move(ways.interface));
    names_sockets.push_back(std::move(ways.names));
  }
  make_links(std::move(interfaces));
  if (experiment.target.attached.empty())
    names = std::make_unique<dns::Resolver>(loop, topology, std::move(names_sockets));
  make_disks();
}

void LocalLab::Impl::make_disks() {
  const auto wants = [](const core::Claim& claim) { return claim.medium == core::Claim::Medium::disk; };
  if (std::none_of(options.claims.begin(), options.claims.end(), wants)) return;
  disks = std::make_unique<NodeDisks>(loop, nodes, options.claims,
                                      [this](core::NodeId node) { return clocks ? clocks->file_of(node) : -1; });
  disks->on_death([this](const std::string& node, const std::string& how) {
    medium_died(fmt::format("the disk server of {} ({})", node, how));
  });
}

void LocalLab::Impl::make_links(std::vector<link::NodeInterface> interfaces) {
  std::vector<core::Link> claimed;
  for (const auto& claim : options.claims) claimed.insert(claimed.end(), claim.links.begin(), claim.links.end());
  if (!experiment.target.attached.empty()) {
    links = make_kernel_links(claimed);
    return;
  }
  auto made = std::make_unique<link::Fabric>(loop, topology, std::move(interfaces), std::move(claimed),
                                             make_capture_file(experiment, options.run_directory));
  fabric = made.get();
  links = std::move(made);
  if (std::any_of(options.claims.begin(), options.claims.end(), [](const auto& claim) { return claim.streams; }))
    fabric->watch_streams();
  if (std::any_of(options.claims.begin(), options.claims.end(), [](const auto& claim) { return claim.http; }))
    fabric->watch_http();
  fabric->on_death([this](const std::string& how) { medium_died("the link fabric (" + how + ")"); });
}

std::unique_ptr<core::Links> LocalLab::Impl::make_kernel_links(const std::vector<core::Link>& claimed) {
  std::vector<kernel::Place> places;
  for (const auto& info : topology.nodes()) {
    if (info.client) {
      places.push_back({os::NetworkNamespace::own(), ""});
      continue;
    }
    const auto& attached = experiment.target.attached.at(info.id);
    places.push_back({os::NetworkNamespace::open(attached.network), attached.interface});
  }
  return std::make_unique<kernel::KernelLinks>(
      loop, topology, std::move(places), claimed, options.run_name,
      [this](const core::DetourTraces& traces) { foundation.announce(traces); });
}

void LocalLab::Impl::write_state() {
  RunState state;
  state.run = options.run_name;
  state.directory = options.run_directory;
  state.pid = ::getpid();
  state.start_time = os::process_stat(state.pid).value_or(os::ProcessStat{}).start_time;
  for (const auto& each : nodes) {
    const pid_t init = each->init().pid;
    state.nodes.push_back({each->plan().name, init, os::process_stat(init).value_or(os::ProcessStat{}).start_time,
                           each->plan().who, each->plan().env});
  }
  if (state_file.empty()) state_file = foundation.announce_state_file();
  write_run_state(state_file, state);
}

NodeEvents LocalLab::Impl::events() {
  NodeEvents events;
  // A readiness that is a log line must not miss one that comes before the start is reported.
  events.starting = [this](core::NodeId id) {
    if (renderer.kind(id)->ready.source == spec::ReadySpec::Source::log) ask_whether_ready(id);
  };
  events.started = [this](core::NodeId id) { ask_whether_ready(id); };
  events.start_failed = [this](core::NodeId id, const std::string& why) { on_start_failed(id, why); };
  events.exited = [this](const core::Exit& exit) { on_exit(exit); };
  events.log = [this](const core::LogLine& line) { logs.call(line); };
  events.log_full = [this](core::NodeId id, const std::string& path) {
    warnings.call(fmt::format("{} has filled {} up to its limit of {}: the rest is left out", topology.at(id).name,
                              in_run(path), spec::to_text(experiment.log_limit)));
  };
  events.log_failed = [this](const std::string& path, const char* attempt, int error) {
    if (log_failure.empty()) log_failure = os::SystemError(fmt::format("{} {}", attempt, in_run(path)), error).what();
  };
  events.init_died = [this](core::NodeId id, const std::string& how) {
    medium_died(fmt::format("the init of node {} (it {})", topology.at(id).name, how));
  };
  return events;
}

void LocalLab::Impl::start(core::NodeId id, std::function<void(std::string)> done) {
  if (node(id).is_off()) return;  // a machine without power starts nothing
  readiness.erase(id);
  node(id).start();
  start_waiters[id] = std::move(done);
}

void LocalLab::Impl::ask_whether_ready(core::NodeId id) {
  if (readiness.count(id) > 0) return;
  const auto* kind = renderer.kind(id);
  Readiness::Question question;
  question.node = id;
  question.name = topology.at(id).name;
  question.ready = kind->ready;
  question.gives_up = node(id).state().starts == 1;
  // A pattern has braces of its own, and is no template.
  const bool pattern = kind->ready.source == spec::ReadySpec::Source::log;
  if (!pattern) question.ready.text = renderer.expand(id, kind->ready.text);
  if (kind->ready.source == spec::ReadySpec::Source::tcp) {
    const auto& info = topology.at(id);
    const auto port = info.ports.find(question.ready.text);
    question.port = port == info.ports.end() ? info.first_port : port->second;
  }
  if (kind->ready.source == spec::ReadySpec::Source::command) question.command = {"/bin/sh", "-c", question.ready.text};
  readiness[id] = std::make_unique<Readiness>(
      lab, std::move(question), [this, id](const std::string& why_not) { start_is_decided(id, why_not); });
}

void LocalLab::Impl::start_is_decided(core::NodeId id, const std::string& why_not) {
  const auto gone = readiness.extract(id);  // whoever calls us is inside it: it must live until we return
  if (why_not.empty()) {
    node(id).mark_ready();
    readies.call(id);
  }
  const auto waiter = start_waiters.extract(id);
  if (!waiter.empty() && waiter.mapped()) waiter.mapped()(why_not);
}

void LocalLab::Impl::on_exit(const core::Exit& exit) {
  const bool undecided = start_waiters.count(exit.node) > 0;
  exits.call(exit);
  if (undecided) start_is_decided(exit.node, topology.at(exit.node).name + " ended before it was ready");
}

/// A program that cannot be executed is the target's failure, told as a shell would: status 127.
void LocalLab::Impl::on_start_failed(core::NodeId id, const std::string& why) {
  core::LogLine line{id, core::now(), true, "withstand: " + why};
  logs.call(line);
  core::Exit exit;
  exit.node = id;
  exit.value = 127;
  exit.not_started = why;
  exit.when = line.when;
  exits.call(exit);
  start_is_decided(id, fmt::format("{} could not be started: {}", topology.at(id).name, why));
}

void LocalLab::Impl::run(core::NodeId id, const std::vector<std::string>& located, std::chrono::nanoseconds timeout,
                         std::function<void(core::CommandResult)> done) {
  const Node& place = node(id);
  const auto* cgroup = place.harness_cgroup();
  const std::string folder = place.plan().has_target ? inside::data : "/";
  commands.run({&place.init().pidfd, place.plan().who, place.plan().env, folder, cgroup != nullptr ? cgroup->get() : -1,
                place.plan().clock},
               located, timeout, std::move(done));
}

LaunchFailure LocalLab::Impl::failure(core::NodeId id, const std::string& reason) {
  return {id, reason, node(id).last_words()};
}

void LocalLab::Impl::end_nodes() {
  for (const auto& each : nodes)
    if (each && each->init().pid != 0) each->init().pidfd.send(SIGKILL);
  nodes.clear();
}

void LocalLab::Impl::medium_died(const std::string& what) {
  if (ending) return;
  if (deaths.empty()) throw std::runtime_error("part of the lab ended although nobody asked: " + what);
  deaths.call(what);
}

}  // namespace withstand::lab
