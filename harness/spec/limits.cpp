#include "spec/limits.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "spec/names.hpp"

namespace withstand::spec {
namespace {

using Pick = SelectorParts::Pick;

constexpr int header_length = 9;  // of "[[fault]]"

/// What one fault certainly takes down of one kind.
struct Toll {
  std::set<std::string> named;  ///< these nodes
  std::int64_t count = 0;       ///< at least so many, whichever they are
};

std::int64_t picked(Pick pick, std::int64_t nodes) {
  switch (pick) {
    case Pick::all:
      return nodes;
    case Pick::minority:
      return minority_of(nodes);
    case Pick::majority:
      return majority_of(nodes);
    case Pick::any:
    case Pick::role:  // somebody holds it, or nothing is injected
      return std::min<std::int64_t>(nodes, 1);
    case Pick::node:
      break;
  }
  return 0;
}

Toll toll_of(const FaultSpec& fault, const Experiment& experiment, const NodeKind& kind, std::int64_t clients,
             const Decided& decided) {
  Toll toll;
  if (!fault.on) return toll;
  if (const auto nodes = decided ? decided(fault) : std::nullopt) {
    for (const NodeName& node : node_names(experiment.target, experiment.nodes))
      if (node.kind == kind.name && nodes->contains(node.name)) toll.named.insert(node.name);
    toll.count = static_cast<std::int64_t>(toll.named.size());
    return toll;
  }
  const auto parts = parse_selector(fault.on->text, experiment.target, experiment.nodes, clients);
  if (!parts || (!parts->kind.empty() && parts->kind != kind.name)) return toll;
  const std::int64_t nodes = count_of(kind, experiment.nodes);
  if (parts->pick == Pick::node) {
    toll.named.insert(parts->node);
    toll.count = 1;
  } else if (parts->pick == Pick::all) {
    for (const NodeName& node : node_names(experiment.target, experiment.nodes)) {
      if (node.kind == kind.name) toll.named.insert(node.name);
    }
    toll.count = nodes;
  } else if (!parts->kind.empty() || experiment.target.kinds.size() == 1) {
    toll.count = picked(parts->pick, nodes);
  }
  return toll;
}

std::optional<PlannedStart> start_within(const Experiment& experiment, const FaultSpec& fault, std::size_t steps) {
  if (fault.trigger.kind == Trigger::Kind::at) return PlannedStart{"", fault.trigger.offset};
  if (fault.trigger.kind != Trigger::Kind::fault) return PlannedStart{fault.name, fault.trigger.offset};
  if (steps == 0) return std::nullopt;
  for (const FaultSpec& base : experiment.faults) {
    if (base.name != fault.trigger.fault) continue;
    std::optional<PlannedStart> start = start_within(experiment, base, steps - 1);
    // A chain of absurd offsets must not overflow; anything beyond `during` is refused anyway.
    if (!start || start->after > experiment.phases.during) return start;
    start->after += std::min(fault.trigger.offset, Duration::max() / 4);
    return start;
  }
  return std::nullopt;
}

}  // namespace

std::int64_t most_down(const std::string& down, std::int64_t nodes) {
  if (down == "minority") return minority_of(nodes);
  std::int64_t number = nodes;
  std::from_chars(down.data(), down.data() + down.size(), number);
  return number;
}

std::optional<PlannedStart> start_of(const Experiment& experiment, const FaultSpec& fault) {
  return start_within(experiment, fault, experiment.faults.size());
}

namespace {

struct Window {
  const FaultSpec* fault;
  PlannedStart start;
  Duration end{};  ///< after the same event
  [[nodiscard]] bool contains(Duration instant) const { return start.after <= instant && instant < end; }
};

std::vector<Window> windows(const Experiment& experiment, const KindTable& kinds) {
  std::vector<Window> out;
  for (const FaultSpec& fault : experiment.faults) {
    const KindSchema* schema = kinds.find(fault.kind);
    if (schema == nullptr || !schema->takes_down) continue;
    const auto start = start_of(experiment, fault);
    if (!start) continue;
    // Without a length it is down until `during` ends; after an event that may be nearly all of it.
    const auto length = planned_length(fault, *schema).value_or(experiment.phases.during);
    out.push_back({&fault, *start, start->after + std::min(length, experiment.phases.during)});
  }
  return out;
}

/// What is down together, and which faults do it.
class Sum {
 public:
  Sum(const Experiment& experiment, const NodeKind& kind, const Decided& decided)
      : experiment_(&experiment),
        kind_(&kind),
        decided_(&decided),
        clients_(experiment.load ? experiment.load->clients : 1) {}

  void add(const Window& window) {
    const Toll more = toll_of(*window.fault, *experiment_, *kind_, clients_, *decided_);
    if (more.count == 0) return;
    named_.insert(more.named.begin(), more.named.end());
    count_ = std::max({count_, more.count, static_cast<std::int64_t>(named_.size())});
    faults_.insert(window.fault->name);
    if (!text_.empty()) text_ += " and ";
    text_ += fmt::format("'{}'", window.fault->name);
  }
  [[nodiscard]] std::int64_t count() const { return count_; }
  [[nodiscard]] const std::set<std::string>& faults() const { return faults_; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  const Experiment* experiment_;
  const NodeKind* kind_;
  const Decided* decided_;
  std::int64_t clients_;
  std::set<std::string> named_, faults_;
  std::int64_t count_ = 0;
  std::string text_;
};

/// Adds, of the faults that follow one event, those that are down together at the worst instant.
void add_worst(Sum& sum, const std::vector<Window>& all, const std::string& event) {
  std::optional<Sum> worst;
  for (const Window& at : all) {
    if (at.start.event != event) continue;
    Sum with = sum;
    for (const Window& other : all)
      if (other.start.event == event && other.contains(at.start.after)) with.add(other);
    if (!worst || with.count() > worst->count()) worst.emplace(with);
  }
  if (worst && worst->count() > sum.count()) sum = *worst;
}

/// Everything of one kind that is down at the instant when `latest` starts; when that is up to an event, everything
/// that may be: events come when they like.
Sum down_with(const Window& latest, const std::vector<Window>& all, const Experiment& experiment, const NodeKind& kind,
              const Decided& decided) {
  Sum sum(experiment, kind, decided);
  sum.add(latest);
  if (sum.count() == 0) return sum;
  std::set<std::string> events;
  for (const Window& other : all) {
    if (other.start.event != latest.start.event) events.insert(other.start.event);
    if (&other == &latest || other.start.event != latest.start.event) continue;
    const bool earlier = other.start.after < latest.start.after || &other < &latest;
    if (earlier && other.contains(latest.start.after)) sum.add(other);
  }
  if (!latest.start.event.empty())
    for (const std::string& event : events) add_worst(sum, all, event);
  return sum;
}

void too_long(const Experiment& experiment, const KindTable& kinds, std::vector<Diagnostic>& out) {
  for (const FaultSpec& fault : experiment.faults) {
    const KindSchema* schema = kinds.find(fault.kind);
    if (schema == nullptr || !experiment.limits.max_duration) continue;
    std::optional<Duration> length = planned_length(fault, *schema);
    if (!length) length = experiment.phases.during - planned_start(experiment, fault).value_or(Duration::zero());
    if (*length <= *experiment.limits.max_duration) continue;
    out.push_back({experiment.file, fault.at, header_length,
                   fmt::format("fault '{}' lasts {}; [limits] max_duration allows {}", fault.name, to_text(*length),
                               to_text(*experiment.limits.max_duration)),
                   ""});
  }
}

}  // namespace

std::optional<Duration> planned_start(const Experiment& experiment, const FaultSpec& fault) {
  const auto start = start_of(experiment, fault);
  return start && start->event.empty() ? std::optional(start->after) : std::nullopt;
}

std::optional<Duration> planned_length(const FaultSpec& fault, const KindSchema& schema) {
  if (fault.lasts) return fault.lasts;
  if (schema.lasts) return std::nullopt;
  if (!schema.takes_down) return Duration::zero();
  const auto back = fault.parameters.find(schema.back_after);
  const Duration* after = back == fault.parameters.end() ? nullptr : std::get_if<Duration>(&back->second);
  if (after == nullptr) return std::nullopt;
  return schema.downtime ? schema.downtime(fault).length : *after;
}

bool stays_down(const FaultSpec& fault, const KindSchema& schema) {
  return !schema.lasts && schema.takes_down && !planned_length(fault, schema);
}

std::vector<Diagnostic> limit_violations(const Experiment& experiment, const KindTable& kinds, const Decided& decided) {
  std::vector<Diagnostic> out;
  too_long(experiment, kinds, out);
  if (experiment.limits.down.empty()) return out;
  const std::vector<Window> all = windows(experiment, kinds);
  std::set<std::pair<std::string, std::set<std::string>>> told;
  for (const Window& window : all) {
    for (const NodeKind& kind : experiment.target.kinds) {
      const Sum sum = down_with(window, all, experiment, kind, decided);
      const std::int64_t nodes = count_of(kind, experiment.nodes), most = most_down(experiment.limits.down, nodes);
      if (sum.count() <= most || !told.insert({kind.name, sum.faults()}).second) continue;
      const std::string limit = experiment.limits.down == "minority" ? "\"minority\"" : experiment.limits.down;
      out.push_back(
          {experiment.file, window.fault->at, header_length,
           fmt::format("{} {} have {} of {} '{}' nodes down at once; [limits] down = {} allows {}", sum.text(),
                       window.start.event.empty() ? "would" : "may", sum.count(), nodes, kind.name, limit, most),
           ""});
    }
  }
  return out;
}

}  // namespace withstand::spec
