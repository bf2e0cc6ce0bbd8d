#include "lab/disks.hpp"

#include <algorithm>
#include <cctype>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdexcept>

#include <fmt/format.h>

#include "lab/disk/mount.hpp"
#include "lab/disk/protocol.hpp"
#include "lab/spawn.hpp"
#include "os/ancillary.hpp"
#include "os/check.hpp"
#include "os/handshake.hpp"
#include "os/namespace.hpp"
#include "os/process.hpp"

namespace withstand::lab {
namespace {

constexpr int disk_patience_ms = 10'000;
/// Every server knows of a cut before it is due.
constexpr std::chrono::milliseconds time_to_tell_all{2};

/// Mounts over a node's data directory, from a process that is in the node's mount namespace but in our PID namespace:
/// the server is then told of callers by the numbers that we know them by.
os::Fd mount_in(const Node& node) {
  os::SocketPair pair = os::make_socket_pair();
  const os::Child child = os::clone_process("mount in " + node.plan().name, {}, [&]() -> int {
    os::Fd device;
    os::set_up_or_report(pair.second.get(), [&] {
      os::join_namespaces(node.init().pidfd, CLONE_NEWNS);
      device = disk::mount_fuse(inside::data);
    });
    os::report_ready(pair.second.get(), {device.get()});
    return 0;
  });
  pair.second.reset();
  auto devices = os::await_ready("disk of " + node.plan().name, pair.first.get(), disk_patience_ms);
  child.pidfd.reap();
  return std::move(devices.at(0));
}

std::string as_file_name(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '.'; }, '-');
  return text;
}

}  // namespace

struct NodeDisks::Server {
  Server(core::EventLoop& loop, const Node& node, std::function<void(const std::string&)> on_end)
      : name(node.plan().name), logs(node.logs()) {
    const std::string path = node.plan().folder + "/data";
    const os::Fd folder(os::check("open " + path, ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)));
    const os::Fd device = mount_in(node);
    SpawnOptions options;
    options.args = {"__disk"};
    options.descriptors = {folder.get(), device.get()};
    options.standard_error = node.standard_error();
    helper = spawn_helper(options);
    death = loop.on_readable(helper.pidfd().get(), [this, on_end = std::move(on_end)] {
      death.reset();
      how = "its process " + helper.finish(0).to_text();
      on_end(how);
    });
  }

  std::string ask(const disk::Command& command, const std::vector<int>& descriptors = {}) {
    if (!how.empty()) throw std::runtime_error(fmt::format("disk of {}: {}", name, how));
    if (later) answer_later();  // it answers in turn
    send(command, descriptors);
    return receive();
  }

  void send(const disk::Command& command, const std::vector<int>& descriptors = {}) {
    const std::string text = disk::encode(command);
    if (text.size() > disk::message_capacity)
      throw std::runtime_error(fmt::format("disk of {}: the faults name too many files", name));
    if (!os::send_message(helper.control().get(), text, descriptors)) give_up("its process has ended");
  }

  std::string receive() {
    pollfd wanted{helper.control().get(), POLLIN, 0};
    if (os::check("wait for a disk server", os::retry([&] { return ::poll(&wanted, 1, disk_patience_ms); })) == 0)
      give_up(fmt::format("no answer within {} s", disk_patience_ms / 1000));
    auto reply = os::receive_message(helper.control().get(), true, 2 * disk::message_capacity);
    if (!reply || reply->end) give_up("its process has ended");
    return std::move(reply->data);
  }

  /// What takes long: the loop goes on meanwhile. `done` gets the reply, or nothing and why.
  void ask_later(core::EventLoop& loop, const disk::Command& command,
                 std::function<void(std::string reply, std::string error)> done) {
    if (later) answer_later();
    later = std::move(done);
    send(command);
    replies = loop.on_readable(helper.control().get(), [this] { answer_later(); });
  }

  void answer_later() {
    replies.reset();
    const auto done = std::exchange(later, nullptr);
    std::string reply, error;
    try {
      reply = receive();
    } catch (const std::exception& failure) {
      error = failure.what();
    }
    done(std::move(reply), std::move(error));
  }

  [[noreturn]] void give_up(const std::string& why) {
    how = why;
    throw std::runtime_error(fmt::format("disk of {}: {}", name, how));
  }

  std::string name, logs;
  HelperProcess helper;
  core::EventLoop::Registration death, replies;
  std::function<void(std::string, std::string)> later;  ///< a reply is awaited
  std::string how;                                      ///< why it can no longer be asked
};

NodeDisks::NodeDisks(core::EventLoop& loop, const std::vector<std::unique_ptr<Node>>& nodes,
                     const std::vector<core::Claim>& claims, const std::function<int(core::NodeId)>& clock_of)
    : loop_(loop), nodes_(nodes) {
  std::map<core::NodeId, std::vector<core::DiskConcern>> concerns;
  std::set<core::NodeId> durability;
  for (const auto& claim : claims)
    if (claim.medium == core::Claim::Medium::disk)
      for (const core::NodeId node : claim.nodes) {
        concerns[node].insert(concerns[node].end(), claim.files.begin(), claim.files.end());
        if (claim.durability) durability.insert(node);
      }
  for (const auto& [id, files] : concerns) {
    const Node& node = *nodes.at(id);
    const auto on_end = [this, name = node.plan().name](const std::string& how) {
      if (callback_) callback_(name, how);
    };
    const auto& server = servers_[id] = std::make_unique<Server>(loop, node, on_end);
    disk::Command start;
    start.node = node.plan().name;
    start.passthrough = true;  // where the kernel allows it: the server finds out
    start.durability = durability.contains(id);
    start.concerns = files;
    const int clock = clock_of(id);
    disk::check_done(server->ask(start, clock < 0 ? std::vector<int>{} : std::vector<int>{clock}));
  }
}

NodeDisks::~NodeDisks() {
  devices_.clear();  // what the kernel still writes when it unmounts them goes to the servers
  for (const auto& [node, server] : servers_) {
    server->death.reset();
    server->replies.reset();
    server->helper.finish(500);
  }
}

NodeDisks::Server& NodeDisks::server(core::NodeId node) {
  const auto found = servers_.find(node);
  if (found == servers_.end()) throw std::logic_error(fmt::format("disk of node {}: it was not claimed", node));
  return *found->second;
}

void NodeDisks::make_device(const std::string& file_system, std::uint64_t bytes,
                            const std::vector<core::NodeId>& nodes) {
  for (const core::NodeId node : nodes) {
    const std::string& name = server(node).name;
    auto& device = devices_[node];
    if (device && (device->file_system() != file_system || device->bytes() != bytes))
      throw std::invalid_argument(
          fmt::format("two faults ask for different devices below {}: {} of {} bytes and {} of {}", name,
                      device->file_system(), device->bytes(), file_system, bytes));
    if (!device) device = std::make_unique<BlockDevice>(*nodes_.at(node), file_system, bytes);
  }
}

core::Disks::Handle NodeDisks::add(const core::DiskRule& rule, const std::vector<core::NodeId>& nodes) {
  disk::Command command;
  command.kind = disk::Command::Kind::add;
  command.handle = ++last_;
  command.rule = rule;
  command.rule.damage.parts = static_cast<std::uint32_t>(std::max<std::size_t>(1, nodes.size()));
  for (const core::NodeId node : nodes) {
    const auto reply = server(node).ask(command);
    disk::check_done(reply);
    ++command.rule.damage.part;
    rules_[command.handle].push_back(node);
  }
  return command.handle;
}

void NodeDisks::remove(Handle handle) {
  disk::Command command;
  command.kind = disk::Command::Kind::remove;
  command.handle = handle;
  for (const core::NodeId node : rules_[handle]) disk::check_done(server(node).ask(command));
}

std::vector<core::DiskEffect> NodeDisks::effect(Handle handle) {
  disk::Command command;
  command.kind = disk::Command::Kind::effect;
  command.handle = handle;
  std::vector<core::DiskEffect> effects;
  for (const core::NodeId node : rules_[handle]) {
    effects.push_back(disk::decode_effect(server(node).ask(command)));
    effects.back().node = node;
  }
  return effects;
}

void NodeDisks::cut_power(const std::vector<core::NodeId>& nodes) {
  disk::Command command;
  command.kind = disk::Command::Kind::cut;
  command.at = core::now() + time_to_tell_all;
  for (const core::NodeId node : nodes) {
    server(node).send(command);
    without_power_.insert(node);
  }
  for (const core::NodeId node : nodes) disk::check_done(server(node).receive());
}

void NodeDisks::let_go(const std::vector<core::NodeId>& nodes) {
  disk::Command command;
  command.kind = disk::Command::Kind::let_go;
  for (const core::NodeId node : nodes) disk::check_done(server(node).ask(command));
}

void NodeDisks::lose(core::NodeId node, const core::PowerLoss& loss,
                     std::function<void(core::PowerLossEffect, std::string error)> done) {
  disk::Command command;
  command.kind = disk::Command::Kind::lose;
  command.loss = loss;
  const std::string manifest = fmt::format("lost-{}.jsonl", as_file_name(loss.fault));
  if (command.loss.manifest.empty()) command.loss.manifest = server(node).logs + "/" + manifest;
  server(node).ask_later(loop_, command,
                         [node, manifest, done = std::move(done)](const std::string& reply, std::string error) {
                           core::PowerLossEffect effect;
                           try {
                             if (error.empty()) effect = disk::decode_power_loss(reply);
                           } catch (const std::exception& failure) {
                             error = failure.what();
                           }
                           effect.node = node;
                           effect.manifest = manifest;
                           done(effect, std::move(error));
                         });
}

void NodeDisks::settle(core::NodeId node) {
  const auto found = servers_.find(node);
  if (found == servers_.end()) return;
  disk::Command command;
  command.kind = disk::Command::Kind::settle;
  disk::check_done(found->second->ask(command));
}

void NodeDisks::mount(const Node& node) {
  const auto found = servers_.find(node.plan().id);
  if (found == servers_.end()) return;
  const os::Fd device = mount_in(node);
  disk::Command command;
  command.kind = disk::Command::Kind::mount;
  found->second->send(command, {device.get()});
  disk::check_done(found->second->receive());
  without_power_.erase(node.plan().id);
}

void NodeDisks::on_death(std::function<void(const std::string&, const std::string&)> callback) {
  callback_ = std::move(callback);
}

std::vector<pid_t> NodeDisks::pids() const {
  std::vector<pid_t> pids;
  for (const auto& [node, server] : servers_) pids.push_back(server->helper.pid());
  return pids;
}

}  // namespace withstand::lab
