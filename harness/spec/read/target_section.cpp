#include "spec/read/target_section.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "spec/read/attach.hpp"
#include "spec/read/pattern.hpp"
#include "spec/read/target.hpp"
#include "spec/template_scope.hpp"
#include "spec/vocabulary.hpp"

namespace withstand::spec {
namespace {

constexpr Range<std::int64_t> node_counts{1, most_nodes};

/// `use` names a file, not one of the targets that are kept under a name.
bool is_path(const std::string& use) { return use.find('/') != std::string::npos || use.ends_with(".toml"); }

class SectionReader {
 public:
  SectionReader(const Item& table, Scope& scope, const TargetSource& targets)
      : scope_(scope), fields_(table, "[target]", scope.report), targets_(targets) {}

  TargetSection read();

 private:
  void read_used(const Item& use);
  void read_inline();
  bool complain_of_nothing();
  void read_counts();
  void read_extras();
  void read_args();
  void read_args_of(const std::string& kind, const Item& args, const std::string& what);
  void check_extra(const Item& item, const std::string& only);

  Scope& scope_;
  TableReader fields_;
  const TargetSource& targets_;
  TargetSection out_;
};

/// `nodes = 3` for the only kind, or `nodes = { KIND = 3 }`. Of a target that could not be read only whether these are
/// numbers of nodes.
void SectionReader::read_counts() {
  const Target& target = scope_.experiment.target;
  const Item* nodes = fields_.find("nodes");
  auto& counts = scope_.experiment.nodes;
  if (nodes != nullptr && nodes->type == Item::Type::table) {
    for (const Entry& entry : nodes->entries) {
      const std::vector<std::string> kinds = names_of(target.kinds);
      if (std::find(kinds.begin(), kinds.end(), entry.key) == kinds.end() && !kinds.empty()) {
        scope_.report.error(entry, fmt::format("target '{}' has no kind '{}'", target.name, entry.key),
                            suggestion(entry.key, kinds, "kinds"));
      }
      const auto count = as_integer(entry.value, fmt::format("'nodes.{}'", entry.key), scope_.report, node_counts);
      if (count) counts[entry.key] = *count;
    }
  } else if (nodes != nullptr) {
    const auto count = as_integer(*nodes, "'nodes'", scope_.report, node_counts);
    if (count && target.kinds.size() == 1) counts[target.kinds.front().name] = *count;
    if (target.kinds.size() > 1) {
      std::string example;
      for (const NodeKind& kind : target.kinds) {
        example += fmt::format("{}{} = {}", example.empty() ? "" : ", ", kind.name, kind.count);
      }
      scope_.report.error(*nodes, fmt::format("target '{}' has several kinds of node", target.name),
                          fmt::format("write nodes = {{ {} }}", example));
    }
  }
  for (const NodeKind& kind : target.kinds) counts.emplace(kind.name, kind.count);
}

/// An argument or variable must know its placeholders in each kind that gets it; an empty kind stands for all of them.
void SectionReader::check_extra(const Item& item, const std::string& only) {
  for (const NodeKind& kind : scope_.experiment.target.kinds) {
    if (!only.empty() && kind.name != only) continue;
    const auto scope = TemplateScope::of_node(scope_.experiment.target, scope_.experiment.nodes, kind);
    const std::vector<Complaint> complaints = scope.complaints(item.text);
    for (const Complaint& complaint : complaints) scope_.report.complain(item, complaint);
    if (!complaints.empty()) return;
  }
}

void SectionReader::read_args_of(const std::string& kind, const Item& args, const std::string& what) {
  for (const Item* item : as_strings(args, what, scope_.report)) {
    scope_.experiment.extra_args[kind].push_back(item->text);
    check_extra(*item, kind);
  }
}

/// `args = [...]` for every node, or `args = { KIND = [...] }`.
void SectionReader::read_args() {
  const Item* args = fields_.find("args");
  if (args == nullptr) return;
  const std::vector<std::string> kinds = names_of(scope_.experiment.target.kinds);
  if (args->type != Item::Type::table) {
    for (const Item* item : as_strings(*args, "'args'", scope_.report)) {
      for (const std::string& kind : kinds) scope_.experiment.extra_args[kind].push_back(item->text);
      check_extra(*item, "");
    }
    return;
  }
  for (const Entry& entry : args->entries) {
    if (std::find(kinds.begin(), kinds.end(), entry.key) == kinds.end() && !kinds.empty())
      scope_.report.error(entry, fmt::format("the target has no kind '{}'", entry.key),
                          suggestion(entry.key, kinds, "kinds"));
    read_args_of(entry.key, entry.value, fmt::format("'args.{}'", entry.key));
  }
}

void SectionReader::read_extras() {
  read_args();
  for (const Entry* entry : fields_.text_entries("env")) {
    scope_.experiment.extra_env[entry->key] = entry->value.text;
    check_extra(entry->value, "");
  }
  const Item* limit = fields_.find("log_limit");
  if (limit == nullptr) return;
  auto& bytes = scope_.experiment.log_limit;
  bytes = as_bytes(*limit, "'log_limit'", scope_.report).value_or(bytes);
}

void SectionReader::read_used(const Item& use) {
  const std::optional<std::string> name = as_text(use, "'use'", scope_.report);
  fields_.allow({"nodes", "args", "env", "log_limit", "use"});
  for (const Entry& entry : fields_.item().entries) {
    static const std::vector<std::string> own{"use", "nodes", "args", "env", "log_limit"};
    static const std::vector<std::string> definition{
        "command", "ports", "ready", "kinds",  "stop",           "reload",           "files",       "data",
        "user",    "roles", "lists", "driver", "driver_options", "first_start_args", "before_start"};
    if (std::find(definition.begin(), definition.end(), entry.key) == definition.end()) continue;
    scope_.report.error(entry, fmt::format("[target] has both 'use' and '{}'", entry.key),
                        "either use a target or describe one");
    fields_.entry(entry.key);
  }
  if (!name) return read_counts();
  const TargetSource::Found found = targets_.find(*name, scope_.report.file());
  if (!found.error.empty()) {
    scope_.report.error(use, found.error, found.help);
    return read_counts();
  }
  out_.sources[found.file] = found.text;
  const Result<Item, Diagnostic> document = parse_document(found.text, found.file);
  if (!document) {
    out_.diagnostics.push_back(document.error());
    return read_counts();
  }
  Report report(found.file);
  TableReader fields(*document, "the target", report);
  TargetReader reader(fields, false);
  reader.read();
  scope_.experiment.target = reader.target();
  read_counts();
  reader.check(scope_.experiment.nodes);
  if (is_path(*name)) reader.check_programs(targets_);
  fields.finish();
  out_.diagnostics = report.take();
}

/// True when only the word 'command' is mistyped, so that the rest of the table can be read.
bool SectionReader::complain_of_nothing() {
  std::string help = "add use = \"NAME\", or command = [\"PROGRAM\", ...]";
  std::string meant, typed;
  for (const Entry& entry : fields_.item().entries) {
    const std::string near = nearest(entry.key, {"command", "kinds", "use"});
    if (near.empty()) continue;
    meant = near, typed = entry.key;
    help = fmt::format("did you mean '{}' by '{}'?", near, entry.key);
  }
  scope_.report.error(fields_.item(), "[target] neither uses a target nor describes one", help);
  if (meant == "command") fields_.entry(typed);
  return meant == "command";
}

void SectionReader::read_inline() {
  fields_.allow({"use"});
  if (fields_.find("kinds") == nullptr && fields_.find("command") == nullptr) {
    if (!complain_of_nothing()) return fields_.allow_everything();
  }
  TargetReader reader(fields_, true);
  reader.read();
  scope_.experiment.target = reader.target();
  read_counts();
  reader.check(scope_.experiment.nodes);
  reader.check_programs(targets_);
}

TargetSection SectionReader::read() {
  if (fields_.find("attach") != nullptr) {
    scope_.experiment.target = read_attached_target(fields_, scope_.experiment.nodes);
  } else if (const Item* use = fields_.find("use")) {
    read_used(*use);
  } else {
    read_inline();
  }
  scope_.target_known = !scope_.experiment.target.kinds.empty();
  read_extras();
  fields_.allow({"attach"});
  fields_.find("nodes");
  fields_.finish();
  return std::move(out_);
}

}  // namespace

TargetSection read_target_section(TableReader& root, Scope& scope, const TargetSource& targets) {
  if (root.require("target") == nullptr) return {};
  const Item* table = root.table("target", "[target]");
  if (table == nullptr) return {};
  return SectionReader(*table, scope, targets).read();
}

}  // namespace withstand::spec
