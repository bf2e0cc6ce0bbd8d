#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "core/link_capacity.hpp"
#include "core/objections.hpp"
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

/// The most that are there at one instant. One that ends when another starts counts: which of the two comes first is
/// up to the clock.
std::vector<const spec::FaultSpec*> most_at_once(const std::vector<Window>& windows) {
  std::vector<const spec::FaultSpec*> most;
  for (const Window& at : windows) {
    std::vector<const spec::FaultSpec*> there;
    for (const Window& other : windows)
      if (other.from <= at.from && at.from <= other.to) there.push_back(other.fault);
    if (there.size() > most.size()) most = std::move(there);
  }
  return most;
}

}  // namespace

std::vector<spec::Diagnostic> crowded_links(std::uint64_t seed, const spec::Experiment& experiment,
                                            const Topology& topology, const Catalog& catalog) {
  std::vector<spec::Diagnostic> found;
  if (experiment.faults.size() <= most_impairments) return found;
  for (const auto& [link, by_event] : windows_of(seed, experiment, topology, catalog)) {
    std::vector<const spec::FaultSpec*> together;
    for (const auto& [event, windows] : by_event) {
      const auto most = most_at_once(windows);
      together.insert(together.end(), most.begin(), most.end());
    }
    if (together.size() <= most_impairments) continue;
    const spec::FaultSpec& one_too_many = *together[most_impairments];
    const auto told = [&](const spec::Diagnostic& other) { return other.at.line == one_too_many.at.line; };
    if (std::any_of(found.begin(), found.end(), told)) continue;
    found.push_back({experiment.file, one_too_many.at, header_length,
                     fmt::format("{} faults may impair the link {} at once; a link bears {}", together.size(),
                                 to_text(link, topology), most_impairments),
                     "let some end before others start, or aim them at other links"});
  }
  return found;
}

}  // namespace withstand::core
