#include "lab/render.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

#include <fmt/format.h>

#include "lab/dns/sockets.hpp"
#include "os/check.hpp"
#include "os/files.hpp"

namespace withstand::lab {
namespace {

/// Every node's own, distinct uid; the same for all where there are none to choose from (an ordinary user).
std::vector<os::Credentials> choose_users(const core::Topology& topology) {
  std::vector<os::Credentials> users(topology.nodes().size(), os::own_credentials());
  if (::geteuid() != 0) return users;
  const auto uids = os::free_uids(users.size());
  for (std::size_t i = 0; i < users.size(); ++i) {
    if (i < uids.size()) users[i] = {uids[i], uids[i], {}};
    users[i].groups.clear();
  }
  return users;
}

bool is_for(const spec::FileSpec& file, const core::Topology& topology, const core::NodeInfo& node) {
  const bool first = topology.of_kind(node.kind).front() == node.id;
  if (file.on == "first") return first;
  if (file.on == "rest") return !first;
  return file.on.empty() || file.on == "all" || file.on == node.name;
}

std::string template_text(const spec::FileSpec& file, const std::string& target_folder) {
  if (file.source.empty()) return file.text;
  const std::string path = file.source[0] == '/' ? file.source : target_folder + "/" + file.source;
  auto text = os::read_file(path);
  if (!text) throw std::runtime_error(fmt::format("cannot read the configuration template {}", path));
  return std::move(*text);
}

void give_to(const std::string& path, const os::Credentials& who) {
  if (::geteuid() == 0) os::check("give away " + path, ::chown(path.c_str(), who.uid, who.gid));
}

}  // namespace

std::string hosts_file(const core::Topology& topology, NamesFrom names) {
  std::string text = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n";
  if (names == NamesFrom::resolver) return text;
  for (const auto& node : topology.nodes())
    for (const auto& address : {node.address, node.address6})
      if (!address.empty()) text += fmt::format("{} {}\n", address, node.name);
  return text;
}

std::string name_switch_file(const std::string& of_host) {
  std::istringstream lines(of_host);
  std::string text = "hosts: files dns\n";
  for (std::string line; std::getline(lines, line);) {
    const auto word = line.find_first_not_of(" \t");
    if (word == std::string::npos || line.compare(word, 6, "hosts:") != 0) text += line + "\n";
  }
  return text;
}

Renderer::Renderer(const spec::Experiment& experiment, const core::Topology& topology, std::string scratch)
    : experiment_(experiment),
      topology_(topology),
      scratch_(std::move(scratch)),
      programs_(experiment.target.folder, experiment.target.name) {
  const auto users = choose_users(topology);
  places_.resize(topology.nodes().size());
  plans_.reserve(topology.nodes().size());
  for (const auto& node : topology.nodes()) plans_.push_back(make_plan(node, users[node.id]));
}

const spec::NodeKind* Renderer::kind(core::NodeId node) const {
  const auto& info = topology_.at(node);
  if (info.client) return nullptr;
  const auto& kinds = experiment_.target.kinds;
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const auto& each) { return each.name == info.kind; });
  return found == kinds.end() ? nullptr : &*found;
}

NodePlan Renderer::make_plan(const core::NodeInfo& node, const os::Credentials& who) {
  NodePlan plan;
  plan.id = node.id;
  plan.name = node.name;
  plan.folder = scratch_ + "/" + node.name;
  plan.hosts = scratch_ + "/hosts";
  plan.resolver = scratch_ + "/resolv.conf";
  plan.name_switch = scratch_ + "/nsswitch.conf";
  plan.who = who;
  const auto& attached = experiment_.target.attached;
  if (!attached.empty()) plan.network = node.client ? "" : attached.at(node.id).network;
  const spec::NodeKind* kind = this->kind(node.id);
  plan.has_target = kind != nullptr && !node.attached;
  if (kind != nullptr && !kind->user.empty() && ::geteuid() == 0) plan.who = os::user_by_name(kind->user);
  views_.emplace_back(plan.who, kind != nullptr ? std::vector<std::string>{"/tmp", "/var/tmp", "/run", "/dev/shm"}
                                                : std::vector<std::string>{"/run"});
  auto& places = places_[node.id];
  places["data"] = inside::data;
  places["config"] = inside::config;
  places["target"] = views_.back().folder(programs_.target_folder(), "target");
  places["build"] = views_.back().folder(programs_.build_folder(), "build");
  plan.env = environment(node, kind);
  if (plan.has_target) add_commands(plan, *kind);
  plan.views = views_.back().all();
  if (kind == nullptr && experiment_.load && !experiment_.load->command.empty()) add_load_command(plan);
  return plan;
}

/// A load of one's own runs as who started the harness, but without capabilities: what that user cannot reach then, or
/// what the client's own /run covers, is put on show.
void Renderer::add_load_command(NodePlan& plan) const {
  os::Credentials who = os::own_credentials();
  who.bound = true;
  // A client that writes its records below /run has no /run of its own (set_up_mounts).
  const bool sees_run = plan.folder.rfind("/run/", 0) == 0;
  Views views(std::move(who), sees_run ? std::vector<std::string>{} : std::vector<std::string>{"/run"});
  const std::string file = experiment_.file;
  const auto slash = file.rfind('/');
  const std::string folder = os::real_path(slash == std::string::npos ? "." : file.substr(0, slash + 1));
  Places places;
  places["target"] = views.folder(programs_.target_folder(), "load-target");
  places["build"] = views.folder(programs_.build_folder(), "load-build");
  plan.load_folder = views.folder(folder, "load-folder");
  const auto lookup = make_lookup(topology_, experiment_.target, plan.id, places);
  for (const auto& text : experiment_.load->command)
    plan.load_argv.push_back(expand_or_throw(text, lookup, file + ": [load] command"));
  std::string& program = plan.load_argv.front();
  const std::string path = programs_.find_from(folder, views.on_host(program));
  if (path.empty()) throw std::runtime_error(fmt::format("the program {} of the load was not found", program));
  program = views.show_program(path);
  const auto& more = views.all();
  plan.views.insert(plan.views.end(), more.begin(), more.end());
}

/// The folder of a command's program must be on show before the node's mounts are made.
void Renderer::show(core::NodeId node, const std::vector<std::string>& templates) {
  if (templates.empty()) return;
  const std::string path = programs_.find(views_[node].on_host(expand(node, templates[0])));
  if (!path.empty()) views_[node].show_program(path);
}

void Renderer::add_commands(NodePlan& plan, const spec::NodeKind& kind) {
  const auto& target = experiment_.target;
  if (kind.command.empty()) throw std::runtime_error(fmt::format("{}: kind {} has no command", target.file, kind.name));
  for (const auto* each : {&kind.command, &kind.before_start, &kind.stop.command, &kind.reload.command})
    show(plan.id, *each);
  for (const auto& [name, role] : target.roles)
    if (role.on == kind.name) show(plan.id, role.command);
  plan.argv = command(plan.id, kind.command);
  if (programs_.find(views_[plan.id].on_host(plan.argv[0])).empty()) {
    const auto packages =
        target.packages.empty() ? "" : fmt::format(" (Debian packages: {})", fmt::join(target.packages, " "));
    throw std::runtime_error(
        fmt::format("the program {} of target {} was not found{}", plan.argv[0], target.name, packages));
  }
  if (const auto extra = experiment_.extra_args.find(kind.name); extra != experiment_.extra_args.end())
    for (const auto& text : extra->second) plan.argv.push_back(expand(plan.id, text));
  plan.first_argv = plan.argv;
  for (const auto& text : kind.first_start_args) plan.first_argv.push_back(expand(plan.id, text));
  plan.before_start = command(plan.id, kind.before_start);
}

std::vector<std::string> Renderer::environment(const core::NodeInfo& node, const spec::NodeKind* kind) const {
  std::map<std::string, std::string> env{
      {"PATH", programs_.search_path()}, {"LANG", "C.UTF-8"}, {"WITHSTAND_NODE", node.name}};
  env["HOME"] = inside::data;
  env["TMPDIR"] = kind != nullptr ? inside::tmp : "/tmp";
  if (kind != nullptr)
    for (const auto& [name, value] : kind->env) env[name] = expand(node.id, value);
  for (const auto& [name, value] : experiment_.extra_env) env[name] = kind != nullptr ? expand(node.id, value) : value;
  std::vector<std::string> entries;
  for (const auto& [name, value] : env) entries.push_back(name + "=" + value);
  return entries;
}

std::string Renderer::expand(core::NodeId node, const std::string& text) const {
  const auto lookup = make_lookup(topology_, experiment_.target, node, places_.at(node));
  return expand_or_throw(text, lookup, fmt::format("{}: {}", experiment_.target.file, topology_.at(node).name));
}

std::vector<std::string> Renderer::command(core::NodeId node, const std::vector<std::string>& templates) const {
  std::vector<std::string> argv;
  for (const auto& text : templates) argv.push_back(expand(node, text));
  return located(node, std::move(argv));
}

std::vector<std::string> Renderer::located(core::NodeId node, std::vector<std::string> argv) const {
  if (argv.empty()) return argv;
  const std::string path = programs_.find(views_.at(node).on_host(argv[0]));
  if (!path.empty()) argv[0] = views_.at(node).program(path);
  return argv;
}

void Renderer::write_files(NamesFrom names) const {
  os::write_file(scratch_ + "/hosts", hosts_file(topology_, names), 0644);
  os::write_file(scratch_ + "/resolv.conf", fmt::format("nameserver {}\n", dns::server_address), 0644);
  os::write_file(scratch_ + "/nsswitch.conf", name_switch_file(os::read_file("/etc/nsswitch.conf").value_or("")), 0644);
  for (const auto& node : topology_.nodes()) write_node(node);
}

void Renderer::write_node(const core::NodeInfo& node) const {
  const NodePlan& plan = plans_[node.id];
  const spec::NodeKind* kind = this->kind(node.id);
  os::make_folders(plan.folder, 0755);
  os::make_folders(plan.folder + "/data", 0700);
  os::make_folders(plan.folder + "/config", 0755);
  os::make_folders(plan.folder + "/tmp", 01777);
  give_to(plan.folder + "/data", plan.who);
  if (kind == nullptr) return;
  for (const auto& name : kind->data) {
    const std::string path = plan.folder + "/data/" + name;
    os::make_folders(path, 0700);
    give_to(path, plan.who);
  }
  for (const auto& file : kind->files) {
    if (!is_for(file, topology_, node)) continue;
    const std::string path = plan.folder + "/config/" + file.name;
    os::write_file(path, expand(node.id, template_text(file, programs_.target_folder())), file.writable ? 0600 : 0444);
    if (!file.writable) continue;
    give_to(path, plan.who);
    give_to(plan.folder + "/config", plan.who);  // most programs rewrite a file by renaming another over it
  }
}

}  // namespace withstand::lab
