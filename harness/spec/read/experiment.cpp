#include <algorithm>

#include <fmt/format.h>

#include "spec/limits.hpp"
#include "spec/names.hpp"
#include "spec/read/pattern.hpp"
#include "spec/read/scope.hpp"
#include "spec/read/target_section.hpp"
#include "spec/reader.hpp"
#include "spec/vocabulary.hpp"

namespace withstand::spec {
namespace {

constexpr Range<Duration> phase_lengths{Duration::zero(), Duration(std::chrono::hours(24 * 7))};

/// IP and TCP headers fit into the least; a packet is never larger than the most.
constexpr Range<Bytes> snap_lengths{Bytes{64}, Bytes{64 << 10}};
constexpr Range<Bytes> capture_limits{Bytes{64 << 10}, Bytes{1LL << 40}};

void add_once(const Item& text, std::vector<std::string>& into, Scope& scope) {
  if (std::count(into.begin(), into.end(), text.text) != 0)
    scope.report.error(text, fmt::format("'{}' stands twice", text.text));
  into.push_back(text.text);
}

void read_head(TableReader& root, Scope& scope) {
  Experiment& experiment = scope.experiment;
  experiment.title = root.text("title").value_or("");
  if (const auto seed = root.integer("seed", {0, std::numeric_limits<std::int64_t>::max()})) {
    experiment.seed = static_cast<std::uint64_t>(*seed);
  }
  for (const Item* tag : root.strings("tags")) {
    check_name(*tag, scope.report);
    add_once(*tag, experiment.tags, scope);
  }
  for (const Item* feature : root.strings("requires")) {
    const auto& known = features();
    if (std::count(known.begin(), known.end(), feature->text) == 0)
      scope.report.error(*feature, fmt::format("no feature of a machine is called '{}'", feature->text),
                         suggestion(feature->text, known, "`withstand doctor` knows"));
    add_once(*feature, experiment.requires_, scope);
  }
}

/// `capture = true`, or how much of what: a table is a wish for one.
void read_capture(TableReader& root, Scope& scope) {
  const Item* item = root.find("capture");
  if (item == nullptr || (item->type == Item::Type::boolean && !item->boolean)) return;
  if (!scope.experiment.target.attached.empty())
    scope.report.error(*item, "attached nodes cannot be captured",
                       "their packets pass through the kernel's own queues: use tcpdump on their interfaces");
  CaptureSpec& capture = scope.experiment.capture.emplace();
  if (item->type == Item::Type::boolean) return;
  if (item->type != Item::Type::table) {
    scope.report.error(*item, fmt::format("'capture' must be true, false or a table, not {}", type_word(item->type)),
                       "write capture = true, or capture = { snap = \"128B\", limit = \"1GiB\" }");
    return;
  }
  TableReader fields(*item, "[capture]", scope.report);
  capture.snap = fields.bytes("snap", snap_lengths).value_or(capture.snap);
  capture.limit = fields.bytes("limit", capture_limits).value_or(capture.limit);
  fields.finish();
}

void read_phases(TableReader& root, Scope& scope) {
  const Item* table = root.table("phases", "[phases]");
  if (table == nullptr) return;
  TableReader fields(*table, "[phases]", scope.report);
  PhasesSpec& phases = scope.experiment.phases;
  phases.warm_up = fields.duration("warm_up", phase_lengths).value_or(phases.warm_up);
  phases.before = fields.duration("before", phase_lengths).value_or(phases.before);
  phases.during = fields.duration("during", phase_lengths).value_or(phases.during);
  phases.after = fields.duration("after", phase_lengths).value_or(phases.after);
  fields.finish();
}

void read_limits(TableReader& root, Scope& scope) {
  const Item* table = root.table("limits", "[limits]");
  if (table == nullptr) return;
  TableReader fields(*table, "[limits]", scope.report);
  LimitsSpec& limits = scope.experiment.limits;
  limits.at = table->at;
  const Item* down = fields.find("down");
  if (down != nullptr && down->type == Item::Type::integer) {
    if (const auto number = as_integer(*down, "'down'", scope.report, {0, most_nodes}))
      limits.down = fmt::format("{}", *number);
  } else if (down != nullptr) {
    limits.down = as_text(*down, "'down'", scope.report).value_or("");
    if (down->type == Item::Type::text && limits.down != "minority") {
      scope.report.error(*down, fmt::format("'down' cannot be '{}'", limits.down), "write \"minority\" or a number");
    }
  }
  limits.max_duration = fields.duration("max_duration", above_zero);
  fields.finish();
}

}  // namespace

void check_selector(const Item& text, Scope& scope) {
  if (text.type != Item::Type::text) return;
  if (!scope.target_known) {  // then only what can name nothing in any target
    if (!may_be_selector(text.text))
      scope.report.error(text, fmt::format("'{}' names no node", text.text), "write one name, as \"n1\", or KIND:ROLE");
    return;
  }
  const auto parts =
      parse_selector(text.text, scope.experiment.target, scope.experiment.nodes, clients_of(scope.experiment));
  if (!parts) scope.report.complain(text, parts.error());
}

std::optional<Selector> read_selector(TableReader& fields, std::string_view key, Scope& scope) {
  if (const Item* several = fields.find(key); several != nullptr && several->type == Item::Type::array) {
    scope.report.error(*several, fmt::format("'{}' is one selector, not a list", key),
                       "one node, or a group: \"all\", \"minority\", a kind; other sets want a fault for each node");
    return std::nullopt;
  }
  const std::optional<std::string> text = fields.text(key);
  if (!text) return std::nullopt;
  const Item& item = *fields.find(key);
  check_selector(item, scope);
  return Selector{*text, item.at};
}

Reading<Experiment> read_experiment(std::string_view text, const std::string& file, const KindTable& kinds,
                                    const TargetSource& targets) {
  Reading<Experiment> reading;
  reading.sources[file] = std::string(text);
  reading.value.file = file;
  const Result<Item, Diagnostic> document = parse_document(text, file);
  if (!document) {
    reading.diagnostics.push_back(document.error());
    return reading;
  }
  Report report(file);
  Scope scope{reading.value, report, kinds};
  TableReader root(*document, "the experiment", report);
  root.not_built_yet({"random", "search", "plugin"});
  read_head(root, scope);
  TargetSection target = read_target_section(root, scope, targets);
  read_load(root, scope, targets);
  read_phases(root, scope);
  read_capture(root, scope);
  read_probes(root, scope);
  read_faults(root, scope);
  read_limits(root, scope);
  read_stop(root, scope);
  read_expect(root, scope);
  read_verdict(root, scope);
  root.finish();
  for (Diagnostic& violation : limit_violations(reading.value, kinds)) report.add(std::move(violation));
  reading.diagnostics = report.take();
  reading.sources.merge(target.sources);
  for (Diagnostic& diagnostic : target.diagnostics) reading.diagnostics.push_back(std::move(diagnostic));
  return reading;
}

}  // namespace withstand::spec
