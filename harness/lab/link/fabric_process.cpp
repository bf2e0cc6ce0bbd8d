#include <algorithm>
#include <ctime>
#include <exception>
#include <memory>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <sys/prctl.h>

#include "core/priority.hpp"
#include "lab/link/capture.hpp"
#include "lab/link/fabric.hpp"
#include "lab/link/protocol.hpp"
#include "lab/link/waiter.hpp"
#include "os/check.hpp"
#include "os/fd_message.hpp"
#include "os/idle_latency.hpp"
#include "os/process.hpp"

namespace withstand::lab::link {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t control_tag = UINT32_MAX - 1;
/// The loop wakes this often even when nothing happens, so that having been stopped is noticed.
constexpr auto pulse = 20ms;
/// Linux looks at most once a second whether a carrier has come or gone.
constexpr auto notice = 2s;

/// What CLOCK_REALTIME is ahead of our clock now; a jump of it later makes no packet earlier than the one before.
std::chrono::nanoseconds since_1970() {
  timespec wall{};
  const core::Instant before = core::now();
  os::check("read the wall clock", ::clock_gettime(CLOCK_REALTIME, &wall));
  const core::Instant between = before + (core::now() - before) / 2;
  return std::chrono::seconds(wall.tv_sec) + std::chrono::nanoseconds(wall.tv_nsec) - between;
}

/// The process: control socket, nodes, loop.
class Process {
 public:
  explicit Process(os::Fd control) : control_(std::move(control)) { waiter_.watch(control_.get(), control_tag); }

  void run() {
    core::Instant next_pulse = core::now() + pulse;
    while (!ended_) {
      idle_latency_.follow();
      const auto events = waiter_.wait(forwarder_ ? forwarder_->next_due() : core::Instant::max(), next_pulse);
      const core::Instant start = core::now();
      if (start >= next_pulse) {
        stall_max_ = std::max(stall_max_, start - next_pulse);
        next_pulse = start + pulse;
        if (capture_) capture_->flush();
      }
      priority_.review(start);
      if (forwarder_) forwarder_->release();
      for (const epoll_event& event : events) {
        if (event.data.u32 == control_tag) {
          serve();
          continue;
        }
        forwarder_->read_burst(event.data.u32);
        forwarder_->release();
      }
    }
  }

 private:
  void serve() {
    os::FdMessage message = os::receive_message(control_, message_capacity);
    if (message.bytes.empty()) {
      ended_ = true;
      return;
    }
    const core::Instant start = core::now();
    MessageReader reader(message.bytes);
    MessageWriter reply;
    answer(reader.take<Request>(), reader, message.fds, reply.put(Request{}));
    os::send_message(control_, reply.bytes());
    stall_max_ = std::max(stall_max_, core::now() - start);
  }

  void answer(Request request, MessageReader& reader, std::vector<os::Fd>& fds, MessageWriter& reply) {
    switch (request) {
      case Request::node:
        addresses_.push_back(reader.take<NodeAddresses>());
        names_.push_back(reader.text());
        tuns_.push_back(std::move(fds.at(0)));
        routes_.emplace_back(std::move(fds.at(1)));
        return;
      case Request::capture:
        capture_ =
            std::make_unique<Capture>(std::move(fds.at(0)), reader.take<CaptureSettings>(), names_, since_1970());
        return;
      case Request::start:
        return start();
      case Request::stage:
        for (const auto& link : reader.take_rest<Forwarder::StagedLink>()) staged_.push_back(link);
        return;
      case Request::table:
        for (const auto entry : reader.take_rest<std::int64_t>()) table_.push_back(entry);
        return;
      case Request::add: {
        const auto wanted = reader.take<AddRequest>();
        return add({wanted.kind, wanted.handle, wanted.settings, reader.text()});
      }
      case Request::remove:
        return remove(reader.take<std::uint64_t>());
      case Request::forget:
        return forwarder_->forget(reader.take<std::uint64_t>());
      case Request::effect:
        return effect(reader.take<EffectRequest>(), reply);
      case Request::drawn:
        return drawn(reader.take<std::uint64_t>(), reply);
      case Request::health:
        return health(reply);
      case Request::plug:
        return plug(reader.take<PlugRequest>());
      case Request::carrier:
        reply.put(routes_.at(reader.take<core::NodeId>()).carrier("eth0"));
        return;
      case Request::replace:
        return replace(reader.take<core::NodeId>(), fds);
      case Request::watch_streams:
        forwarder_->watch_streams();
        return;
      case Request::stream_add: {
        const auto wanted = reader.take<StreamRequest>();
        return add(wanted, reader.text());
      }
      case Request::stream_effect:
        return stream_effect(reader.take<EffectRequest>(), reply);
      case Request::stream_met:
        return stream_met(reader.take<EffectRequest>(), reply);
      case Request::watch_http:
        forwarder_->watch_http();
        return;
      case Request::http_pattern:
        return pattern(reader);
      case Request::http_add:
        return add_http(reader);
      case Request::http_effect:
      case Request::http_met:
      case Request::http_seen:
        return http(request, reader.take<EffectRequest>(), reply);
      case Request::audit:
        return audit(reader.take<std::uint32_t>(), reply);
      case Request::end_capture:
        return end_capture(reply);
    }
    throw std::runtime_error("link fabric: unknown request");
  }

  void end_capture(MessageWriter& reply) {
    if (!capture_) throw std::runtime_error("link fabric: nothing is captured");
    capture_->close();
    reply.put(capture_->counts());
  }

  void start() {
    for (std::uint32_t id = 0; id < tuns_.size(); ++id) waiter_.watch(tuns_[id].get(), id);
    cables_.resize(tuns_.size());
    retired_.resize(tuns_.size());
    forwarder_ = std::make_unique<Forwarder>(addresses_, std::move(tuns_));
    if (capture_) forwarder_->set_capture(capture_.get());
  }

  /// What the kernel counted of the old interface still counts.
  void replace(core::NodeId node, std::vector<os::Fd>& fds) {
    const os::InterfaceCounters last = routes_.at(node).counters("eth0");
    retired_[node].rx_packets += last.rx_packets;
    retired_[node].tx_packets += last.tx_packets;
    retired_[node].tx_dropped += last.tx_dropped - excused(node, last.tx_dropped);
    cables_[node] = {};
    waiter_.watch(fds.at(0).get(), node);
    forwarder_->replace(node, std::move(fds.at(0)));
    routes_[node] = os::RouteSocket(std::move(fds.at(1)));
  }

  void add(const StageSettings& settings) {
    Table table;
    if (!table_.empty()) table = std::make_shared<const std::vector<std::int64_t>>(std::exchange(table_, {}));
    forwarder_->add(settings, std::exchange(staged_, {}), table);
    if (keeps_time(settings.kind)) timekeepers_.insert(settings.handle);
    idle_latency_.hold(!timekeepers_.empty());
  }

  void add(const StreamRequest& request, const std::string& fault) {
    streams().add(request.handle, request.settings, std::exchange(staged_, {}), core::now(), fault);
    timekeepers_.insert(request.handle);
    idle_latency_.hold(true);
  }

  stream::Streams& streams() {
    if (forwarder_->streams() == nullptr) throw std::runtime_error("link fabric: connections are not followed");
    return *forwarder_->streams();
  }

  void stream_effect(const EffectRequest& request, MessageWriter& reply) {
    const auto effects = streams().effect(request.handle);
    const auto end = std::min<std::size_t>(effects.size(), request.first + effects_per_message);
    for (std::size_t i = request.first; i < end; ++i) reply.put(effects[i]);
  }

  void stream_met(const EffectRequest& request, MessageWriter& reply) {
    const auto met = streams().met(request.handle);
    const auto end = std::min<std::size_t>(met.size(), request.first + draws_per_message);
    for (std::size_t i = request.first; i < end; ++i)
      reply.put(DrawCount{.link = met[i].first, .key = met[i].second, .count = 1});
  }

  void pattern(MessageReader& reader) {
    const auto kind = reader.take<HttpPattern>();
    const std::string text = reader.text();
    switch (kind) {
      case HttpPattern::method:
        match_.methods.push_back(text);
        return;
      case HttpPattern::path:
        match_.path = text;
        return;
      case HttpPattern::host:
        match_.host = text;
        return;
      case HttpPattern::header:
        match_.headers.push_back({text, ""});
        return;
      case HttpPattern::value:
        match_.headers.back().value = text;
        return;
      case HttpPattern::response_header:
        match_.response_headers.push_back({text, ""});
        return;
      case HttpPattern::response_value:
        match_.response_headers.back().value = text;
        return;
      case HttpPattern::status:
        match_.statuses.push_back(text);
        return;
    }
  }

  void add_http(MessageReader& reader) {
    const auto request = reader.take<HttpRequest>();
    streams().add_http(request.handle, request.settings, std::exchange(match_, {}), std::exchange(staged_, {}),
                       reader.text());
    timekeepers_.insert(request.handle);
    idle_latency_.hold(true);
  }

  void http(Request request, const EffectRequest& wanted, MessageWriter& reply) {
    const http::Inspector* ears = streams().ears();
    if (ears == nullptr) throw std::runtime_error("link fabric: HTTP is not read");
    const auto put_part = [&](const auto& all, std::size_t most) {
      const auto end = std::min<std::size_t>(all.size(), wanted.first + most);
      for (std::size_t i = wanted.first; i < end; ++i) reply.put(all[i]);
    };
    if (request == Request::http_effect) return put_part(ears->effect(wanted.handle), effects_per_message);
    if (request == Request::http_met) {
      if (wanted.first == 0) {
        http_met_.clear();
        for (const auto& met : ears->met(wanted.handle)) http_met_.push_back({met.link, met.key, met.ordinal});
      }
      return put_part(http_met_, draws_per_message);
    }
    for (const core::HttpSeen& seen : ears->seen(wanted.handle, kinds_per_message)) {
      HttpKind kind{.count = seen.count};
      seen.what.copy(kind.what, sizeof kind.what - 1);
      reply.put(kind);
    }
  }

  /// What the impairment holds is still delivered at its time, as well as it may be without.
  void remove(std::uint64_t handle) {
    if (forwarder_->streams() == nullptr || !forwarder_->streams()->remove(handle, core::now()))
      forwarder_->remove(handle);
    timekeepers_.erase(handle);
    idle_latency_.hold(!timekeepers_.empty());
  }

  static bool keeps_time(core::Impairment::Kind kind) {
    using Kind = core::Impairment::Kind;
    return kind == Kind::latency || kind == Kind::rate || kind == Kind::reorder;
  }

  /// All that is told of an impairment is of one instant, however many messages it takes.
  void effect(const EffectRequest& request, MessageWriter& reply) {
    if (request.first == 0) take_picture(request.handle);
    const auto end = std::min<std::size_t>(effects_.size(), request.first + effects_per_message);
    for (std::size_t i = request.first; i < end; ++i) reply.put(effects_[i]);
  }

  void take_picture(std::uint64_t handle) {
    effects_.clear();
    draws_.clear();
    const auto* stages = forwarder_->stages(handle);
    if (stages == nullptr) return;
    for (const auto& [link, stage] : *stages) {
      effects_.push_back(stage->effect(link, core::now()));
      if (stage->next_draw > 0) draws_.push_back({.link = link, .key = 0, .count = stage->next_draw});
      for (const Stage::Drawn& drawn : stage->drawn)
        if (drawn.count > 0) draws_.push_back({.link = link, .key = drawn.key, .count = drawn.count});
    }
  }

  void drawn(std::size_t first, MessageWriter& reply) const {
    const auto end = std::min<std::size_t>(draws_.size(), first + draws_per_message);
    for (std::size_t i = first; i < end; ++i) reply.put(draws_[i]);
  }

  void health(MessageWriter& reply) const {
    const ForwarderCounters& counters = forwarder_->counters();
    reply.put(HealthReply{.queue_drops = counters.queue_drops,
                          .unroutable = counters.unroutable,
                          .write_losses = counters.write_losses,
                          .queued = counters.queued,
                          .late = counters.late,
                          .lateness_p99_ns = counters.lateness.quantile(0.99),
                          .lateness_max_ns = counters.lateness.max(),
                          .stall_max_ns = stall_max_.count(),
                          .realtime = priority_.realtime()});
  }

  /// Between two packets the kernel's counters and ours must be equal: nobody else reads or writes these devices.
  void audit(std::uint32_t first, MessageWriter& reply) {
    const auto end = std::min<std::size_t>(forwarder_->nodes(), first + audits_per_message);
    for (std::uint32_t id = first; id < end; ++id) {
      os::InterfaceCounters kernel = routes_[id].counters("eth0");
      kernel.tx_dropped -= excused(id, kernel.tx_dropped);
      kernel.tx_dropped += retired_[id].tx_dropped;
      kernel.tx_packets += retired_[id].tx_packets;
      kernel.rx_packets += retired_[id].rx_packets;
      reply.put(NodeAudit{.fabric = forwarder_->port(id), .kernel = kernel});
    }
  }

  void plug(const PlugRequest& request) {
    Cable& cable = cables_.at(request.node);
    if (!request.present) cable.drops_before = routes_[request.node].counters("eth0").tx_dropped - cable.excused;
    cable.present = request.present;
    cable.plugged_at = core::now();
    cable.counting = true;
    forwarder_->set_carrier(request.node, request.present);
  }

  /// What a node without carrier sends is dropped by its own kernel, and so may be what it sends until that has noticed
  /// that the carrier is back: none of it was ours to read.
  std::uint64_t excused(core::NodeId node, std::uint64_t drops) {
    Cable& cable = cables_[node];
    if (!cable.counting) return cable.excused;
    cable.excused = drops - cable.drops_before;
    cable.counting = !cable.present || core::now() < cable.plugged_at + notice;
    return cable.excused;
  }

  struct Cable {
    bool present = true, counting = false;
    core::Instant plugged_at{};
    std::uint64_t drops_before = 0, excused = 0;
  };

  os::Fd control_;
  std::vector<Cable> cables_;
  std::vector<os::InterfaceCounters> retired_;  ///< of interfaces that were replaced
  Waiter waiter_;
  std::vector<NodeAddresses> addresses_;
  std::vector<std::string> names_;
  std::vector<os::Fd> tuns_;
  std::vector<os::RouteSocket> routes_;
  std::unique_ptr<Forwarder> forwarder_;
  std::unique_ptr<Capture> capture_;  ///< behind the forwarder, whose stages its writer looks at until it ends
  std::vector<Forwarder::StagedLink> staged_;
  std::vector<std::int64_t> table_;
  std::vector<core::LinkEffect> effects_;
  std::vector<DrawCount> draws_;
  core::HttpMatch match_;  ///< of the next impairment of HTTP
  std::vector<HttpMet> http_met_;
  core::Priority priority_;
  os::IdleLatency idle_latency_;
  std::set<std::uint64_t> timekeepers_;  ///< impairments that delay packets
  std::chrono::nanoseconds stall_max_{};
  bool ended_ = false;
};

}  // namespace

int fabric_main() {
  try {
    // The kernel may otherwise round our timers up by 50 µs (prctl(2)).
    os::set_process_name("ws-fabric");
    os::check("set timer slack", ::prctl(PR_SET_TIMERSLACK, 1));
    Process(os::Fd(3)).run();
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "link fabric: {}\n", error.what());
    return 1;
  }
}

}  // namespace withstand::lab::link
