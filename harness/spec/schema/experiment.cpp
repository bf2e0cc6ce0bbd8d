#include <limits>
#include <set>

#include <nlohmann/json.hpp>

#include "spec/reader.hpp"
#include "spec/schema/parts.hpp"
#include "spec/vocabulary.hpp"

namespace withstand::spec {
namespace {

using namespace schema;

Json nodes() {
  return any_of({integer(1, 250, "Of the only kind."), table_of(integer(1, 250, "Of that kind."), "By kind.")},
                "How many nodes.");
}

Json attached(const Json& log_limit) {
  const Json node = table({{"name", matching("^[a-z][a-z0-9_-]{0,31}$", "Name of the node.")},
                           {"netns", text("Its network namespace: a name in /run/netns, or the path of its file.")},
                           {"pid", integer(1, 1 << 22, "Instead of netns: a process in that network namespace.")},
                           {"interface", matching("^[^/ ]{1,15}$", "Its interface there, e.g. \"eth0\".")},
                           {"address", matching("^[0-9]+(\\.[0-9]+){3}$",
                                                "What {address} stands for. Default: the interface's first of IPv4.")}},
                          {"name", "interface"}, "One node that somebody else runs.");
  return table({{"attach", array_of(node, "Nodes that somebody else runs.")},
                {"name", text("What the target is called in reports.")},
                {"summary", text("One sentence.")},
                {"driver", one_of_texts(drivers(), "What speaks to the target.")},
                {"driver_options", table_of(text("Value."), "Options of the driver.")},
                {"ports", table_of(integer(1, 65535, "Port number."), "Ports by name; the first is {port}.")},
                {"log_limit", log_limit}},
               {"attach"}, "Nodes that run already: only the packets of their interfaces are impaired.");
}

Json target() {
  const Json args = any_of({texts("For every node."), table_of(texts("For nodes of that kind."), "By kind.")},
                           "Arguments appended to the nodes' commands.");
  const Json env = table_of(text("Value."), "Environment variables of every node.");
  const Json log_limit =
      quantity(Quantity::bytes, "How much of each of a node's stdout and stderr is kept. Default: 64MiB.");
  Json used = table({{"use", text("Name of a target, or path of a target.toml.")},
                     {"nodes", nodes()},
                     {"args", args},
                     {"env", env},
                     {"log_limit", log_limit}},
                    {"use"}, "A target that is described elsewhere.");
  Properties inline_keys = target_properties();
  for (auto& [key, value] : kind_properties()) {
    if (key != "count" && key != "args" && key != "env") inline_keys.emplace_back(key, std::move(value));
  }
  inline_keys.emplace_back("nodes", nodes());
  inline_keys.emplace_back("args", args);
  inline_keys.emplace_back("env", env);
  inline_keys.emplace_back("log_limit", log_limit);
  return any_of({std::move(used), attached(log_limit),
                 table(inline_keys, {}, "A target described here: command, ports, ready, ...")},
                "The system under test.");
}

Json ramp() {
  return table({{"to", quantity(Quantity::rate, "Rate at the end.")},
                {"over", quantity(Quantity::duration, "How long it takes.")},
                {"each_phase", boolean("Begins anew with before, during and after; `rate` when it has ended.")}},
               {"to", "over"}, "The rate goes from `rate` to another in a straight line.");
}

Json sine() {
  return table({{"swing", quantity(Quantity::ratio, "How far it goes from `rate`, up and down.")},
                {"period", quantity(Quantity::duration, "Of one wave.")}},
               {"swing", "period"}, "The rate swings around `rate`.");
}

Json steps() {
  return array_of(
      table({{"for", quantity(Quantity::duration, "How long.")}, {"rate", quantity(Quantity::rate, "Rate.")}},
            {"for", "rate"}, "One step."),
      "Rates one after the other; the last one holds.");
}

Json popularity() {
  return table({{"zipf", number("Exponent of Zipf's law, e.g. 0.99.")},
                {"hot", quantity(Quantity::ratio, "Share of the keys that are hot.")},
                {"takes", quantity(Quantity::ratio, "Share of the operations that go to those.")}},
               {}, "How often each key is chosen. Default: all alike.");
}

Json value_size() {
  Json sizes = table_of(integer(0, 1'000'000, "Weight."), "Sizes with weights: { \"16B\" = 9, \"64KiB\" = 1 }");
  return any_of({quantity(Quantity::bytes, "Of every value."), std::move(sizes)}, "Size of a value. Default: 16B.");
}

Json load() {
  std::set<std::string> names;
  for (const WorkloadInfo& workload : workloads()) names.insert(workload.operations.begin(), workload.operations.end());
  Properties operations;
  for (const std::string& name : names) operations.emplace_back(name, integer(0, 1'000'000, "Weight."));
  return table(
      {{"workload", one_of_texts(names_of(workloads()), "What the clients do; decides which checks apply.")},
       {"driver", one_of_texts(drivers(), "What speaks to the target. Default: the target's.")},
       {"command", texts("Driver exec: the program that speaks JSON lines.")},
       {"options", table_of(text("Value."), "Settings of the driver, each instead of the target's.")},
       {"rate",
        quantity(Quantity::rate, "Operations started per second, whether or not earlier ones ended. Default: 100/s.")},
       {"mix", table(operations, {}, "Weights of the operations.")},
       {"arrival", one_of_texts({"constant", "poisson"}, "Evenly spaced (default), or as a Poisson process.")},
       {"ramp", ramp()},
       {"sine", sine()},
       {"steps", steps()},
       {"trace", text("A file of arrival times: seconds from the start of the load, one a line.")},
       {"users", integer(1, 100'000, "Closed loop: so many take turns, over all clients.")},
       {"think", quantity(Quantity::duration, "Closed loop: mean time from an answer to the user's next operation.")},
       {"hold", quantity(Quantity::duration, "Workload lock: how long a holder keeps it. Default: 20ms.")},
       {"keys", integer(1, 1'000'000, "Number of keys. Default: the workload's.")},
       {"popularity", popularity()},
       {"value_size", value_size()},
       {"slo",
        texts_matching(threshold_pattern(), "What every second must keep to for its rate to count as capacity.")},
       {"timeout", quantity(Quantity::duration, "After which an outcome is unknown. Default: 1s.")},
       {"clients", integer(1, 64, "Client nodes. Default: 1.")},
       {"in_flight",
        integer(
            1, 100'000,
            "Most operations under way per client. Default: twice what a stall of `timeout` piles up, at least 256.")}},
      {"workload"}, "Client traffic.");
}

Json phases() {
  return table({{"warm_up", quantity(Quantity::duration, "Before anything is measured. Default: 1s.")},
                {"before", quantity(Quantity::duration, "Steady state, without faults. Default: 5s.")},
                {"during", quantity(Quantity::duration, "With faults. Default: 20s.")},
                {"after", quantity(Quantity::duration, "After the last fault. Default: 5s.")}},
               {}, "How long each phase lasts.");
}

Json capture() {
  return any_of({boolean("Packets whole up to 512B each, 256MiB in all."),
                 table({{"snap", quantity(Quantity::bytes, "Kept of each packet, 64B to 64KiB. Default: 512B.")},
                        {"limit", quantity(Quantity::bytes, "Of the file, 64KiB to 1TiB. Default: 256MiB.")}},
                       {}, "How much is kept.")},
                "Every packet of every link, with what was decided on it, in RUN/capture.pcapng.");
}

Json expect() {
  const auto thresholds = [](const char* phase) {
    return texts_matching(threshold_pattern(), std::string("What must hold ") + phase + ", e.g. \"p99 < 20ms\".");
  };
  return table(
      {{"before", thresholds("before the faults")},
       {"during", thresholds("during the faults")},
       {"after", thresholds("after the faults")},
       {"checks", array_of(one_of_texts(names_of(checks()), "A judge of the whole history."), "Data safety.")},
       {"confident", boolean("Judge only where a figure's 95 % confidence interval is on one side of the limit.")},
       {"exits",
        texts_matching("^[^:]+:([0-9]{1,3}|[A-Z][A-Z0-9]*)$", "Exits that are allowed: KIND:CODE, NODE:SIGNAL.")}},
      {}, "What must hold.");
}

Json limits() {
  const Json down = any_of({one_of_texts({"minority"}, "Less than half."), integer(0, 250, "So many.")},
                           "How many nodes of one kind may be down or paused at once.");
  return table({{"down", down}, {"max_duration", quantity(Quantity::duration, "Longest single injection.")}}, {},
               "The blast radius.");
}

Json documented_metrics(Json expectations) {
  std::string docs = "Metrics:\n";
  for (const MetricInfo& metric : metrics())
    docs += "- " + std::string(metric.name) + ": " + std::string(metric.summary) + "\n";
  expectations["x-taplo"]["docs"]["main"] = docs;
  return expectations;
}

}  // namespace

std::string experiment_schema(const KindTable& kinds) {
  const Properties properties{
      {"title", text("What the experiment shows, in one sentence.")},
      {"seed", integer(0, std::numeric_limits<std::int64_t>::max(),
                       "Decides everything random. Drawn and printed when absent.")},
      {"tags", texts("Words to select by.")},
      {"requires", array_of(one_of_texts(features(), "One of doctor's."), "Features of the machine.")},
      {"verdict", one_of_texts({"withstood", "failed"}, "What the verdict should be. Default: withstood.")},
      {"fails", texts("With verdict = \"failed\": what must fail; a check, or e.g. \"after: errors == 0%\".")},
      {"may_fail", texts("With verdict = \"failed\": what else may.")},
      {"target", target()},
      {"load", load()},
      {"phases", phases()},
      {"capture", capture()},
      {"probe", probes()},
      {"fault", faults(kinds)},
      {"limits", limits()},
      {"stop", table({{"if", texts_matching(stop_pattern(), "e.g. \"probe.ping < 10% for 30s\"")}}, {"if"},
                     "When the run is aborted.")},
      {"expect", documented_metrics(expect())}};
  Json out;
  out["$schema"] = "http://json-schema.org/draft-04/schema#";
  out["title"] = "Withstand experiment";
  out.update(table(properties, {"target"}, "One experiment: target, load, faults on a schedule, expectations."));
  return dump(out);
}

}  // namespace withstand::spec
