#include <algorithm>

#include <fmt/format.h>

#include "spec/read/pattern.hpp"
#include "spec/read/scope.hpp"
#include "spec/vocabulary.hpp"

namespace withstand::spec {
namespace {

/// Six hexadecimal digits of a table's meaning (FNV-1a, 64 bits, folded): a name that stays when the file is reordered.
std::string digest(const Item& table) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : canonical(table)) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  return fmt::format("{:06x}", (hash ^ (hash >> 24U) ^ (hash >> 48U)) & 0xffffffU);
}

std::string title(const Item& table) {
  const Entry* name = find_entry(table, "name");
  return name != nullptr && name->value.type == Item::Type::text ? fmt::format("fault '{}'", name->value.text)
                                                                 : "[[fault]]";
}

class FaultReader {
 public:
  FaultReader(const Item& table, Scope& scope) : scope_(scope), fields_(table, title(table), scope.report) {}

  FaultSpec read();

 private:
  void read_name();
  void read_kind();
  void read_targeting();
  void read_trigger();
  void read_when(const Item& when);
  void read_lasts();
  void read_parameters();
  void raise(const std::vector<KindTable::Objection>& objections);
  void refuse(const char* key, const std::string& help);

  Scope& scope_;
  TableReader fields_;
  FaultSpec out_;
  const KindSchema* schema_ = nullptr;
};

void FaultReader::read_kind() {
  fields_.require("kind");
  const std::optional<std::string> kind = fields_.text("kind");
  if (!kind) return fields_.allow_everything();
  out_.kind = *kind;
  schema_ = scope_.kinds.find(*kind);
  if (schema_ != nullptr) return;
  fields_.allow_everything();
  const std::vector<std::string> kinds = scope_.kinds.kinds();
  const Item& item = *fields_.find("kind");
  if (is_later_kind(*kind)) {
    scope_.report.error(item, fmt::format("kind '{}' is not built yet; this build has: {}", *kind, joined(kinds)));
  } else {
    scope_.report.error(item, fmt::format("unknown kind '{}'", *kind), suggestion(*kind, kinds, "kinds"));
  }
}

void FaultReader::read_name() {
  out_.name = fields_.text("name").value_or(fmt::format("{}-{}", out_.kind, digest(fields_.item())));
  if (const Item* name = fields_.find("name")) check_name(*name, scope_.report);
  for (const FaultSpec& other : scope_.experiment.faults) {
    if (other.name != out_.name) continue;
    const Item* name = fields_.find("name");
    if (name != nullptr) {
      scope_.report.error(*name, fmt::format("two faults are called '{}'", out_.name));
    } else {
      scope_.report.error(fields_.item(), "two faults are the same, and neither has a name", "add name = \"...\"");
    }
    return;
  }
}

void FaultReader::refuse(const char* key, const std::string& help) {
  const Entry* entry = fields_.entry(key);
  if (entry != nullptr) scope_.report.error(*entry, fmt::format("{} takes no '{}'", out_.kind, key), help);
}

void FaultReader::read_targeting() {
  if (schema_ != nullptr && schema_->targeting == Targeting::nodes) {
    refuse("from", "it hits nodes: on = \"...\"");
    refuse("to", "it hits nodes: on = \"...\"");
    fields_.require("on", "on = \"n1\", or \"any\", \"all\", \"minority\", \"majority\", KIND:ROLE");
  }
  if (schema_ != nullptr && schema_->targeting == Targeting::links) {
    refuse("on", "it hits links: from = \"...\", to = \"...\"");
    for (const char* end : {"from", "to"})
      fields_.require(end, fmt::format("{} = \"n1\", or \"any\", \"all\", KIND:ROLE", end));
  }
  out_.on = read_selector(fields_, "on", scope_);
  out_.from = read_selector(fields_, "from", scope_);
  out_.to = read_selector(fields_, "to", scope_);
}

void FaultReader::read_when(const Item& when) {
  TableReader fields(when, fmt::format("'when' of {}", fields_.where()), scope_.report);
  fields.not_built_yet({"fsync", "bytes", "packets"});
  Trigger& trigger = out_.trigger;
  const Item* fault = fields.find("fault");
  const Item* log = fields.find("log");
  const Item* role = fields.find("role");
  const int given = (fault != nullptr ? 1 : 0) + (log != nullptr ? 1 : 0) + (role != nullptr ? 1 : 0);
  if (given != 1) {
    const bool later = find_entry(when, "fsync") || find_entry(when, "bytes") || find_entry(when, "packets");
    if (!later) scope_.report.error(when, "'when' takes exactly one of: fault, log, role");
  }
  if (fault != nullptr) {
    trigger.kind = Trigger::Kind::fault;
    trigger.fault = fields.text("fault").value_or("");
    if (const Entry* on = fields.entry("on")) scope_.report.error(*on, "'on' does not go with 'fault'");
  } else {
    trigger.on = read_selector(fields, "on", scope_);
  }
  if (log != nullptr) {
    trigger.kind = Trigger::Kind::log;
    trigger.pattern = fields.text("log").value_or("");
    check_pattern(*log, scope_.report);
  }
  if (role != nullptr) {
    trigger.kind = Trigger::Kind::role;
    trigger.role = fields.text("role").value_or("");
    const auto& roles = scope_.experiment.target.roles;
    const auto known = roles.find(trigger.role);
    std::vector<std::string> names;
    names.reserve(roles.size());
    for (const auto& [name, spec] : roles) names.push_back(name);
    if (known == roles.end()) {
      if (scope_.target_known && role->type == Item::Type::text) {
        scope_.report.error(*role, fmt::format("the target has no role '{}'", trigger.role),
                            suggestion(trigger.role, names, "roles"));
      }
    } else if (trigger.on && trigger.on->text != known->second.of) {
      scope_.report.error(*fields.find("on"), fmt::format("role '{}' is held by '{}'", trigger.role, known->second.of),
                          fmt::format("write on = \"{}\"", known->second.of));
    } else {
      trigger.on = Selector{known->second.of, role->at};
    }
  }
  trigger.offset = fields.duration("after").value_or(Duration::zero());
  fields.finish();
}

void FaultReader::read_trigger() {
  const Entry* at = fields_.entry("at");
  const Entry* when = fields_.entry("when");
  out_.trigger.at = at != nullptr ? at->value.at : fields_.item().at;
  if (at != nullptr && when != nullptr) {
    scope_.report.error(*when, fmt::format("{} has both 'at' and 'when'", fields_.where()), "a fault has one start");
  }
  out_.trigger.offset = fields_.duration("at").value_or(Duration::zero());
  const Item* table = fields_.table("when", "when = { fault = \"NAME\", after = \"5s\" }");
  if (table == nullptr) return;
  out_.trigger.at = table->at;
  read_when(*table);
}

void FaultReader::read_lasts() {
  const Entry* lasts = fields_.entry("for");
  if (lasts != nullptr && schema_ != nullptr && !schema_->lasts) {
    const std::string help =
        schema_->back_after.empty() ? "" : fmt::format("'{}' says when the node is back", schema_->back_after);
    scope_.report.error(*lasts, fmt::format("{} is an instant: it takes no 'for'", out_.kind), help);
    return;
  }
  out_.lasts = fields_.duration("for", above_zero);
}

void FaultReader::read_parameters() {
  if (schema_ == nullptr) return;
  for (const Parameter& parameter : schema_->parameters) {
    const Item* item = parameter.required ? fields_.require(parameter.name) : fields_.find(parameter.name);
    std::optional<Value> value = item != nullptr ? read_value(*item, parameter, scope_) : parameter.fallback;
    if (item != nullptr) out_.given.insert(parameter.name);
    if (value) out_.parameters[parameter.name] = std::move(*value);
  }
}

void FaultReader::raise(const std::vector<KindTable::Objection>& objections) {
  for (const KindTable::Objection& objection : objections) {
    const Entry* entry = find_entry(fields_.item(), objection.parameter);
    if (entry != nullptr) {
      scope_.report.complain(entry->value, objection.complaint);
    } else {
      scope_.report.error(fields_.item(), objection.complaint.message, objection.complaint.help);
    }
  }
}

FaultSpec FaultReader::read() {
  const std::size_t before = scope_.report.count();
  out_.at = fields_.item().at;
  fields_.allow({"name"});
  read_kind();
  read_name();
  read_targeting();
  read_trigger();
  read_lasts();
  const std::optional<std::string> evidence = fields_.text("evidence");
  if (evidence && *evidence != "required" && *evidence != "optional") {
    scope_.report.error(*fields_.find("evidence"), fmt::format("'evidence' cannot be '{}'", *evidence),
                        suggestion(*evidence, {"required", "optional"}, "it is one of"));
  }
  out_.evidence_required = evidence.value_or("required") != "optional";
  fields_.not_built_yet({"every", "pulse", "ramp", "random", "tolerance"});
  read_parameters();
  fields_.finish();
  const auto well = [&] { return schema_ != nullptr && scope_.report.count() == before; };
  if (well()) raise(scope_.kinds.objections(out_));
  if (well() && scope_.target_known) raise(scope_.kinds.misfits(out_, scope_.experiment));
  return std::move(out_);
}

}  // namespace

void read_faults(TableReader& root, Scope& scope) {
  FaultTables tables = root.tables("fault");
  for (const Item* table : tables) {
    FaultSpec fault = FaultReader(*table, scope).read();
    scope.experiment.faults.push_back(std::move(fault));
  }
  check_triggers(tables, scope);
}

}  // namespace withstand::spec
