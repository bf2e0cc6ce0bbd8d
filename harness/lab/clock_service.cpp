#include "lab/clock_service.hpp"

#include <cstring>
#include <poll.h>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>

#include "lab/clock/counter_scan.hpp"
#include "os/check.hpp"
#include "os/fd_message.hpp"
#include "os/proc.hpp"

namespace withstand::lab {
namespace {

/// Far beyond any answer; a supervisor that is silent for so long is stopped or starved.
constexpr int supervisor_patience_ms = 5000;

clock::Request::Change kind_of(core::ClockChange::Kind kind) {
  using From = core::ClockChange::Kind;
  using To = clock::Request::Change;
  switch (kind) {
    case From::offset:
      return To::offset;
    case From::drift:
      return To::drift;
    case From::freeze:
      return To::freeze;
    case From::strobe:
      return To::strobe;
    case From::start_at:
      return To::start_at;
    case From::leap:
      return To::leap;
    case From::smear:
      return To::smear;
    case From::suspend:
      return To::suspend;
    case From::settable:
      return To::settable;
  }
  throw std::logic_error("an unknown change of a clock");
}

}  // namespace

ClockService::ClockService(core::EventLoop& loop, const core::Topology& topology, const std::set<core::NodeId>& nodes,
                           const std::set<core::NodeId>& steady_too)
    : topology_(topology) {
  SpawnOptions options;
  options.args = {"__clock"};
  helper_ = spawn_helper(options);
  death_ = loop.on_readable(helper_.pidfd().get(), [this] { died(); });
  for (const core::NodeId node : nodes) {
    os::SocketPair listeners = os::make_socket_pair();
    clock::Request request;
    request.kind = clock::Request::Kind::domain;
    request.steady_too = steady_too.count(node) > 0;
    const int handed[] = {listeners.first.get()};
    os::Fd file;
    const auto reply = ask(request, handed, &file);
    domains_[node] = {static_cast<std::uint32_t>(reply.handle), std::move(listeners.second), std::move(file),
                      request.steady_too};
  }
}

ClockDoor ClockService::door_of(core::NodeId node) const {
  const auto found = domains_.find(node);
  if (found == domains_.end()) return {};
  return {found->second.socket.get(), found->second.steady_too};
}

int ClockService::file_of(core::NodeId node) const {
  const auto found = domains_.find(node);
  return found == domains_.end() ? -1 : found->second.file.get();
}

core::Clocks::Handle ClockService::add(core::NodeId node, const core::ClockChange& change) {
  const auto found = domains_.find(node);
  if (found == domains_.end())
    throw std::logic_error("no fault of the plan claimed the clock of " + topology_.at(node).name);
  clock::Request request;
  request.kind = clock::Request::Kind::add;
  request.domain = found->second.number;
  request.change = kind_of(change.kind);
  request.by = change.by;
  request.rate_ppb = change.rate_ppb;
  request.half_period = change.half_period;
  request.wall = change.wall;
  request.since = change.since;
  request.length = change.length;
  request.lead = change.lead;
  request.shape = change.cosine ? clock::Smear::cosine : clock::Smear::linear;
  request.inserted = change.inserted;
  request.tick_edge = change.tick_edge;
  request.timers_early = change.timers_early;
  const auto reply = ask(request);
  if (reply.error) throw std::invalid_argument(reply.text);
  return reply.handle;
}

void ClockService::remove(Handle handle) {
  clock::Request request;
  request.kind = clock::Request::Kind::remove;
  request.handle = handle;
  ask(request);
}

core::ClockEffect ClockService::effect(Handle handle) {
  clock::Request request;
  request.kind = clock::Request::Kind::effect;
  request.handle = handle;
  const auto reply = ask(request);
  core::ClockEffect effect;
  effect.switched = core::Instant(reply.switched);
  effect.published = core::Instant(reply.published);
  effect.requested_ns = reply.requested[WS_WALL];
  effect.measured_ns = reply.measured[WS_WALL];
  effect.steady_requested_ns = reply.requested[WS_STEADY];
  effect.steady_measured_ns = reply.measured[WS_STEADY];
  effect.boot_requested_ns = reply.requested[WS_BOOT];
  effect.boot_measured_ns = reply.measured[WS_BOOT];
  effect.measured = reply.is_measured;
  effect.sample = reply.sample;
  effect.leap_state = reply.leap_state;
  effect.tai = reply.tai;
  effect.leapt = reply.leapt;
  effect.processes = reply.processes;
  effect.covered = reply.covered;
  effect.programs = reply.programs;
  effect.reads = reply.reads;
  effect.waits = reply.waits;
  effect.timers = reply.timers;
  effect.woken = reply.woken;
  effect.refused_sets = reply.refused_sets;
  effect.sets = reply.sets;
  effect.processors_before = reply.processors_before;
  effect.processors_since = reply.processors_since;
  effect.rings = reply.rings;
  effect.injection_ns = reply.injection;
  effect.escaped = reply.escaped;
  for (const auto process : reply.programs_seen)
    if (process != 0) note_counter_reader(process, effect);
  std::istringstream lines(reply.text);
  for (std::string line; std::getline(lines, line);) effect.escapes.push_back(line);
  return effect;
}

/// Each program file is looked into once.
void ClockService::note_counter_reader(pid_t process, core::ClockEffect& effect) {
  const std::string path = fmt::format("/proc/{}/exe", process);
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return;
  const auto [known, is_new] = reads_counter_.try_emplace({file.st_dev, file.st_ino}, false);
  if (is_new) known->second = clock::reads_time_stamp_counter(path);
  if (!known->second) return;
  const auto stat = os::process_stat(process);
  effect.counter_readers.push_back(stat ? stat->name : std::to_string(process));
}

clock::Reply ClockService::ask(const clock::Request& request, std::span<const int> descriptors, os::Fd* file) {
  if (!how_.empty()) throw std::runtime_error("clock supervisor: " + how_);
  try {
    os::send_message(helper_.control(), std::as_bytes(std::span(&request, 1)), descriptors);
    pollfd wanted{helper_.control().get(), POLLIN, 0};
    if (os::check("wait for the clock supervisor",
                  os::retry([&] { return ::poll(&wanted, 1, supervisor_patience_ms); })) == 0)
      give_up(fmt::format("no answer within {} s", supervisor_patience_ms / 1000));
    os::FdMessage message = os::receive_message(helper_.control(), sizeof(clock::Reply));
    if (file != nullptr && !message.fds.empty()) *file = std::move(message.fds.front());
    if (message.bytes.size() == sizeof(clock::Reply)) {
      clock::Reply reply;
      std::memcpy(&reply, message.bytes.data(), sizeof reply);
      return reply;
    }
  } catch (const os::SystemError& error) {
    if (error.code() != std::errc::broken_pipe && error.code() != std::errc::connection_reset) throw;
  }
  give_up("its process has ended");
}

/// A request without its reply leaves the two out of step: from then on every call throws.
void ClockService::give_up(const std::string& why) {
  how_ = why;
  throw std::runtime_error("clock supervisor: " + how_);
}

void ClockService::died() {
  death_.reset();
  how_ = "its process " + helper_.finish(0).to_text();
  if (auto tell = std::exchange(callback_, nullptr)) tell(how_);
}

}  // namespace withstand::lab
