#include <algorithm>
#include <cstring>
#include <map>
#include <poll.h>
#include <stdexcept>

#include <fmt/format.h>
#include <sys/prctl.h>

#include "core/priority.hpp"
#include "lab/clock/census.hpp"
#include "lab/clock/protocol.hpp"
#include "lab/clock/supervisor.hpp"
#include "os/ancillary.hpp"
#include "os/check.hpp"
#include "os/fd_message.hpp"
#include "os/process.hpp"

namespace withstand::lab::clock {
namespace {

constexpr Ns forever = INT64_MAX;
constexpr Ns longest_wait = 1'000'000;  // twice what a change is ahead of its instant, mostly

void copy_text(char* to, std::size_t room, const std::string& text) {
  const std::size_t length = std::min(room - 1, text.size());
  std::memcpy(to, text.data(), length);
  to[length] = 0;
}

/// The share that a change asks for. Leap seconds are no shares but for the step that may come before.
Share share_of(const Request& request, const Domain& domain, Ns at) {
  using Change = Request::Change;
  const Ns shown = domain.shown(WS_WALL, at);
  Share share;
  switch (request.change) {
    case Change::offset:
      share.deviation = offset(at, request.by);
      break;
    case Change::drift:
      share.deviation = drift(at, rate_of_ppb(request.rate_ppb));
      break;
    case Change::freeze:
      share.deviation = freeze(at);
      break;
    case Change::strobe:
      share.strobe = ws_clock_strobe{at, INT64_MAX, request.half_period, request.by};
      break;
    case Change::start_at:
      share.deviation = {{at, request.wall - shown, rate_of_ppb(request.rate_ppb)}};
      break;
    case Change::smear:
      share.deviation = smear(at, request.length, request.by, request.shape);
      break;
    case Change::leap:
      share.deviation = offset(at, (shown / day + 1) * day - request.lead - shown);
      break;
    case Change::suspend:
    case Change::settable:
      throw std::logic_error("no single share");
  }
  return share;
}

/// As if the machine had slept until `at`, for `by` as its clocks have it (0: for as long as it really was): what
/// counts the time that it was awake stood still, the others are as far ahead of that.
std::vector<Share> shares_of_sleep(const Request& request, Ns at) {
  const Ns asleep = at - request.since;
  Share stood;
  stood.deviation = offset(at, -asleep);
  stood.lines = steady_lines;
  if (request.by == 0) return {stood};
  Share went;
  went.deviation = offset(at, request.by - asleep);
  went.lines = every_line & ~steady_lines;
  return {stood, went};
}

/// The process: control socket, one socket of listeners per domain, loop.
class Process {
 public:
  explicit Process(os::Fd control) : control_(std::move(control)), sockets_{control_.get()} {}

  void run() {
    while (!ended_) {
      supervisor_.serve(forever, sockets_);
      priority_.review(core::now());
      watch_timers();
      serve_sockets();
    }
  }

 private:
  struct Change {
    Supervisor::Id domain = 0;
    Request::Change kind = Request::Change::offset;
    std::vector<Domain::Handle> shares;
    Supervisor::Switch made{};
    int tai_before = 0;
    /// Processor time used: when it was made, and when timers became early.
    struct Use {
      Ns when = 0, used = 0;
    };
    Use begun, turned;
    bool watches_timers = false;
  };

  void serve_sockets() {
    pollfd control{control_.get(), POLLIN, 0};
    os::check("look for requests", os::retry([&] { return ::poll(&control, 1, 0); }));
    for (std::size_t i = 0; i < intakes_.size(); ++i) {
      while (auto message = os::receive_message(intakes_[i].get(), false)) {
        if (message->end) {
          std::erase(sockets_, intakes_[i].get());
          break;
        }
        for (auto& listener : message->descriptors)
          supervisor_.listen(static_cast<Supervisor::Id>(i), std::move(listener));
      }
    }
    if (control.revents != 0) serve_control();
  }

  void serve_control() {
    os::FdMessage message = os::receive_message(control_, sizeof(Request));
    if (message.bytes.empty()) {
      ended_ = true;
      return;
    }
    if (message.bytes.size() != sizeof(Request)) throw std::runtime_error("an unknown request");
    Request request;
    std::memcpy(&request, message.bytes.data(), sizeof request);
    Reply reply;
    try {
      answer(request, message.fds, reply);
    } catch (const std::invalid_argument& error) {
      reply.error = true;
      copy_text(reply.text, sizeof reply.text, error.what());
    }
    std::vector<int> files;
    if (request.kind == Request::Kind::domain && !reply.error)
      files.push_back(supervisor_.domain(static_cast<Supervisor::Id>(reply.handle)).file.descriptor());
    os::send_message(control_, std::as_bytes(std::span(&reply, 1)), files);
  }

  void answer(const Request& request, std::vector<os::Fd>& fds, Reply& reply) {
    switch (request.kind) {
      case Request::Kind::domain:
        reply.handle = supervisor_.add_domain();
        supervisor_.domain(static_cast<Supervisor::Id>(reply.handle)).steady_too = request.steady_too;
        sockets_.push_back(fds.at(0).get());
        intakes_.push_back(std::move(fds.at(0)));
        return;
      case Request::Kind::add:
        return add(request, reply);
      case Request::Kind::remove:
        return remove(request.handle);
      case Request::Kind::effect:
        return effect(changes_.at(request.handle), reply);
    }
    throw std::runtime_error("an unknown request");
  }

  void add(const Request& request, Reply& reply) {
    using Kind = Request::Change;
    DomainState& state = supervisor_.domain(request.domain);
    Change made;
    made.domain = request.domain;
    made.kind = request.change;
    made.tai_before = state.domain.ntp().tai();
    made.watches_timers = made.kind == Kind::leap && request.timers_early;
    if (made.watches_timers) made.begun = use_of(state);
    if (made.kind == Kind::settable) {
      ++state.may_set;
      made.made = {steady_now(), 0};
    } else {
      made.made = supervisor_.change(request.domain, [&](Domain& domain, Ns at) {
        made.shares.clear();
        const Ns now = steady_now();
        if (made.kind == Kind::suspend) {
          for (auto& share : shares_of_sleep(request, at)) made.shares.push_back(domain.add(std::move(share), now));
        } else if (made.kind != Kind::leap || request.lead >= 0) {
          made.shares.push_back(domain.add(share_of(request, domain, at), now));
        }
        if (made.kind == Kind::leap) announce(request, domain, now);
      });
    }
    reply.handle = next_++;
    changes_[reply.handle] = made;
  }

  static void announce(const Request& request, Domain& domain, Ns now) {
    const auto edge = request.tick_edge ? LeapEdge::tick : LeapEdge::exact;
    const auto timers = request.timers_early ? LeapTimers::second_early : LeapTimers::right;
    domain.announce_leap(request.inserted ? STA_INS : STA_DEL, now, edge, timers);
  }

  void remove(std::uint64_t handle) {
    using Kind = Request::Change;
    Change& made = changes_.at(handle);
    made.watches_timers = false;
    DomainState& state = supervisor_.domain(made.domain);
    if (made.kind == Kind::settable) {
      if (--state.may_set > 0 || state.set_shares.empty()) return;
      made.shares = std::move(state.set_shares);
      state.set_shares.clear();
    }
    supervisor_.change(made.domain, [&](Domain& domain, Ns at) {
      for (const auto share : made.shares) domain.remove(share, at);
      if (made.kind == Kind::leap) domain.withdraw_leaps(at);
    });
  }

  static Change::Use use_of(const DomainState& state) { return {steady_now(), take_census(state.pid_namespace).used}; }

  /// Processors used between two looks.
  static double rate(const Change::Use& from, const Change::Use& to) {
    return static_cast<double>(to.used - from.used) / static_cast<double>(std::max<Ns>(to.when - from.when, 1));
  }

  /// What the node uses from when its timers are early is told apart from what it used before.
  void watch_timers() {
    for (auto& [handle, made] : changes_) {
      if (!made.watches_timers || supervisor_.domain(made.domain).domain.early() == 0) continue;
      made.turned = use_of(supervisor_.domain(made.domain));
      made.watches_timers = false;
    }
  }

  void effect(const Change& made, Reply& reply) {
    DomainState& state = supervisor_.domain(made.domain);
    const Coverage& coverage = state.coverage;
    // Asked for at once, it would be of the time before.
    while (steady_now() < made.made.at && made.made.at - steady_now() < longest_wait) {
    }
    state.domain.advance(steady_now());
    reply.switched = made.made.at;
    reply.published = made.made.published;
    reply.leap_state = state.domain.ntp().state();
    reply.tai = state.domain.ntp().tai();
    reply.leapt = reply.tai != made.tai_before;
    const Census census = take_census(state.pid_namespace);
    reply.processes = census.processes;
    reply.covered = census.covered;
    reply.programs = coverage.programs;
    reply.reads = coverage.reads;
    reply.waits = coverage.waits;
    reply.timers = coverage.timers;
    reply.woken = coverage.woken;
    reply.refused_sets = coverage.refused_sets;
    reply.sets = coverage.sets;
    if (made.turned.when != 0) {
      reply.processors_before = rate(made.begun, made.turned);
      reply.processors_since = rate(made.turned, {steady_now(), census.used});
    }
    reply.rings = coverage.rings;
    reply.escaped = coverage.escaped;
    reply.injection = coverage.programs == 0 ? 0 : coverage.inject_ns / static_cast<Ns>(coverage.programs);
    std::copy_n(census.programs.begin(), std::min(census.programs.size(), std::size(reply.programs_seen)),
                reply.programs_seen);
    measure_in(census, state, reply);
    std::string escapes;
    for (const auto& each : coverage.escapes) escapes += fmt::format("{} ({}): {}\n", each.name, each.pid, each.why);
    copy_text(reply.text, sizeof reply.text, escapes);
  }

  static void measure_in(const Census& census, const DomainState& state, Reply& reply) {
    Ns at = steady_now();
    const auto seen = census.sample != 0 ? measure(census.sample, at) : std::nullopt;
    reply.is_measured = seen.has_value();
    const MachineTime now = machine_time();
    const Ns wall = now.wall - now.steady, boot = now.boot - now.steady;
    const Ahead machine{at + wall, at + wall + now.tai * second, at, at + boot, 0};
    for (const auto line : {WS_WALL, WS_TAI, WS_STEADY, WS_BOOT}) {
      reply.measured[line] = seen ? (*seen)[line] : 0;
      reply.requested[line] = state.domain.untouched(line) ? 0 : state.domain.shown(line, at) - machine[line];
    }
    copy_text(reply.sample, sizeof reply.sample, fmt::format("{} ({})", census.sample_name, census.sample));
  }

  os::Fd control_;
  core::Priority priority_;  ///< programs that are executed wait for this process
  Supervisor supervisor_;
  std::vector<int> sockets_;  ///< the control socket and the intakes, to wait for
  std::vector<os::Fd> intakes_;
  std::map<std::uint64_t, Change> changes_;
  std::uint64_t next_ = 1;
  bool ended_ = false;
};

}  // namespace

int supervisor_main() {
  try {
    os::set_process_name("ws-clock");
    os::check("set timer slack", ::prctl(PR_SET_TIMERSLACK, 1));
    Process(os::Fd(3)).run();
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "clock supervisor: {}\n", error.what());
    return 1;
  }
}

}  // namespace withstand::lab::clock
