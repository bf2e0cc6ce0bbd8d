#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "spec/metrics.hpp"
#include "spec/names.hpp"
#include "spec/read/scope.hpp"
#include "spec/signals.hpp"
#include "spec/vocabulary.hpp"

namespace withstand::spec {
namespace {

/// Whether what a threshold names exists in this experiment.
void check_names(const Item& item, const Threshold& threshold, Scope& scope) {
  const Experiment& experiment = scope.experiment;
  if (threshold.metric.starts_with("probe.")) {
    const std::string name = threshold.metric.substr(6);
    const std::vector<std::string> names = names_of(experiment.probes);
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      scope.report.error(item, fmt::format("there is no probe '{}'", name), suggestion(name, names, "probes"));
    }
  } else if (!experiment.load) {
    scope.report.error(item, fmt::format("'{}' is a metric of the load, and there is no [load]", threshold.metric));
  }
  if (const auto op = threshold.filters.find("op"); op != threshold.filters.end() && experiment.load) {
    const WorkloadInfo* workload = find_workload(experiment.load->workload);
    if (workload != nullptr && std::count(workload->operations.begin(), workload->operations.end(), op->second) == 0) {
      scope.report.error(item, fmt::format("workload '{}' has no operation '{}'", workload->name, op->second),
                         suggestion(op->second, workload->operations, "operations"));
    }
  }
  const auto node = threshold.filters.find("node");
  if (node == threshold.filters.end() || !scope.target_known) return;
  const std::vector<std::string> names = names_of(node_names(experiment.target, experiment.nodes));
  if (std::find(names.begin(), names.end(), node->second) == names.end()) {
    scope.report.error(item, fmt::format("'{}' names no node", node->second), suggestion(node->second, names, "nodes"));
  }
}

/// Only keys that are written once can be told lost from overwritten, and only after everything else.
void check_lost(const Item& item, std::string_view phase, Scope& scope) {
  const std::optional<LoadSpec>& load = scope.experiment.load;
  if (phase == "before") scope.report.error(item, "'lost' is for 'during' and 'after', not 'before'");
  if (load && find_workload(load->workload) != nullptr && load->workload != "write-once") {
    scope.report.error(item, "'lost' needs workload 'write-once'",
                       fmt::format("this file's workload is '{}'", load->workload));
  }
}

const LoadSpec* experiment_load(const Scope& scope) {
  return scope.experiment.load ? &*scope.experiment.load : nullptr;
}

/// A limit can only be relative to what was before it.
void check_relative(const Item& item, const Threshold& threshold, std::string_view phase, Scope& scope) {
  if (threshold.relative_to.empty()) return;
  if (phase == "before" || threshold.relative_to == phase) {
    scope.report.error(
        item, fmt::format("'{}' cannot be relative to '{}'", phase, threshold.relative_to),
        "an earlier phase can be the measure of a later one: before of during and after, during of after");
  }
  if (threshold.metric == "recovery" || threshold.metric == "lost") {
    scope.report.error(item, fmt::format("'{}' has no figure in '{}'", threshold.metric, threshold.relative_to));
  }
}

std::vector<Threshold> read_thresholds(TableReader& fields, std::string_view phase, Scope& scope) {
  std::vector<Threshold> out;
  for (const Item* item : fields.strings(phase)) {
    Result<Threshold> threshold = parse_threshold(item->text);
    if (!threshold) {
      scope.report.complain(*item, threshold.error());
      continue;
    }
    check_names(*item, *threshold, scope);
    if (threshold->metric == "recovery" && phase != "after") {
      scope.report.error(*item, fmt::format("'recovery' is measured in 'after', not '{}'", phase));
    }
    if (threshold->metric == "lost") check_lost(*item, phase, scope);
    check_relative(*item, *threshold, phase, scope);
    if (threshold->metric == "capacity" && experiment_load(scope) && experiment_load(scope)->slo.empty()) {
      scope.report.error(*item, "'capacity' needs 'slo' in [load]", "slo = [\"p99 < 50ms\", \"errors < 1%\"]");
    }
    const auto same = [&](const Threshold& other) { return other.text == threshold->text; };
    if (std::any_of(out.begin(), out.end(), same)) {
      scope.report.error(*item, fmt::format("'{}' stands twice", threshold->text));
      continue;
    }
    threshold->at = item->at;
    out.push_back(std::move(*threshold));
  }
  return out;
}

void read_checks(TableReader& fields, Scope& scope) {
  const Experiment& experiment = scope.experiment;
  for (const Item* item : fields.strings("checks")) {
    const CheckInfo* check = find_check(item->text);
    if (check == nullptr) {
      const bool later = std::count(later_checks().begin(), later_checks().end(), item->text) != 0;
      const std::vector<std::string> names = names_of(checks());
      scope.report.error(*item,
                         later
                             ? fmt::format("check '{}' is not built yet; this build has: {}", item->text, joined(names))
                             : fmt::format("unknown check '{}'", item->text),
                         later ? "" : suggestion(item->text, names, "checks"));
      continue;
    }
    const std::string workload = experiment.load ? experiment.load->workload : "";
    const auto& fitting = check->workloads;
    const bool fits = std::find(fitting.begin(), fitting.end(), workload) != fitting.end();
    if (!experiment.load || (find_workload(workload) != nullptr && !fits)) {
      scope.report.error(
          *item, fmt::format("check '{}' needs workload '{}'", check->name, fmt::join(fitting, "' or '")),
          experiment.load ? fmt::format("this file's workload is '{}'", workload) : "there is no [load]");
    }
    if (std::count(experiment.expect.checks.begin(), experiment.expect.checks.end(), item->text) != 0) {
      scope.report.error(*item, fmt::format("'{}' stands twice", item->text));
    }
    scope.experiment.expect.checks.push_back(item->text);
  }
}

bool is_exit_status(std::string_view text) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && value >= 0 && value <= 255;
}

void read_exits(TableReader& fields, Scope& scope) {
  const Experiment& experiment = scope.experiment;
  for (const Item* item : fields.strings("exits")) {
    const std::size_t colon = item->text.find(':');
    if (colon == std::string::npos) {
      scope.report.error(*item, fmt::format("'{}' does not say how the node ends", item->text),
                         fmt::format("write \"{0}:0\" or \"{0}:SIGABRT\"", item->text));
      continue;
    }
    const std::string who = item->text.substr(0, colon);
    const std::string how = item->text.substr(colon + 1);
    std::vector<std::string> names = names_of(experiment.target.kinds);
    for (const NodeName& node : node_names(experiment.target, experiment.nodes)) names.push_back(node.name);
    if (scope.target_known && std::count(names.begin(), names.end(), who) == 0) {
      scope.report.complain(*item, {fmt::format("'{}' names no node and no kind", who), suggestion(who, names, "names"),
                                    0, static_cast<int>(colon)});
    }
    if (!is_exit_status(how) && !parse_signal(how)) {
      scope.report.complain(
          *item, {fmt::format("'{}' is neither an exit status nor a signal", how), "write 0 to 255, or e.g. SIGABRT",
                  static_cast<int>(colon) + 1, static_cast<int>(how.size())});
    }
    scope.experiment.expect.exits.push_back(item->text);
  }
}

/// What a run's verdict is to be looks as if it belonged to what is expected.
void refuse_verdict_keys(TableReader& fields) {
  for (const char* key : {"verdict", "fails", "may_fail"}) {
    if (const Entry* entry = fields.entry(key)) {
      fields.report().error(*entry, fmt::format("'{}' does not belong in [expect]", key),
                            "write it at the top of the file, above the first [table]");
    }
  }
}

/// `tolerance = "10%"` is another way to write "probe.NAME >= 90%" for before and after.
void add_tolerances(Scope& scope) {
  for (const ProbeSpec& probe : scope.experiment.probes) {
    if (!probe.tolerance) continue;
    const Ratio least{1'000'000'000 - probe.tolerance->ppb};
    Result<Threshold> threshold = parse_threshold(fmt::format("probe.{} >= {}", probe.name, to_text(least)));
    if (!threshold) continue;  // the name was refused
    threshold->at = probe.at;
    for (auto* phase : {&scope.experiment.expect.before, &scope.experiment.expect.after}) {
      const auto same = [&](const Threshold& other) { return other.text == threshold->text; };
      if (std::none_of(phase->begin(), phase->end(), same)) phase->push_back(*threshold);
    }
  }
}

/// Every name that `fails` and `may_fail` can hold. Those of `before` cannot: a steady state that is missed makes a run
/// inconclusive, never failed.
std::vector<std::string> outcome_names(const Experiment& experiment) {
  std::vector<std::string> names = experiment.expect.checks;
  const auto add = [&](const char* phase, const std::vector<Threshold>& thresholds) {
    for (const Threshold& threshold : thresholds) names.push_back(fmt::format("{}: {}", phase, threshold.text));
  };
  add("during", experiment.expect.during);
  add("after", experiment.expect.after);
  for (const NodeName& node : node_names(experiment.target, experiment.nodes)) {
    names.push_back("exit: " + node.name);
    names.push_back("ready: " + node.name);
  }
  return names;
}

/// With the spaces of the expectations' own names.
std::string normalised(const std::string& name) {
  const std::size_t colon = name.find(':');
  if (colon == std::string::npos) return name;
  const std::size_t start = name.find_first_not_of(" \t", colon + 1);
  const std::string rest = start == std::string::npos ? "" : name.substr(start);
  const Result<Threshold> threshold = parse_threshold(rest);
  return name.substr(0, colon) + ": " + (threshold ? threshold->text : rest);
}

/// The same expectation of another phase is nearer than any other text.
std::string nearest_outcome(const std::string& name, const std::vector<std::string>& names) {
  const std::size_t colon = name.find(':');
  for (const std::string& other : names) {
    if (colon != std::string::npos && other.find(':') != std::string::npos &&
        other.substr(other.find(':')) == name.substr(colon)) {
      return other;
    }
  }
  return nearest(name, names);
}

std::vector<std::string> read_outcomes(TableReader& root, std::string_view key, const std::vector<std::string>& names,
                                       Scope& scope) {
  std::vector<std::string> out;
  for (const Item* item : root.strings(key)) {
    const std::string name = normalised(item->text);
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      const bool before = name.starts_with("before:");
      const std::string near = nearest_outcome(name, names);
      scope.report.error(*item,
                         before ? "an expectation of 'before' cannot fail: a run that misses it is inconclusive"
                                : fmt::format("'{}' is no check or expectation of this file", item->text),
                         near.empty() ? "write a check's name, or e.g. \"after: errors == 0%\""
                                      : fmt::format("did you mean '{}'?", near));
    }
    if (std::find(out.begin(), out.end(), name) != out.end()) {
      scope.report.error(*item, fmt::format("'{}' stands twice", item->text));
    }
    out.push_back(name);
  }
  return out;
}

/// Whether a condition can be judged second by second while the run goes on.
void check_live(const Item& item, const Threshold& when, Scope& scope) {
  if (!is_live(when.metric)) {
    std::vector<std::string> names;
    for (const MetricInfo& metric : metrics()) {
      if (metric.live) names.emplace_back(metric.name == "pNN" ? "p50, p99" : metric.name);
    }
    scope.report.error(item, fmt::format("'{}' is known only after the run", when.metric),
                       "a stop condition can watch: " + joined(names));
  } else if (when.filters.contains("node") && !when.metric.starts_with("probe.")) {
    scope.report.error(item, fmt::format("'{}' cannot be watched by node while the run goes on", when.metric));
  }
}

}  // namespace

void read_stop(TableReader& root, Scope& scope) {
  const Item* table = root.table("stop", "[stop]");
  if (table == nullptr) return;
  TableReader fields(*table, "[stop]", scope.report);
  fields.require("if");
  for (const Item* item : fields.strings("if")) {
    Result<StopCondition> stop = parse_stop_condition(item->text);
    if (!stop) {
      scope.report.complain(*item, stop.error());
      continue;
    }
    check_names(*item, stop->when, scope);
    check_live(*item, stop->when, scope);
    stop->when.at = item->at;
    scope.experiment.stop.push_back(std::move(*stop));
  }
  fields.finish();
}

void read_expect(TableReader& root, Scope& scope) {
  if (const Item* table = root.table("expect", "[expect]")) {
    TableReader fields(*table, "[expect]", scope.report);
    scope.experiment.expect.confident = fields.boolean("confident").value_or(false);
    scope.experiment.expect.before = read_thresholds(fields, "before", scope);
    scope.experiment.expect.during = read_thresholds(fields, "during", scope);
    scope.experiment.expect.after = read_thresholds(fields, "after", scope);
    read_checks(fields, scope);
    read_exits(fields, scope);
    refuse_verdict_keys(fields);
    fields.finish();
  }
  add_tolerances(scope);
}

void read_verdict(TableReader& root, Scope& scope) {
  ExpectedVerdict& expected = scope.experiment.expected;
  expected.verdict = root.text("verdict").value_or("withstood");
  if (expected.verdict != "withstood" && expected.verdict != "failed") {
    scope.report.error(*root.find("verdict"), fmt::format("'verdict' cannot be '{}'", expected.verdict),
                       suggestion(expected.verdict, {"withstood", "failed"}, "it is one of"));
    root.allow({"fails", "may_fail"});
    return;
  }
  const std::vector<std::string> names = outcome_names(scope.experiment);
  expected.fails = read_outcomes(root, "fails", names, scope);
  expected.may_fail = read_outcomes(root, "may_fail", names, scope);
  if (expected.verdict == "failed") {
    if (root.find("fails") == nullptr) {
      scope.report.error(*root.find("verdict"), "verdict = \"failed\" says what fails", "add fails = [\"...\"]");
    } else if (root.find("fails")->type == Item::Type::array && root.find("fails")->items.empty()) {
      scope.report.error(*root.find("fails"), "'fails' is empty");
    }
    return;
  }
  for (const char* key : {"fails", "may_fail"}) {
    if (const Entry* entry = root.entry(key)) {
      scope.report.error(*entry, fmt::format("'{}' goes with verdict = \"failed\"", key));
    }
  }
}

}  // namespace withstand::spec
