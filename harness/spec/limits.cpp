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
      return std::min<std::int64_t>(nodes, 1);
    default:
      return 0;
  }
}

Toll toll_of(const FaultSpec& fault, const Experiment& experiment, const NodeKind& kind, std::int64_t clients) {
  Toll toll;
  if (!fault.on) return toll;
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

std::int64_t allowed(const std::string& down, std::int64_t nodes) {
  if (down == "minority") return minority_of(nodes);
  std::int64_t number = nodes;
  std::from_chars(down.data(), down.data() + down.size(), number);
  return number;
}

struct Window {
  const FaultSpec* fault;
  std::optional<Duration> start;  ///< nothing: only the run knows
  Duration end{};
};

std::vector<Window> windows(const Experiment& experiment, const KindTable& kinds) {
  std::vector<Window> out;
  for (const FaultSpec& fault : experiment.faults) {
    const KindSchema* schema = kinds.find(fault.kind);
    if (schema == nullptr || !schema->takes_down) continue;
    Window window{&fault, planned_start(experiment, fault), experiment.phases.during};
    const std::optional<Duration> length = planned_length(fault, *schema);
    if (window.start && length) window.end = *window.start + std::min(*length, experiment.phases.during);
    out.push_back(window);
  }
  return out;
}

/// At the instant when `latest` starts: everything that is then certainly down of one kind.
std::optional<Diagnostic> too_many(const Window& latest, const std::vector<Window>& all, const Experiment& experiment,
                                   const NodeKind& kind) {
  const std::int64_t clients = experiment.load ? experiment.load->clients : 1;
  Toll sum = toll_of(*latest.fault, experiment, kind, clients);
  if (sum.count == 0) return std::nullopt;
  std::string names = fmt::format("'{}'", latest.fault->name);
  for (const Window& other : all) {
    if (&other == &latest || !latest.start || !other.start) continue;
    const bool earlier = *other.start < *latest.start || (*other.start == *latest.start && &other < &latest);
    if (!earlier || other.end <= *latest.start) continue;
    const Toll more = toll_of(*other.fault, experiment, kind, clients);
    if (more.count == 0) continue;
    sum.named.insert(more.named.begin(), more.named.end());
    sum.count = std::max({sum.count, more.count, static_cast<std::int64_t>(sum.named.size())});
    names += fmt::format(" and '{}'", other.fault->name);
  }
  const std::int64_t nodes = count_of(kind, experiment.nodes);
  const std::int64_t most = allowed(experiment.limits.down, nodes);
  if (sum.count <= most) return std::nullopt;
  const std::string limit = experiment.limits.down == "minority" ? "\"minority\"" : experiment.limits.down;
  return Diagnostic{experiment.file, latest.fault->at, header_length,
                    fmt::format("{} would have {} of {} '{}' nodes down at once; [limits] down = {} allows {}", names,
                                sum.count, nodes, kind.name, limit, most),
                    ""};
}

void too_long(const Experiment& experiment, const KindTable& kinds, std::vector<Diagnostic>& out) {
  for (const FaultSpec& fault : experiment.faults) {
    const KindSchema* schema = kinds.find(fault.kind);
    if (schema == nullptr || !experiment.limits.max_duration) continue;
    std::optional<Duration> length = planned_length(fault, *schema);
    if (!length)
      length = experiment.phases.during - planned_start(experiment, fault).value_or(experiment.phases.during);
    if (*length <= *experiment.limits.max_duration) continue;
    out.push_back({experiment.file, fault.at, header_length,
                   fmt::format("fault '{}' lasts {}; [limits] max_duration allows {}", fault.name, to_text(*length),
                               to_text(*experiment.limits.max_duration)),
                   ""});
  }
}

std::optional<Duration> start_of(const Experiment& experiment, const FaultSpec& fault, std::size_t steps) {
  if (fault.trigger.kind == Trigger::Kind::at) return fault.trigger.offset;
  if (fault.trigger.kind != Trigger::Kind::fault || steps == 0) return std::nullopt;
  for (const FaultSpec& base : experiment.faults) {
    if (base.name != fault.trigger.fault) continue;
    const std::optional<Duration> start = start_of(experiment, base, steps - 1);
    // A chain of absurd offsets must not overflow; anything beyond `during` is refused anyway.
    if (!start || *start > experiment.phases.during) return start;
    return *start + std::min(fault.trigger.offset, experiment.phases.during + Duration(1));
  }
  return std::nullopt;
}

}  // namespace

std::optional<Duration> planned_start(const Experiment& experiment, const FaultSpec& fault) {
  return start_of(experiment, fault, experiment.faults.size());
}

std::optional<Duration> planned_length(const FaultSpec& fault, const KindSchema& schema) {
  if (fault.lasts) return fault.lasts;
  if (schema.lasts) return std::nullopt;
  if (!schema.takes_down) return Duration::zero();
  const auto back = fault.parameters.find(schema.back_after);
  const Duration* after = back == fault.parameters.end() ? nullptr : std::get_if<Duration>(&back->second);
  return after == nullptr ? std::nullopt : std::optional(*after);
}

std::vector<Diagnostic> limit_violations(const Experiment& experiment, const KindTable& kinds) {
  std::vector<Diagnostic> out;
  too_long(experiment, kinds, out);
  if (experiment.limits.down.empty()) return out;
  const std::vector<Window> all = windows(experiment, kinds);
  for (const Window& window : all) {
    for (const NodeKind& kind : experiment.target.kinds) {
      if (auto violation = too_many(window, all, experiment, kind)) out.push_back(std::move(*violation));
    }
  }
  return out;
}

}  // namespace withstand::spec
