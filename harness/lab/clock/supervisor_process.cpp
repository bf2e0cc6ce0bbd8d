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
  }
  return share;
}

/// The process: control socket, one socket of listeners per domain, loop.
class Process {
 public:
  explicit Process(os::Fd control) : control_(std::move(control)), sockets_{control_.get()} {}

  void run() {
    while (!ended_) {
      supervisor_.serve(forever, sockets_);
      priority_.review(core::now());
      serve_sockets();
    }
  }

 private:
  struct Change {
    Supervisor::Id domain = 0;
    Domain::Handle share = 0;  ///< 0: none
    bool is_leap = false;
    Supervisor::Switch made{};
    int tai_before = 0;
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
    os::send_message(control_, std::as_bytes(std::span(&reply, 1)));
  }

  void answer(const Request& request, std::vector<os::Fd>& fds, Reply& reply) {
    switch (request.kind) {
      case Request::Kind::domain:
        reply.handle = supervisor_.add_domain();
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
    Change made;
    made.domain = request.domain;
    made.is_leap = request.change == Request::Change::leap;
    made.tai_before = supervisor_.domain(request.domain).domain.ntp().tai();
    made.made = supervisor_.change(request.domain, [&](Domain& domain, Ns at) {
      const Ns now = steady_now();
      if (!made.is_leap || request.lead >= 0) made.share = domain.add(share_of(request, domain, at), now);
      if (!made.is_leap) return;
      const auto edge = request.tick_edge ? LeapEdge::tick : LeapEdge::exact;
      const auto timers = request.timers_early ? LeapTimers::second_early : LeapTimers::right;
      domain.announce_leap(request.inserted ? STA_INS : STA_DEL, now, edge, timers);
    });
    reply.handle = next_++;
    changes_[reply.handle] = made;
  }

  void remove(std::uint64_t handle) {
    const Change& made = changes_.at(handle);
    supervisor_.change(made.domain, [&](Domain& domain, Ns at) {
      if (made.share != 0) domain.remove(made.share, at);
      if (made.is_leap) domain.withdraw_leaps(at);
    });
  }

  void effect(const Change& made, Reply& reply) {
    DomainState& state = supervisor_.domain(made.domain);
    const Coverage& coverage = state.coverage;
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
    reply.rings = coverage.rings;
    reply.escaped = coverage.escaped;
    reply.injection = coverage.programs == 0 ? 0 : coverage.inject_ns / static_cast<Ns>(coverage.programs);
    measure_in(census, state, reply);
    std::string escapes;
    for (const auto& each : coverage.escapes) escapes += fmt::format("{} ({}): {}\n", each.name, each.pid, each.why);
    copy_text(reply.text, sizeof reply.text, escapes);
  }

  static void measure_in(const Census& census, const DomainState& state, Reply& reply) {
    Ns at = steady_now();
    const auto seen = census.sample != 0 ? measure(census.sample, at) : std::nullopt;
    reply.is_measured = seen.has_value();
    reply.measured = seen.value_or(0);
    const MachineTime now = machine_time();
    reply.requested =
        state.domain.untouched(WS_WALL) ? 0 : state.domain.shown(WS_WALL, at) - (at + now.wall - now.steady);
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
