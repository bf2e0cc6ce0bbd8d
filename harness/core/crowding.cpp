#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include <fmt/format.h>

#include "core/link_capacity.hpp"
#include "core/objections.hpp"
#include "core/parameters.hpp"
#include "spec/limits.hpp"

namespace withstand::core {
namespace {

constexpr int header_length = 9;  // of "[[fault]]"

/// When one fault impairs a link, after the event that its chain of faults begins with.
struct Window {
  const spec::FaultSpec* fault;
  spec::Duration from{}, to{};
};
/// Of one link: by the event.
using Windows = std::map<std::string, std::vector<Window>>;

std::vector<Link> links_of(const PlannedInjection& injection, const Topology& topology, std::uint64_t seed,
                           const Catalog& catalog) {
  const Fault* kind = catalog.fault(injection.fault->kind);
  if (kind == nullptr || kind->schema().targeting == spec::Targeting::nodes || needs_asking(injection)) return {};
  try {
    return kind->links(*injection.fault, topology, seed, static_aim(injection));
  } catch (const CannotAim&) {  // told by misses()
    return {};
  }
}

std::map<Link, Windows> windows_of(std::uint64_t seed, const spec::Experiment& experiment, const Topology& topology,
                                   const Catalog& catalog) {
  std::map<Link, Windows> all;
  const Plan plan = make_plan(experiment, topology, seed);
  for (const auto& injection : plan.injections) {
    const auto start = spec::start_of(experiment, *injection.fault);
    if (!start || start->after > experiment.phases.during) continue;
    const auto length = std::min(injection.lasts.value_or(experiment.phases.during), experiment.phases.during);
    for (const Link& link : links_of(injection, topology, seed, catalog))
      all[link][start->event].push_back({injection.fault, start->after, start->after + length});
  }
  return all;
}

/// What a link can bear of one sort of faults: so much in sum of what each of them weighs.
struct Bound {
  std::string what;  ///< "{} faults that ..."
  double most = 0;
  std::string limit;
  std::function<double(const spec::FaultSpec&)> weight;
};

const std::vector<Bound>& bounds() {
  using spec::FaultSpec;
  static const auto one_of = [](std::set<std::string> kinds) {
    return [kinds = std::move(kinds)](const FaultSpec& fault) { return kinds.contains(fault.kind) ? 1.0 : 0.0; };
  };
  static const auto holds = [](const FaultSpec& fault) {
    static const auto kinds = one_of({"network.latency", "network.rate", "network.reorder"});
    return kinds(fault) + (fault.parameters.contains("slow_start") ? 1.0 : 0.0);
  };
  static const auto copies = [](const FaultSpec& fault) {
    return fault.kind == "network.duplicate"
               ? std::log2(1.0 + static_cast<double>(parameter_or<std::int64_t>(fault, "copies", 1)))
               : 0.0;
  };
  static const std::vector<Bound> all{
      {"faults", most_impairments, std::to_string(most_impairments), [](const FaultSpec&) { return 1.0; }},
      {"faults that hold packets", most_delays, std::to_string(most_delays), holds},
      {"faults that damage packets", most_corruptions, std::to_string(most_corruptions), one_of({"network.corrupt"})},
      {"faults that copy packets", std::log2(most_copies), fmt::format("{} copies of a packet", most_copies), copies}};
  return all;
}

/// Those that weigh most together at one instant. One that ends when another starts counts: which of the two comes
/// first is up to the clock.
struct Together {
  std::vector<const spec::FaultSpec*> faults;
  double weight = 0;
};
Together most_at_once(const std::vector<Window>& windows, const Bound& bound) {
  Together most;
  for (const Window& at : windows) {
    Together there;
    for (const Window& other : windows) {
      const double weight = bound.weight(*other.fault);
      if (weight == 0 || other.from > at.from || at.from > other.to) continue;
      there.faults.push_back(other.fault);
      there.weight += weight;
    }
    if (there.weight > most.weight) most = std::move(there);
  }
  return most;
}

}  // namespace

std::vector<spec::Diagnostic> crowded_links(std::uint64_t seed, const spec::Experiment& experiment,
                                            const Topology& topology, const Catalog& catalog) {
  std::vector<spec::Diagnostic> found;
  constexpr std::size_t never_too_many = 2;
  if (experiment.faults.size() <= never_too_many) return found;
  for (const auto& [link, by_event] : windows_of(seed, experiment, topology, catalog))
    for (const Bound& bound : bounds()) {
      Together together;
      for (const auto& [event, windows] : by_event) {
        const Together most = most_at_once(windows, bound);
        together.faults.insert(together.faults.end(), most.faults.begin(), most.faults.end());
        together.weight += most.weight;
      }
      if (together.weight <= bound.most) continue;
      double sum = 0;
      const auto one_too_many = std::find_if(together.faults.begin(), together.faults.end(), [&](const auto* fault) {
        return (sum += bound.weight(*fault)) > bound.most;
      });
      const spec::Position at = (*one_too_many)->at;
      const auto told = [&](const spec::Diagnostic& other) { return other.at.line == at.line; };
      if (std::any_of(found.begin(), found.end(), told)) continue;
      found.push_back({experiment.file, at, header_length,
                       fmt::format("{} {} may impair the link {} at once; a link bears {}", together.faults.size(),
                                   bound.what, to_text(link, topology), bound.limit),
                       "let some end before others start, or aim them at other links"});
    }
  return found;
}

}  // namespace withstand::core
