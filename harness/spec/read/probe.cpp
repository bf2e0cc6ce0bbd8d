#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "spec/names.hpp"
#include "spec/read/pattern.hpp"
#include "spec/read/scope.hpp"
#include "spec/template_scope.hpp"

namespace withstand::spec {
namespace {

using Source = ProbeSpec::Source;

constexpr std::array<std::pair<const char*, Source>, 5> sources{{{"http", Source::http},
                                                                 {"tcp", Source::tcp},
                                                                 {"command", Source::command},
                                                                 {"log", Source::log},
                                                                 {"prometheus", Source::prometheus}}};
constexpr Range<Duration> intervals{Duration(std::chrono::milliseconds(1)), Duration(std::chrono::hours(1))};

class ProbeReader {
 public:
  ProbeReader(const Item& table, Scope& scope)
      : scope_(scope), fields_(table, title(table), scope.report), given_(sources.end()) {}

  ProbeSpec read();

 private:
  static std::string title(const Item& table) {
    const Entry* name = find_entry(table, "name");
    return name != nullptr && name->value.type == Item::Type::text ? fmt::format("probe '{}'", name->value.text)
                                                                   : "[[probe]]";
  }
  void read_source();
  void check_text(const Item& text);
  void read_details();
  /// Reports a key that only goes with other sources.
  void only_with(const char* key, std::initializer_list<Source> sources_of_key);
  [[nodiscard]] std::vector<const NodeKind*> selected_kinds() const;

  Scope& scope_;
  TableReader fields_;
  ProbeSpec out_;
  decltype(sources)::const_iterator given_;
};

void ProbeReader::read_source() {
  int count = 0;
  for (auto source = sources.begin(); source != sources.end(); ++source) {
    if (fields_.find(source->first) == nullptr) continue;
    ++count;
    given_ = source;
  }
  if (count == 1) {
    out_.source = given_->second;
    out_.text = fields_.text(given_->first).value_or("");
    check_text(*fields_.find(given_->first));
    return;
  }
  given_ = sources.end();
  scope_.report.error(fields_.item(),
                      fmt::format("{} has {}", fields_.where(), count == 0 ? "no source" : "two sources"),
                      "exactly one of: http, tcp, command, log, prometheus");
}

std::vector<const NodeKind*> ProbeReader::selected_kinds() const {
  const Target& target = scope_.experiment.target;
  const auto parts = parse_selector(out_.on->text, target, scope_.experiment.nodes, clients_of(scope_.experiment));
  std::vector<const NodeKind*> kinds;
  for (const NodeKind& kind : target.kinds) {
    if (parts && (parts->kind.empty() || parts->kind == kind.name)) kinds.push_back(&kind);
  }
  return kinds;
}

void ProbeReader::check_text(const Item& text) {
  if (text.type != Item::Type::text) return;
  if (out_.source == Source::log) return check_pattern(text, scope_.report);
  if (out_.source == Source::http || out_.source == Source::prometheus) check_url(text, scope_.report);
  if (out_.source == Source::tcp && text.text.find(':') == std::string::npos) {
    scope_.report.error(text, fmt::format("'{}' has no port", text.text), "write \"{node}:{port}\"");
  }
  if (!scope_.target_known) return;
  std::vector<const NodeKind*> kinds{nullptr};
  if (out_.on) kinds = selected_kinds();
  for (const NodeKind* kind : kinds) {
    const auto scope = TemplateScope::of_probe(scope_.experiment.target, scope_.experiment.nodes, kind);
    const std::vector<Complaint> complaints = scope.complaints(text.text);
    for (const Complaint& complaint : complaints) scope_.report.complain(text, complaint);
    if (!complaints.empty()) return;
  }
}

void ProbeReader::only_with(const char* key, std::initializer_list<Source> sources_of_key) {
  const Entry* entry = fields_.entry(key);
  if (entry == nullptr || given_ == sources.end()) return;
  if (std::find(sources_of_key.begin(), sources_of_key.end(), out_.source) != sources_of_key.end()) return;
  scope_.report.error(*entry, fmt::format("'{}' does not go with a {} probe", key, given_->first));
}

void ProbeReader::read_details() {
  only_with("status", {Source::http});
  only_with("body", {Source::http, Source::command});
  only_with("pointer", {Source::http});
  only_with("equals", {Source::http});
  only_with("metric", {Source::prometheus});
  only_with("minimum", {Source::prometheus});
  only_with("maximum", {Source::prometheus});
  only_with("exit_status", {Source::command});
  only_with("absent", {Source::log});
  out_.status = static_cast<int>(fields_.integer("status", {100, 599}).value_or(200));
  out_.body = fields_.text("body").value_or("");
  if (const Item* body = fields_.find("body")) check_pattern(*body, scope_.report);
  out_.pointer = fields_.text("pointer").value_or("");
  if (!out_.pointer.empty() && out_.pointer.front() != '/') {
    scope_.report.error(*fields_.find("pointer"), fmt::format("'{}' is no JSON pointer", out_.pointer),
                        fmt::format("write \"/{}\"", out_.pointer));
  }
  if (const Item* equals = fields_.find("equals")) out_.equals = canonical(*equals);
  if (fields_.find("equals") != nullptr && fields_.find("pointer") == nullptr) fields_.require("pointer");
  out_.metric = fields_.text("metric").value_or("");
  if (given_ != sources.end() && out_.source == Source::prometheus) fields_.require("metric");
  out_.minimum = fields_.number("minimum");
  out_.maximum = fields_.number("maximum");
  if (out_.minimum && out_.maximum && *out_.minimum > *out_.maximum) {
    scope_.report.error(*fields_.find("minimum"), "'minimum' is above 'maximum'");
  }
  out_.exit_status = static_cast<int>(fields_.integer("exit_status", {0, 255}).value_or(0));
  out_.absent = fields_.boolean("absent").value_or(false);
}

ProbeSpec ProbeReader::read() {
  out_.at = fields_.item().at;
  const Item* name = fields_.require("name");
  out_.name = fields_.text("name").value_or("");
  if (name != nullptr) check_name(*name, scope_.report);
  out_.on = read_selector(fields_, "on", scope_);
  read_source();
  read_details();
  out_.every = fields_.duration("every", intervals).value_or(out_.every);
  out_.timeout = fields_.duration("timeout", intervals).value_or(out_.timeout);
  out_.tolerance = fields_.ratio("tolerance");
  if (out_.tolerance && out_.tolerance->ppb > 1'000'000'000) {
    scope_.report.error(*fields_.find("tolerance"), "'tolerance' is at most 100%");
  }
  if (given_ == sources.end()) {
    fields_.allow({"http", "tcp", "command", "log", "prometheus"});
  }
  fields_.finish();
  return std::move(out_);
}

}  // namespace

void read_probes(TableReader& root, Scope& scope) {
  for (const Item* table : root.tables("probe")) {
    ProbeSpec probe = ProbeReader(*table, scope).read();
    const auto same = [&](const ProbeSpec& other) { return other.name == probe.name && !probe.name.empty(); };
    if (std::any_of(scope.experiment.probes.begin(), scope.experiment.probes.end(), same)) {
      scope.report.error(find_entry(*table, "name")->value, fmt::format("two probes are called '{}'", probe.name));
    }
    scope.experiment.probes.push_back(std::move(probe));
  }
}

}  // namespace withstand::spec
