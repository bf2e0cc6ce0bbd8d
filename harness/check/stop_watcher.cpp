#include "check/stop_watcher.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "check/summaries.hpp"
#include "spec/units.hpp"

namespace withstand::check {

namespace {

constexpr std::int64_t second_length = 1'000'000'000;

using Measured = std::variant<spec::Duration, spec::Ratio, spec::Rate, std::int64_t>;

/// What one second showed of one metric.
struct Reading {
  Measured value;
  std::string text;
};

/// One second of one kind of operation, all clients together.
struct LoadCell {
  std::uint64_t ok = 0, all = 0, dropped = 0;
  std::int64_t p50 = 0, p99 = 0, max = 0;  ///< the worst client's

  void add(const record::LoadSecond& second) {
    ok += second.ok;
    all += second.ok + second.fail + second.info + second.dropped;
    dropped += second.dropped;
    p50 = std::max(p50, second.p50);
    p99 = std::max(p99, second.p99);
    max = std::max(max, second.max);
  }
};

struct ProbeCell {
  std::uint64_t ok = 0, all = 0;
};

Reading ratio(std::uint64_t part, std::uint64_t all) {
  const auto ppb = static_cast<std::int64_t>(static_cast<long double>(part) * 1e9L / static_cast<long double>(all));
  return {spec::Ratio{ppb}, ratio_text(part, all)};
}

Reading duration(std::int64_t nanoseconds) {
  return {spec::Duration(nanoseconds), spec::to_human(spec::Duration(nanoseconds))};
}

}  // namespace

struct StopWatcher::State {
  struct Watched {
    spec::StopCondition condition;
    std::optional<std::int64_t> since;     ///< first second of the stretch that satisfies it
    std::optional<std::int64_t> unserved;  ///< outage: first second without a success
  };

  std::vector<Watched> watched;
  std::int64_t patience = 0;
  std::map<std::int64_t, std::map<std::string, LoadCell>> load;                             ///< second, op
  std::map<std::int64_t, std::map<std::pair<std::string, std::string>, ProbeCell>> probes;  ///< second, probe and node
  std::optional<std::int64_t> judged;  ///< the last second that was

  [[nodiscard]] std::optional<Reading> read(Watched& one, std::int64_t second) const;
  [[nodiscard]] std::optional<Reading> read_probe(const spec::Threshold& when, std::int64_t second) const;
  [[nodiscard]] std::optional<std::string> judge(Watched& one, std::int64_t second) const;
  [[nodiscard]] std::optional<std::int64_t> first_second() const;
  /// Seconds that were judged are never looked at again; what comes too late for them is left out.
  void forget(std::int64_t second) {
    load.erase(load.begin(), load.upper_bound(second));
    probes.erase(probes.begin(), probes.upper_bound(second));
  }
};

std::optional<Reading> StopWatcher::State::read_probe(const spec::Threshold& when, std::int64_t second) const {
  const auto cells = probes.find(second);
  if (cells == probes.end()) return std::nullopt;
  const std::string name = when.metric.substr(std::string_view("probe.").size());
  const auto node = when.filters.find("node");
  ProbeCell sum;
  for (const auto& [where, cell] : cells->second) {
    if (where.first != name || (node != when.filters.end() && node->second != where.second)) continue;
    sum.ok += cell.ok;
    sum.all += cell.all;
  }
  if (sum.all == 0) return std::nullopt;
  return ratio(sum.ok, sum.all);
}

std::optional<Reading> StopWatcher::State::read(Watched& one, std::int64_t second) const {
  const spec::Threshold& when = one.condition.when;
  if (when.metric.starts_with("probe.")) return read_probe(when, second);
  const auto cells = load.find(second);
  if (cells == load.end()) return std::nullopt;
  const auto op = when.filters.find("op");
  const auto found = cells->second.find(op == when.filters.end() ? "" : op->second);
  if (found == cells->second.end() || found->second.all == 0) return std::nullopt;
  const LoadCell& cell = found->second;
  if (when.metric == "errors") return ratio(cell.all - cell.ok, cell.all);
  if (when.metric == "dropped") return ratio(cell.dropped, cell.all);
  if (when.metric == "availability") return ratio(cell.ok > 0 ? 1 : 0, 1);
  if (when.metric == "operations") {
    return Reading{static_cast<std::int64_t>(cell.all), fmt::format("{}", cell.all)};
  }
  if (when.metric == "throughput") {
    return Reading{spec::Rate{static_cast<std::int64_t>(cell.ok) * 1000}, fmt::format("{}/s", cell.ok)};
  }
  if (when.metric == "p50") return duration(cell.p50);
  if (when.metric == "p99") return duration(cell.p99);
  if (when.metric == "max") return duration(cell.max);
  if (when.metric != "outage") return std::nullopt;
  if (cell.ok > 0)
    one.unserved.reset();
  else if (!one.unserved)
    one.unserved = second;
  return duration(one.unserved ? (second + 1 - *one.unserved) * second_length : 0);
}

std::optional<std::string> StopWatcher::State::judge(Watched& one, std::int64_t second) const {
  const auto reading = read(one, second);
  if (!reading) return std::nullopt;
  if (!spec::satisfies(one.condition.when, reading->value)) {
    one.since.reset();
    return std::nullopt;
  }
  if (!one.since) one.since = second;
  if ((second + 1 - *one.since) * second_length < one.condition.lasting.count()) return std::nullopt;
  return fmt::format("{} for {}: it held from {}s to {}s, last {}", one.condition.when.text,
                     spec::to_text(one.condition.lasting), *one.since, second + 1, reading->text);
}

std::optional<std::int64_t> StopWatcher::State::first_second() const {
  std::optional<std::int64_t> first;
  if (!load.empty()) first = load.begin()->first;
  if (!probes.empty()) first = std::min(first.value_or(probes.begin()->first), probes.begin()->first);
  return first;
}

StopWatcher::StopWatcher(std::vector<spec::StopCondition> conditions, spec::Duration patience)
    : state_(std::make_unique<State>()) {
  state_->patience = patience.count();
  for (spec::StopCondition& condition : conditions) state_->watched.push_back({std::move(condition), {}, {}});
}
StopWatcher::~StopWatcher() = default;
StopWatcher::StopWatcher(StopWatcher&&) noexcept = default;
StopWatcher& StopWatcher::operator=(StopWatcher&&) noexcept = default;

void StopWatcher::add(const record::LoadSecond& second) {
  if (state_->judged && second.second <= *state_->judged) return;
  state_->load[second.second][second.op].add(second);
}

void StopWatcher::add(const ProbeObservation& observation) {
  const std::int64_t second = observation.asked / second_length;
  if (state_->judged && second <= *state_->judged) return;
  ProbeCell& cell = state_->probes[second][{observation.sample.probe, observation.sample.node}];
  ++cell.all;
  if (observation.sample.ok) ++cell.ok;
}

std::optional<std::string> StopWatcher::met(std::int64_t now) {
  std::optional<std::string> found;
  for (auto next = state_->first_second(); next && !found; next = state_->first_second()) {
    if ((*next + 1) * second_length + second_length + state_->patience > now) break;
    for (State::Watched& one : state_->watched) {
      auto met = state_->judge(one, *next);
      if (met && !found) found = std::move(met);
    }
    state_->judged = *next;
    state_->forget(*next);
  }
  return found;
}

}  // namespace withstand::check
