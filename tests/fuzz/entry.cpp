#include "entry.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "promise.hpp"
#include "spec/limits.hpp"
#include "spec/names.hpp"
#include "spec/reader.hpp"
#include "spec/signals.hpp"
#include "spec/template.hpp"
#include "spec/threshold.hpp"
#include "unit/spec/fixtures.hpp"

namespace withstand::fuzz {
namespace {

using namespace withstand::spec;

template <class T>
void check_reading(const Reading<T>& reading, const Reading<T>& again, std::string_view input) {
  const std::string shown = render(reading.diagnostics, reading.sources);
  promise(shown == render(again.diagnostics, again.sources), "the same text reads the same twice", input);
  promise(reading.ok() == shown.empty(), "a complaint is shown", input);
  for (const Diagnostic& diagnostic : reading.diagnostics) {
    const auto source = reading.sources.find(diagnostic.file);
    promise(source != reading.sources.end(), "a diagnostic names a file that was read", input);
    const auto lines = std::count(source->second.begin(), source->second.end(), '\n') + 1;
    promise(diagnostic.at.line <= lines, "a diagnostic's line exists", input);
    promise(diagnostic.at.column >= 0 && diagnostic.length >= 1, "a diagnostic has a place", input);
    promise(!diagnostic.message.empty(), "a diagnostic says something", input);
  }
}

void check_names(const Experiment& experiment, std::string_view input) {
  std::set<std::string> names;
  for (const FaultSpec& fault : experiment.faults) {
    promise(!fault.name.empty() && names.insert(fault.name).second, "faults have names of their own", input);
    promise(fixtures::Kinds().find(fault.kind) != nullptr, "a fault's kind exists", input);
    const auto start = planned_start(experiment, fault);
    promise(!start || *start < experiment.phases.during, "a fault starts within during", input);
  }
  promise(!experiment.target.kinds.empty(), "a target has nodes", input);
  promise(!node_names(experiment.target, experiment.nodes).empty(), "a target has nodes", input);
}

template <class T>
void check_quantity(Result<T> (*parse)(std::string_view), std::string_view input) {
  const Result<T> value = parse(input);
  if (!value) return promise(!value.error().message.empty(), "a complaint says something", input);
  const std::string text = to_text(*value);
  const Result<T> again = parse(text);
  // Eighteen digits is what a user may write; the very largest values may need more.
  promise(!again || *again == *value, "a quantity reads back as itself", input);
}

void check_selector(std::string_view input) {
  static const Target target = read_target(fixtures::target_text("redis-sentinel"), "target.toml").value;
  const auto parts = parse_selector(input, target, {}, 2);
  promise(parts || !parts.error().message.empty(), "a complaint says something", input);
}

}  // namespace

void experiment(std::string_view input) {
  static const fixtures::Kinds kinds;
  static const fixtures::Targets targets;
  const Reading<Experiment> reading = read_experiment(input, "x.toml", kinds, targets);
  check_reading(reading, read_experiment(input, "x.toml", kinds, targets), input);
  if (reading.ok()) check_names(reading.value, input);
}

void target(std::string_view input) {
  check_reading(read_target(input, "x.toml"), read_target(input, "x.toml"), input);
}

void texts(std::string_view input) {
  check_quantity(parse_duration, input);
  check_quantity(parse_ratio, input);
  check_quantity(parse_bytes, input);
  check_quantity(parse_rate, input);
  check_quantity(parse_bandwidth, input);
  if (const auto threshold = parse_threshold(input)) {
    const auto again = parse_threshold(threshold->text);
    promise(again && again->text == threshold->text, "a threshold reads back as itself", input);
  }
  if (const auto stop = parse_stop_condition(input)) promise(stop->lasting.count() > 0, "a stop has a length", input);
  const auto echo = [](std::string_view name) { return std::optional(fmt::format("{{{{{}}}}}", name)); };
  const auto expanded = expand(input, echo);
  promise(expanded.ok() == placeholders(input).ok(), "what has placeholders expands", input);
  (void)parse_signal(input);
  check_selector(input);
}

}  // namespace withstand::fuzz
