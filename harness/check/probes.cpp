#include "check/probes.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "check/probe_judge.hpp"
#include "check/probe_text.hpp"
#include "core/http_get.hpp"

namespace withstand::check {

namespace {

using core::Instant;
using core::NodeId;
using Source = spec::ProbeSpec::Source;

/// One probe with what is going on for it.
struct Watched {
  spec::ProbeSpec spec;
  ProbeJudge judge;
  Instant due{};
  core::EventLoop::Registration timer;
  bool resolving = false;
  /// Nodes that have not answered yet, each with the turns that came meanwhile.
  std::map<NodeId, std::vector<Instant>> under_way;
  std::map<NodeId, std::string> seen;  ///< log: the first line that matched since the last sample
};

ProbeJudge make_judge(const spec::ProbeSpec& probe) {
  try {
    return ProbeJudge(probe);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(fmt::format("probe '{}': {}", probe.name, error.what()));
  }
}

}  // namespace

struct Probes::State : std::enable_shared_from_this<State> {
  State(core::Lab& used, Resolve resolver, OnSample callback)
      : lab(used), resolve(std::move(resolver)), on_sample(std::move(callback)) {}

  core::Lab& lab;
  Resolve resolve;
  OnSample on_sample;
  std::vector<Watched> probes;
  core::Lab::Subscription log;
  bool running = false;

  void start();
  void stop();
  void end_phase(Instant end);
  void note(const core::LogLine& line);
  void turn(std::size_t probe);
  void schedule(Watched& probe, std::size_t place);
  void ask_all(std::size_t probe, const std::vector<NodeId>& nodes, const std::string& error);
  void ask(std::size_t probe, NodeId node);
  void look_at_log(Watched& probe, NodeId node);
  void run_command(const std::string& text, NodeId from, std::chrono::nanoseconds timeout,
                   std::function<void(const core::CommandResult&)> done);
  void get(const std::string& text, NodeId from, Instant deadline, std::function<void(const core::HttpAnswer&)> done);
  void connect(const std::string& text, NodeId from, std::chrono::nanoseconds timeout,
               std::function<void(ProbeAnswer)> done);
  void report(const Watched& probe, const std::string& node, Instant asked, ProbeAnswer answer);
  /// The node that a probe of `node` is asked from.
  [[nodiscard]] NodeId asker(NodeId node) const {
    const auto clients = lab.topology().clients();
    return clients.empty() ? node : clients.front();
  }
  /// Wraps a callback so that it does nothing once the probes were stopped or destroyed.
  template <class Callback>
  auto guarded(Callback callback) {
    return [weak = weak_from_this(), callback = std::move(callback)](auto&&... arguments) {
      const auto self = weak.lock();
      if (self && self->running) callback(std::forward<decltype(arguments)>(arguments)...);
    };
  }
};

void Probes::State::start() {
  if (running) return;
  running = true;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    probes[i].due = core::now();
    if (probes[i].spec.source == Source::log)
      schedule(probes[i], i);  // nothing can have been written yet
    else
      turn(i);
  }
}

void Probes::State::stop() {
  running = false;
  for (Watched& probe : probes) {
    probe.timer.reset();
    probe.under_way.clear();
    probe.seen.clear();
    probe.resolving = false;
  }
}

void Probes::State::end_phase(Instant end) {
  for (std::size_t place = 0; place < probes.size(); ++place) {
    auto lines = std::exchange(probes[place].seen, {});
    if (lines.empty()) continue;
    const auto tell = [this, place, end, lines](const std::vector<NodeId>& nodes, const std::string&) {
      for (const NodeId node : nodes)
        if (const auto line = lines.find(node); line != lines.end())
          report(probes[place], lab.topology().at(node).name, end - std::chrono::nanoseconds(1),
                 {!probes[place].spec.absent, "seen: " + line->second});
    };
    if (probes[place].spec.on)
      resolve(*probes[place].spec.on, guarded(tell));
    else
      tell(lab.topology().targets(), "");
  }
}

void Probes::State::note(const core::LogLine& line) {
  for (Watched& probe : probes) {
    if (probe.spec.source != Source::log || probe.seen.contains(line.node)) continue;
    if (probe.judge.matches(line)) probe.seen.emplace(line.node, line.text);
  }
}

/// Turns keep to their grid; those that were missed are left out.
void Probes::State::schedule(Watched& probe, std::size_t place) {
  const Instant now = core::now();
  const auto every = std::max<spec::Duration>(probe.spec.every, std::chrono::milliseconds(1));
  probe.due += every;
  if (probe.due <= now) probe.due += ((now - probe.due) / every + 1) * every;
  probe.timer = lab.loop().at(probe.due, guarded([this, place] { turn(place); }));
}

void Probes::State::turn(std::size_t place) {
  Watched& probe = probes[place];
  schedule(probe, place);
  if (probe.resolving) return;
  if (!probe.spec.on) {
    if (probe.spec.source == Source::log) return ask_all(place, lab.topology().targets(), "");
    const auto clients = lab.topology().clients();
    return ask_all(place, clients.empty() ? clients : std::vector<NodeId>{clients.front()}, "");
  }
  probe.resolving = true;
  resolve(*probe.spec.on, guarded([this, place](const std::vector<NodeId>& nodes, const std::string& error) {
    probes[place].resolving = false;
    ask_all(place, nodes, error);
  }));
}

void Probes::State::ask_all(std::size_t place, const std::vector<NodeId>& nodes, const std::string& error) {
  const Watched& probe = probes[place];
  if (nodes.empty()) report(probe, "", core::now(), {false, error.empty() ? "no such node" : error});
  for (const NodeId node : nodes) ask(place, node);
}

void Probes::State::ask(std::size_t place, NodeId node) {
  Watched& probe = probes[place];
  if (probe.spec.source == Source::log) return look_at_log(probe, node);
  const Instant asked = core::now();
  if (const auto [waiting, fresh] = probe.under_way.try_emplace(node); !fresh) return waiting->second.push_back(asked);
  const core::NodeInfo& info = lab.topology().at(node);
  auto answered = [this, place, name = info.name, node, asked](ProbeAnswer answer) {
    const auto waiting = probes[place].under_way.extract(node);
    report(probes[place], name, asked, answer);
    if (waiting.empty()) return;
    for (const Instant turn : waiting.mapped()) report(probes[place], name, turn, answer);
  };
  auto judged = [this, place, answered](const auto& result) { answered(probes[place].judge.judge(result)); };
  const auto text = probe_text(probe.spec.text, lab.topology(), info);
  if (!text) return answered({false, text.error().message});
  const NodeId from = asker(node);
  if (probe.spec.source == Source::command) return run_command(*text, from, probe.spec.timeout, judged);
  if (probe.spec.source == Source::tcp) return connect(*text, from, probe.spec.timeout, answered);
  get(*text, from, asked + probe.spec.timeout, judged);
}

void Probes::State::look_at_log(Watched& probe, NodeId node) {
  const auto line = probe.seen.extract(node);
  const bool seen = !line.empty();
  report(probe, lab.topology().at(node).name, core::now(),
         {seen != probe.spec.absent, seen ? "seen: " + line.mapped() : "no such line"});
}

void Probes::State::run_command(const std::string& text, NodeId from, std::chrono::nanoseconds timeout,
                                std::function<void(const core::CommandResult&)> done) {
  lab.run_in(from, {"/bin/sh", "-c", text}, timeout, guarded(std::move(done)));
}

void Probes::State::connect(const std::string& text, NodeId from, std::chrono::nanoseconds timeout,
                            std::function<void(ProbeAnswer)> done) {
  const auto where = parse_host_and_port(text);
  if (!where) return done({false, fmt::format("'{}' is no host:port", text)});
  lab.connect(from, where->host, where->port, timeout,
              guarded([done = std::move(done)](const os::Fd& socket, const std::string& error) {
                done({socket.valid(), socket.valid() ? "connected" : error});
              }));
}

void Probes::State::get(const std::string& text, NodeId from, Instant deadline,
                        std::function<void(const core::HttpAnswer&)> done) {
  const auto url = core::parse_http_url(text);
  if (!url) return done({0, "", fmt::format("'{}' is no http:// URL", text)});
  lab.connect(from, url->host, url->port, deadline - core::now(),
              guarded([this, url = *url, deadline, done = std::move(done)](os::Fd socket, const std::string& error) {
                if (!socket.valid()) return done({0, "", error});
                const Instant left = deadline - core::now();
                if (left.count() <= 0) return done({0, "", "timeout"});
                core::http_get(lab.loop(), std::move(socket), url, left, guarded(done));
              }));
}

void Probes::State::report(const Watched& probe, const std::string& node, Instant asked, ProbeAnswer answer) {
  if (!running) return;  // stopped by the receiver of an earlier sample
  on_sample(asked, {probe.spec.name, node, answer.ok, (core::now() - asked).count(), std::move(answer.detail)});
}

Probes::Probes(core::Lab& lab, std::vector<spec::ProbeSpec> probes, Resolve resolve, OnSample on_sample)
    : state_(std::make_shared<State>(lab, std::move(resolve), std::move(on_sample))) {
  bool logs = false;
  for (spec::ProbeSpec& probe : probes) {
    logs = logs || probe.source == Source::log;
    ProbeJudge judge = make_judge(probe);
    state_->probes.push_back({std::move(probe), std::move(judge), {}, {}, false, {}, {}});
  }
  if (!logs) return;
  state_->log = lab.on_log([weak = std::weak_ptr<State>(state_)](const core::LogLine& line) {
    const auto self = weak.lock();
    if (self && self->running) self->note(line);
  });
}

Probes::~Probes() { state_->stop(); }

void Probes::start() { state_->start(); }

void Probes::stop() { state_->stop(); }

void Probes::end_phase(core::Instant end) { state_->end_phase(end); }

void Probes::conclude() {
  for (Watched& probe : state_->probes) probe.timer.reset();
}

bool Probes::answered() const {
  return std::all_of(state_->probes.begin(), state_->probes.end(),
                     [](const Watched& probe) { return probe.under_way.empty() && !probe.resolving; });
}

spec::Duration Probes::patience() const {
  spec::Duration longest{};
  for (const Watched& probe : state_->probes) longest = std::max(longest, probe.spec.timeout);
  return longest + std::chrono::seconds(1);
}

}  // namespace withstand::check
