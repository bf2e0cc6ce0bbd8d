#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "spec/read/load_shape.hpp"
#include "spec/read/pattern.hpp"
#include "spec/read/scope.hpp"
#include "spec/reader.hpp"
#include "spec/template_scope.hpp"
#include "spec/vocabulary.hpp"

namespace withstand::spec {
namespace {
/// What the generator takes.
constexpr Rate most_rate{1'000'000'000};

constexpr std::int64_t most_clients = 64;
constexpr Range<Duration> timeouts{Duration(std::chrono::milliseconds(1)), Duration(std::chrono::minutes(10))};

const WorkloadInfo* read_workload(TableReader& fields, LoadSpec& load) {
  fields.require("workload");
  const std::optional<std::string> name = fields.text("workload");
  if (!name) return nullptr;
  load.workload = *name;
  const WorkloadInfo* known = find_workload(*name);
  if (known != nullptr) return known;
  const std::vector<std::string> names = names_of(workloads());
  const Item& item = *fields.find("workload");
  if (std::count(later_workloads().begin(), later_workloads().end(), *name) != 0) {
    fields.report().error(item,
                          fmt::format("workload '{}' is not built yet; this build has: {}", *name, joined(names)));
  } else {
    fields.report().error(item, fmt::format("unknown workload '{}'", *name), suggestion(*name, names, "workloads"));
  }
  return nullptr;
}

/// What a run would find out at its start: placeholders that nothing fills, a program that is not there.
void check_command(const std::vector<const Item*>& words, Scope& scope, const TargetSource& targets) {
  if (words.empty() || !scope.target_known) return;
  const Experiment& experiment = scope.experiment;
  const std::size_t before = scope.report.count();
  const TemplateScope known = TemplateScope::of_load(experiment.target, experiment.nodes);
  for (const Item* word : words) {
    for (const Complaint& complaint : known.complaints(word->text)) scope.report.complain(*word, complaint);
  }
  if (scope.report.count() != before) return;
  const Item& program = *words.front();
  const std::string why = targets.why_no_load_program(experiment.target, experiment.file, program.text);
  if (why.empty()) return;
  scope.report.error(program, fmt::format("the program '{}' cannot be started: {}", program.text, why),
                     why.find("not executable") != std::string::npos
                         ? ""
                         : "write its path from this file's folder, or {target}/PROGRAM, or install it");
}

void read_driver(TableReader& fields, LoadSpec& load, Scope& scope, const TargetSource& targets) {
  load.driver = fields.text("driver").value_or("");
  const std::vector<const Item*> words = fields.command("command");
  for (const Item* word : words) load.command.push_back(word->text);
  const bool known = std::count(drivers().begin(), drivers().end(), load.driver) != 0;
  if (!load.driver.empty() && !known) {
    scope.report.error(*fields.find("driver"), fmt::format("unknown driver '{}'", load.driver),
                       suggestion(load.driver, drivers(), "drivers"));
    return;
  }
  const std::string& driver = load.driver.empty() ? scope.experiment.target.driver : load.driver;
  if (driver.empty() && scope.target_known) {
    scope.report.error(fields.item(), "nothing says which driver speaks to the target",
                       fmt::format("add driver = \"...\": {}", joined(drivers())));
  }
  if (driver == "exec" && load.command.empty()) {
    scope.report.error(fields.item(), "driver 'exec' needs 'command', the program that speaks JSON lines");
  }
  if (!driver.empty() && driver != "exec" && fields.find("command") != nullptr) {
    scope.report.error(*fields.entry("command"), fmt::format("'command' goes with driver 'exec', not '{}'", driver));
  }
  if (driver == "exec") check_command(words, scope, targets);
}

/// The driver's own settings. One that waits for placeholders is checked by the driver, when the run fills them in.
void read_options(TableReader& fields, LoadSpec& load, Scope& scope, const TargetSource& targets) {
  const Experiment& experiment = scope.experiment;
  const std::string& driver = load.driver.empty() ? experiment.target.driver : load.driver;
  for (const Entry* option : fields.text_entries("options")) {
    const std::string& text = option->value.text;
    load.options[option->key] = text;
    if (!scope.target_known) continue;
    for (const Complaint& complaint : TemplateScope::of_driver(experiment.target, experiment.nodes).complaints(text))
      scope.report.complain(option->value, complaint);
    if (driver.empty() || text.find('{') != std::string::npos) continue;
    for (const Complaint& complaint : targets.option_complaints(experiment, driver, option->key, text))
      scope.report.error(*option, complaint.message, complaint.help);
  }
}

void read_mix(TableReader& fields, LoadSpec& load, const WorkloadInfo* workload) {
  const Item* mix = fields.table("mix", "mix = { read = 50, write = 50 }");
  if (mix == nullptr) return;
  std::int64_t total = 0;
  for (const Entry& entry : mix->entries) {
    if (workload != nullptr && std::count(workload->operations.begin(), workload->operations.end(), entry.key) == 0) {
      fields.report().error(entry, fmt::format("workload '{}' has no operation '{}'", workload->name, entry.key),
                            suggestion(entry.key, workload->operations, "operations"));
    }
    const auto weight = as_integer(entry.value, fmt::format("'mix.{}'", entry.key), fields.report(), {0, 1'000'000});
    if (!weight) continue;
    load.mix[entry.key] = *weight;
    total += *weight;
  }
  if (total == 0) fields.report().error(*mix, "'mix' gives no operation any weight");
}

}  // namespace

std::int64_t clients_of(const Experiment& experiment) { return experiment.load ? experiment.load->clients : 1; }

void read_load(TableReader& root, Scope& scope, const TargetSource& targets) {
  const Item* table = root.table("load", "[load]");
  if (table == nullptr) return;
  TableReader fields(*table, "[load]", scope.report);
  LoadSpec load;
  load.at = table->at;
  const WorkloadInfo* workload = read_workload(fields, load);
  read_driver(fields, load, scope, targets);
  read_options(fields, load, scope, targets);
  if (const Item* rate = fields.find("rate")) {
    load.rate = as_rate(*rate, "'rate'", scope.report).value_or(load.rate);
    if (load.rate.millihertz == 0) scope.report.error(*rate, "'rate' is 0: leave [load] out to have no load");
    if (load.rate.millihertz > most_rate.millihertz) scope.report.error(*rate, "'rate' is more than 1000000/s");
  }
  read_mix(fields, load, workload);
  load.keys = fields.integer("keys", {1, 1'000'000}).value_or(workload != nullptr ? workload->keys : load.keys);
  read_load_shape(fields, load);
  load.timeout = fields.duration("timeout", timeouts).value_or(load.timeout);
  load.clients = fields.integer("clients", {1, most_clients}).value_or(load.clients);
  if (load.users > 0 && load.users < load.clients)
    scope.report.error(*fields.find("users"), "there are fewer users than clients", "each client has at least one");
  if (load.clients > 1 && !scope.experiment.target.attached.empty())
    scope.report.error(*fields.find("clients"), "attached nodes have one client",
                       "all clients would live in the harness's own network, where their packets cannot be told apart: "
                       "leave out 'clients'");
  // While a target answers nothing, rate times timeout operations are under way: as many must fit, or a stall would be
  // told as drops.
  const double stalled = highest_rate(load).per_second() * std::chrono::duration<double>(load.timeout).count();
  const auto fitting = std::clamp(static_cast<std::int64_t>(2 * stalled), load.in_flight, std::int64_t{100'000});
  load.in_flight = fields.integer("in_flight", {1, 100'000}).value_or(fitting);
  if (workload != nullptr && scope.target_known) {
    const std::string& driver = load.driver.empty() ? scope.experiment.target.driver : load.driver;
    for (const Complaint& complaint : targets.load_complaints(scope.experiment, load, driver))
      scope.report.error(*fields.find(complaint.message.find("trace") == std::string::npos ? "workload" : "trace"),
                         complaint.message, complaint.help);
  }
  fields.finish();
  scope.experiment.load = std::move(load);
}

}  // namespace withstand::spec
