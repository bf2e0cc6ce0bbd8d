#include "lab/link/fabric.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <csignal>
#include <cstring>
#include <map>
#include <poll.h>
#include <set>
#include <stdexcept>

#include <fmt/format.h>

#include "lab/link/health.hpp"
#include "lab/link/protocol.hpp"
#include "lab/link/recount.hpp"
#include "lab/spawn.hpp"
#include "os/check.hpp"
#include "os/fd_message.hpp"

namespace withstand::lab::link {
namespace {

/// Far beyond any acknowledgement; a fabric that is silent for so long is stopped or starved.
constexpr int patience_ms = 5000;
/// For a disk that is slow to take the rest of a capture, and how often it is asked for.
constexpr std::chrono::milliseconds capture_patience{10'000}, capture_pause{2};

NodeAddresses addresses_of(const core::NodeInfo& node) {
  NodeAddresses addresses;
  if (::inet_pton(AF_INET, node.address.c_str(), addresses.v4.data()) != 1 ||
      ::inet_pton(AF_INET6, node.address6.c_str(), addresses.v6.data()) != 1)
    throw std::logic_error(fmt::format("link fabric: {} has no usable addresses", node.name));
  return addresses;
}

}  // namespace

struct Fabric::Impl {
  Impl(core::EventLoop& its_loop, const core::Topology& nodes, const std::vector<core::Link>& links)
      : loop(its_loop), topology(nodes), claimed(links.begin(), links.end()) {
    SpawnOptions options;
    options.args = {"__fabric"};
    options.own_session =
        true;  // an interrupt from the terminal must not end it before the orchestrator has rolled back
    helper = spawn_helper(options);
    death = loop.on_readable(helper.pidfd().get(), [this] { died(); });
  }

  /// One request, one reply; throws when the fabric is gone or silent.
  std::vector<std::byte> ask(const MessageWriter& request, std::span<const int> fds = {}) {
    if (!how.empty()) throw std::runtime_error("link fabric: " + how);
    try {
      os::send_message(helper.control(), request.bytes(), fds);
      pollfd wanted{.fd = helper.control().get(), .events = POLLIN, .revents = 0};
      if (os::check("wait for the link fabric", os::retry([&] { return ::poll(&wanted, 1, patience_ms); })) == 0)
        give_up(fmt::format("no answer within {} s", patience_ms / 1000));
      os::FdMessage reply = os::receive_message(helper.control(), message_capacity);
      if (!reply.bytes.empty()) return {reply.bytes.begin() + sizeof(Request), reply.bytes.end()};
    } catch (const os::SystemError& error) {
      if (error.code() != std::errc::broken_pipe && error.code() != std::errc::connection_reset) throw;
    }
    give_up("its process has ended");
  }

  /// A request without its reply leaves the two out of step: from then on every call throws.
  [[noreturn]] void give_up(const std::string& why) {
    how = why;
    throw std::runtime_error("link fabric: " + how);
  }

  void died() {
    death.reset();
    how = "its process " + helper.finish(0).to_text();
    if (auto tell = std::exchange(callback, nullptr)) tell(how);
  }

  template <class Impairment>
  void stage(const Impairment& impairment, const std::vector<core::Link>& links) {
    for (std::size_t first = 0; first < links.size(); first += links_per_message) {
      MessageWriter request;
      request.put(Request::stage);
      for (std::size_t i = first; i < std::min(links.size(), first + links_per_message); ++i)
        request.put(Forwarder::StagedLink{links[i], draws_of(topology, impairment, links[i])});
      ask(request);
    }
  }

  /// Everything that the fabric has to say of an impairment, however many messages it takes.
  template <class T>
  std::vector<T> all(Request request, Handle handle, std::size_t per_message) {
    std::vector<T> told;
    for (;;) {
      const auto reply = ask(MessageWriter().put(request).put(EffectRequest{.handle = handle, .first = told.size()}));
      const auto part = MessageReader(reply).take_rest<T>();
      told.insert(told.end(), part.begin(), part.end());
      if (part.size() < per_message) return told;
    }
  }

  void check_claimed(const std::string& fault, const std::vector<core::Link>& links) const {
    if (links.empty()) throw std::logic_error("link fabric: an impairment of no link");
    for (const core::Link& link : links)
      if (!claimed.contains(link))
        throw std::logic_error(
            fmt::format("link fabric: {} impairs {}, which was not claimed", fault, link_name(topology, link)));
  }

  /// Of the same instant as the effects, which were asked for just before.
  void recount(Recount& recount, std::vector<core::LinkEffect>& effects) {
    std::map<core::Link, std::uint64_t> decided, candidates;
    for (std::uint64_t first = 0;;) {
      const auto reply = ask(MessageWriter().put(Request::drawn).put(first));
      const auto part = MessageReader(reply).take_rest<DrawCount>();
      for (const DrawCount& drawn : part) {
        decided[drawn.link] += recount.decided(drawn.link, drawn.key, drawn.count);
        candidates[drawn.link] += recount.candidates(drawn.count);
      }
      first += part.size();
      if (part.size() < draws_per_message) break;
    }
    for (core::LinkEffect& effect : effects) {
      effect.decided = decided[effect.link];
      effect.candidates = candidates[effect.link];
    }
  }

  void send_table(const std::vector<std::int64_t>& table) {
    for (std::size_t first = 0; first < table.size(); first += numbers_per_message) {
      MessageWriter request;
      request.put(Request::table);
      for (std::size_t i = first; i < std::min(table.size(), first + numbers_per_message); ++i) request.put(table[i]);
      ask(request);
    }
  }

  void send_pattern(HttpPattern kind, const std::string& text) {
    if (text.size() > longest_pattern)
      throw std::runtime_error(
          fmt::format("link fabric: a pattern of {} bytes; {} at most", text.size(), longest_pattern));
    MessageWriter request;
    request.put(Request::http_pattern).put(kind);
    for (const char c : text) request.put(c);
    ask(request);
  }

  void send_match(const core::HttpMatch& match) {
    for (const std::string& method : match.methods) send_pattern(HttpPattern::method, method);
    if (!match.path.empty()) send_pattern(HttpPattern::path, match.path);
    if (!match.host.empty()) send_pattern(HttpPattern::host, match.host);
    const auto send_headers = [&](const auto& headers, HttpPattern name, HttpPattern value) {
      for (const core::HttpMatch::Header& header : headers) {
        send_pattern(name, header.name);
        if (!header.value.empty()) send_pattern(value, header.value);
      }
    };
    send_headers(match.headers, HttpPattern::header, HttpPattern::value);
    send_headers(match.response_headers, HttpPattern::response_header, HttpPattern::response_value);
    for (const std::string& status : match.statuses) send_pattern(HttpPattern::status, status);
  }

  core::EventLoop& loop;
  const core::Topology& topology;
  bool captures = false;
  std::set<core::Link> claimed;
  HelperProcess helper;
  core::EventLoop::Registration death;
  std::function<void(const std::string&)> callback;
  std::string how;  ///< why it can no longer be asked; empty while it can
  Handle last_handle = 0;
  std::map<core::Link, int> active;  ///< impairments of each link
  std::map<Handle, std::vector<core::Link>> impaired;
  std::map<core::NodeId, int> unplugged;  ///< how often
  std::map<Handle, Recount> recounts;
  std::map<Handle, core::StreamImpairment> streams;
  std::map<Handle, core::HttpImpairment> http;
};

Fabric::Fabric(core::EventLoop& loop, const core::Topology& topology, std::vector<NodeInterface> interfaces,
               const std::vector<core::Link>& claimed, const std::optional<CaptureFile>& capture) {
  if (interfaces.size() != topology.nodes().size())
    throw std::logic_error("link fabric: not as many interfaces as nodes");
  impl_ = std::make_unique<Impl>(loop, topology, claimed);
  for (const core::NodeInfo& node : topology.nodes()) {
    const NodeInterface& interface = interfaces[node.id];
    MessageWriter request;
    request.put(Request::node).put(addresses_of(node)).put_text(node.name);
    const int fds[] = {interface.tun.get(), interface.route_socket.get()};
    impl_->ask(request, fds);
  }
  if (capture) {
    const int file[] = {capture->file.get()};
    impl_->ask(MessageWriter().put(Request::capture).put(capture->settings), file);
    impl_->captures = true;
  }
  impl_->ask(MessageWriter().put(Request::start));
}

Fabric::~Fabric() {
  impl_->death.reset();
  impl_->helper.finish(impl_->how.empty() ? 500 : 0);
}

void Fabric::on_death(std::function<void(const std::string&)> callback) { impl_->callback = std::move(callback); }

int Fabric::pid() const { return impl_->helper.pid(); }

void Fabric::watch_streams() { impl_->ask(MessageWriter().put(Request::watch_streams)); }

Fabric::Handle Fabric::add_stream(const core::StreamImpairment& impairment, const std::vector<core::Link>& links) {
  impl_->check_claimed(impairment.fault, links);
  impl_->stage(impairment, links);
  const Handle handle = ++impl_->last_handle;
  impl_->ask(MessageWriter()
                 .put(Request::stream_add)
                 .put(StreamRequest{handle, impairment.settings})
                 .put_text(impairment.fault));
  impl_->streams.emplace(handle, impairment);
  return handle;
}

std::vector<core::StreamEffect> Fabric::stream_effect(Handle handle) {
  const auto known = impl_->streams.find(handle);
  if (known == impl_->streams.end()) return {};
  auto effects = impl_->all<core::StreamEffect>(Request::stream_effect, handle, effects_per_message);
  std::map<core::Link, std::uint64_t> decided;
  for (const DrawCount& met : impl_->all<DrawCount>(Request::stream_met, handle, draws_per_message))
    decided[met.link] += chosen_again(impl_->topology, known->second, met.link, met.key) ? 1U : 0U;
  for (core::StreamEffect& effect : effects) effect.decided = decided[effect.link];
  return effects;
}

void Fabric::watch_http() { impl_->ask(MessageWriter().put(Request::watch_http)); }

Fabric::Handle Fabric::add_http(const core::HttpImpairment& impairment, const std::vector<core::Link>& links) {
  impl_->check_claimed(impairment.fault, links);
  impl_->send_match(impairment.match);
  impl_->stage(impairment, links);
  const Handle handle = ++impl_->last_handle;
  impl_->ask(
      MessageWriter().put(Request::http_add).put(HttpRequest{handle, impairment.settings}).put_text(impairment.fault));
  impl_->http.emplace(handle, impairment);
  return handle;
}

std::vector<core::HttpEffect> Fabric::http_effect(Handle handle) {
  const auto known = impl_->http.find(handle);
  if (known == impl_->http.end()) return {};
  auto effects = impl_->all<core::HttpEffect>(Request::http_effect, handle, effects_per_message);
  std::map<core::Link, std::uint64_t> decided;
  for (const HttpMet& met : impl_->all<HttpMet>(Request::http_met, handle, draws_per_message))
    decided[met.link] += chosen_again(impl_->topology, known->second, met.link, met.key, met.ordinal) ? 1U : 0U;
  for (core::HttpEffect& effect : effects) effect.decided += decided[effect.link];
  return effects;
}

std::vector<core::HttpSeen> Fabric::http_seen(Handle handle) {
  const auto reply = impl_->ask(MessageWriter().put(Request::http_seen).put(EffectRequest{.handle = handle}));
  std::vector<core::HttpSeen> seen;
  for (const HttpKind& kind : MessageReader(reply).take_rest<HttpKind>())
    seen.push_back({std::string(kind.what, strnlen(kind.what, sizeof kind.what)), kind.count});
  return seen;
}

Fabric::Handle Fabric::add(const core::Impairment& impairment, const std::vector<core::Link>& links) {
  impl_->check_claimed(impairment.fault, links);
  for (const core::Link& link : links)
    if (impl_->active[link] == static_cast<int>(Fate::most_stages))
      throw std::runtime_error(
          fmt::format("link fabric: {} has as many impairments as it can have", link_name(impl_->topology, link)));
  impl_->stage(impairment, links);
  if (impairment.table) impl_->send_table(*impairment.table);
  const Handle handle = ++impl_->last_handle;
  const AddRequest wanted{.kind = impairment.kind, .handle = handle, .settings = impairment.settings};
  impl_->ask(MessageWriter().put(Request::add).put(wanted).put_text(impairment.fault));
  for (const core::Link& link : links) ++impl_->active[link];
  impl_->impaired.emplace(handle, links);
  if (Recount::can(impairment.kind)) impl_->recounts.emplace(handle, Recount(impl_->topology, impairment));
  return handle;
}

void Fabric::remove(Handle handle) {
  impl_->ask(MessageWriter().put(Request::remove).put(handle));
  if (const auto links = impl_->impaired.extract(handle))
    for (const core::Link& link : links.mapped()) --impl_->active[link];
}

std::vector<core::LinkEffect> Fabric::effect(Handle handle) {
  auto effects = impl_->all<core::LinkEffect>(Request::effect, handle, effects_per_message);
  if (const auto recount = impl_->recounts.find(handle); recount != impl_->recounts.end())
    impl_->recount(recount->second, effects);
  return effects;
}

void Fabric::forget(Handle handle) {
  impl_->ask(MessageWriter().put(Request::forget).put(handle));
  impl_->recounts.erase(handle);
}

void Fabric::unplug(core::NodeId node) {
  if (impl_->unplugged[node]++ == 0)
    impl_->ask(MessageWriter().put(Request::plug).put(PlugRequest{.node = node, .present = false}));
}

void Fabric::plug(core::NodeId node) {
  if (impl_->unplugged[node] == 0) throw std::logic_error("link fabric: a node that is plugged in");
  if (--impl_->unplugged[node] == 0)
    impl_->ask(MessageWriter().put(Request::plug).put(PlugRequest{.node = node, .present = true}));
}

core::Links::Carrier Fabric::carrier(core::NodeId node) {
  const auto reply = impl_->ask(MessageWriter().put(Request::carrier).put(node));
  const auto carrier = MessageReader(reply).take<os::Carrier>();
  return {.present = carrier.present, .changes = carrier.changes};
}

void Fabric::replace(core::NodeId node, NodeInterface interface) {
  const int fds[] = {interface.tun.get(), interface.route_socket.get()};
  impl_->ask(MessageWriter().put(Request::replace).put(node), fds);
  if (impl_->unplugged[node] > 0)
    impl_->ask(MessageWriter().put(Request::plug).put(PlugRequest{.node = node, .present = false}));
}

std::optional<CaptureCounts> Fabric::end_capture() {
  if (!impl_->captures) return {};
  for (const core::Instant deadline = core::now() + capture_patience;;) {
    const auto reply = impl_->ask(MessageWriter().put(Request::end_capture));
    const auto counts = MessageReader(reply).take<CaptureCounts>();
    if (counts.done || core::now() >= deadline) return counts;
    impl_->loop.run_for(capture_pause);
  }
}

core::FabricHealth Fabric::health() {
  const auto reply = impl_->ask(MessageWriter().put(Request::health));
  const auto counters = MessageReader(reply).take<HealthReply>();
  std::vector<NodeAudit> audits;
  while (audits.size() < impl_->topology.nodes().size()) {
    const auto part = impl_->ask(MessageWriter().put(Request::audit).put(static_cast<std::uint32_t>(audits.size())));
    for (const NodeAudit& audit : MessageReader(part).take_rest<NodeAudit>()) audits.push_back(audit);
  }
  return judge_health(impl_->topology, counters, audits);
}

}  // namespace withstand::lab::link
