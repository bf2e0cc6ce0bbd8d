#include "spec/read/target.hpp"

#include <algorithm>
#include <functional>
#include <set>

#include <fmt/format.h>

#include "spec/names.hpp"
#include "spec/reader.hpp"
#include "spec/template_scope.hpp"
#include "spec/vocabulary.hpp"

namespace withstand::spec {
namespace {

/// What a kind is called when its target does not say: an inline target, or a target.toml without [kinds].
constexpr const char* unnamed_kind = "node";

bool is_word(std::string_view name) {
  return !name.empty() && name.size() <= 32 && name.front() >= 'a' && name.front() <= 'z' &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; });
}

/// n1 and client-2 are nodes, all and any are selectors: a kind or role of that name could not be told from them.
bool is_taken(std::string_view name) {
  static const std::set<std::string_view> words{"all", "any", "minority", "majority", "client"};
  if (words.contains(name) || name.starts_with("client-")) return true;
  return name.size() > 1 && name.front() == 'n' && name.find_first_not_of("0123456789", 1) == name.npos;
}

void check_word(const Entry& entry, const char* what, Report& report) {
  if (!is_word(entry.key)) {
    report.error(entry, fmt::format("'{}' cannot be the name of a {}", entry.key, what),
                 "small letters, digits, '-' and '_', beginning with a letter, at most 32");
  } else if (is_taken(entry.key)) {
    report.error(entry, fmt::format("'{}' cannot be the name of a {}: it means something else", entry.key, what));
  }
}

}  // namespace

std::string folder_of(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : file.substr(0, slash);
}

const NodeKind* TargetReader::kind(const std::string& name) const {
  for (const NodeKind& kind : target_.kinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

void TargetReader::check_kind(const Item* name, const std::string& what) {
  if (name == nullptr || name->type != Item::Type::text || kind(name->text) != nullptr) return;
  fields_.report().error(*name, fmt::format("{}: there is no kind '{}'", what, name->text),
                         suggestion(name->text, names_of(target_.kinds), "kinds"));
}

void TargetReader::read() {
  const std::string& file = fields_.report().file();
  target_.file = file;
  target_.folder = folder_of(file);
  target_.at = fields_.item().at;
  std::string folder_name = target_.folder.substr(target_.folder.rfind('/') + 1);
  target_.name = fields_.text("name").value_or(in_experiment_ ? "inline" : std::move(folder_name));
  target_.summary = fields_.text("summary").value_or("");
  target_.driver = fields_.text("driver").value_or("");
  if (!target_.driver.empty() && !std::count(drivers().begin(), drivers().end(), target_.driver)) {
    fields_.report().error(*fields_.find("driver"), fmt::format("unknown driver '{}'", target_.driver),
                           suggestion(target_.driver, drivers(), "drivers"));
  }
  target_.packages = fields_.texts("packages");
  read_kinds();
  read_roles();
  read_lists();
  read_versions();
  for (const Entry* option : fields_.text_entries("driver_options")) {
    target_.driver_options[option->key] = option->value.text;
    pending_.texts.push_back({&option->value, ""});
  }
  check_order();
}

void TargetReader::read_kinds() {
  if (fields_.find("kinds") == nullptr) {
    target_.kinds.push_back(read_kind(fields_, unnamed_kind, in_experiment_, pending_));
    return;
  }
  const Item* kinds = fields_.table("kinds", "[kinds.NAME]");
  if (kinds == nullptr) return;
  for (const Entry& entry : kinds->entries) {
    check_word(entry, "kind", fields_.report());
    if (entry.value.type != Item::Type::table) {
      fields_.report().error(entry.value, fmt::format("kind '{}' must be a table", entry.key), "write [kinds.NAME]");
      continue;
    }
    TableReader fields(entry.value, fmt::format("kind '{}'", entry.key), fields_.report());
    target_.kinds.push_back(read_kind(fields, entry.key, false, pending_));
    fields.finish();
  }
  if (kinds->entries.empty()) fields_.report().error(*kinds, "a target has at least one kind of node");
}

void TargetReader::read_asked_role(TableReader& fields, const std::string& what, RoleSpec& role) {
  role.self = fields.boolean("self").value_or(false);
  if (role.self) {
    role.on = role.of;
    if (const Entry* on = fields.entry("on"))
      fields_.report().error(*on, fmt::format("{}: 'on' does not go with 'self'", what),
                             "with self = true the nodes of 'of' are asked, each of itself");
  } else {
    check_kind(fields.require("on"), what);
    role.on = fields.text("on").value_or("");
  }
  fields.require("command");
  for (const Item* item : fields.command("command")) {
    role.command.push_back(item->text);
    pending_.texts.push_back({item, role.on});
  }
  role.timeout = fields.duration("timeout", above_zero).value_or(role.timeout);
}

void TargetReader::read_roles() {
  const Item* roles = fields_.table("roles", "[roles.NAME]");
  if (roles == nullptr) return;
  for (const Entry& entry : roles->entries) {
    check_word(entry, "role", fields_.report());
    if (entry.value.type != Item::Type::table) {
      fields_.report().error(entry.value, fmt::format("role '{}' must be a table", entry.key), "write [roles.NAME]");
      continue;
    }
    const std::string what = fmt::format("role '{}'", entry.key);
    TableReader fields(entry.value, what, fields_.report());
    RoleSpec role;
    if (const Item* of = fields.require("of")) role.of = fields.text("of").value_or(""), check_kind(of, what);
    role.complement_of = fields.text("complement_of").value_or("");
    if (const Item* other = fields.find("complement_of")) {
      fields.allow({"on", "command", "timeout", "self"});
      const Entry* partner = find_entry(*roles, role.complement_of);
      if (partner == nullptr || partner == &entry || find_entry(partner->value, "complement_of") != nullptr) {
        fields_.report().error(*other, fmt::format("{}: '{}' is no role with a command", what, role.complement_of),
                               "'complement_of' names a role that is asked for");
      }
      for (const char* key : {"on", "command", "timeout", "self"}) {
        if (const Entry* extra = find_entry(entry.value, key)) {
          fields_.report().error(*extra, fmt::format("{}: '{}' does not go with 'complement_of'", what, key));
        }
      }
    } else {
      read_asked_role(fields, what, role);
    }
    fields.finish();
    target_.roles[entry.key] = std::move(role);
  }
}

void TargetReader::read_lists() {
  static const std::set<std::string_view> words{"name",   "kind",   "index", "address", "address6",
                                                "data",   "config", "port",  "first",   "build",
                                                "target", "node",   "key",   "value",   "id"};
  const Item* lists = fields_.table("lists", "[lists.NAME]");
  if (lists == nullptr) return;
  for (const Entry& entry : lists->entries) {
    check_word(entry, "list", fields_.report());
    if (words.contains(entry.key)) {
      fields_.report().error(entry, fmt::format("'{{{}}}' already means something else", entry.key));
    }
    if (entry.value.type != Item::Type::table) {
      fields_.report().error(entry.value, fmt::format("list '{}' must be a table", entry.key), "write [lists.NAME]");
      continue;
    }
    const std::string what = fmt::format("list '{}'", entry.key);
    TableReader fields(entry.value, what, fields_.report());
    ListSpec list;
    list.name = entry.key;
    check_kind(fields.require("of"), what);
    list.of = fields.text("of").value_or("");
    const Item* item = fields.require("item");
    list.item = fields.text("item").value_or("");
    // What the item may hold depends on the members' kind; when that is missing it was said already.
    if (item != nullptr && item->type == Item::Type::text && !list.of.empty())
      pending_.texts.push_back({item, list.of, true});
    list.separator = fields.text("separator").value_or(list.separator);
    list.include_self = fields.boolean("include_self").value_or(list.include_self);
    fields.finish();
    target_.lists.push_back(std::move(list));
  }
}

void TargetReader::read_versions() {
  const Item* versions = fields_.find("versions");
  if (versions == nullptr) return;
  if (versions->type != Item::Type::array) {
    fields_.report().error(*versions, "'versions' must be an array of commands",
                           "write [[\"PROGRAM\", \"--version\"]]");
    return;
  }
  for (const Item& command : versions->items) {
    std::vector<std::string> words;
    for (const Item* word : as_command(command, "a command of 'versions'", fields_.report()))
      words.push_back(word->text);
    target_.versions.push_back(std::move(words));
  }
}

void TargetReader::check_order() {
  std::map<std::string, int> state;  // 1: on the way, 2: done
  const std::function<bool(const NodeKind&)> circular = [&](const NodeKind& from) {
    if (state[from.name] != 0) return state[from.name] == 1;
    state[from.name] = 1;
    for (const std::string& name : from.starts_after) {
      const NodeKind* earlier = kind(name);
      if (earlier != nullptr && circular(*earlier)) return true;
    }
    state[from.name] = 2;
    return false;
  };
  for (const NodeKind& each : target_.kinds) {
    const Item* kinds = fields_.find("kinds");
    const Entry* entry = kinds == nullptr ? nullptr : find_entry(*kinds, each.name);
    const Item& table = entry == nullptr ? fields_.item() : entry->value;
    const Entry* after = find_entry(table, "starts_after");
    if (after == nullptr || after->value.type != Item::Type::array) continue;
    for (const Item& name : after->value.items) check_kind(&name, "'starts_after'");
    if (circular(each)) {
      fields_.report().error(*after, fmt::format("kind '{}' starts after itself", each.name));
      return;
    }
  }
}

void TargetReader::check(const std::map<std::string, std::int64_t>& counts) {
  for (const PendingTemplates::Text& text : pending_.texts) {
    const NodeKind* of = kind(text.kind);
    if (of == nullptr && !text.kind.empty()) continue;  // already reported
    const TemplateScope scope = of == nullptr ? TemplateScope::of_driver(target_, counts)
                                : text.member ? TemplateScope::of_member(target_, counts, *of)
                                              : TemplateScope::of_node(target_, counts, *of);
    for (const Complaint& complaint : scope.complaints(text.item->text))
      fields_.report().complain(*text.item, complaint);
  }
  for (const PendingTemplates::Text& text : pending_.nodes) {
    std::vector<std::string> names{"all", "first", "rest"};
    for (const NodeName& node : node_names(target_, counts)) {
      if (node.kind == text.kind) names.push_back(node.name);
    }
    if (std::count(names.begin(), names.end(), text.item->text) != 0) continue;
    fields_.report().error(*text.item, fmt::format("'{}' names no node of kind '{}'", text.item->text, text.kind),
                           suggestion(text.item->text, names, "names"));
  }
}

std::string TargetSource::why_no_program(const Target&, const std::string&) const { return ""; }
std::string TargetSource::why_no_load_program(const Target&, const std::string&, const std::string&) const {
  return "";
}

std::vector<Complaint> TargetSource::load_complaints(const Experiment&, const LoadSpec&, const std::string&) const {
  return {};
}

std::vector<Complaint> TargetSource::option_complaints(const Experiment&, const std::string&, const std::string&,
                                                       const std::string&) const {
  return {};
}

void TargetReader::check_programs(const TargetSource& programs) {
  if (!target_.packages.empty()) return;
  for (const Item* program : pending_.programs) {
    const std::string why = programs.why_no_program(target_, program->text);
    if (!why.empty()) {
      const bool there = why.find("not executable") != std::string::npos;
      fields_.report().error(*program, fmt::format("the program '{}' cannot be started: {}", program->text, why),
                             there ? ""
                                   : "install it, or write its path; if it may be missing, name its Debian packages "
                                     "with 'packages': then the run is skipped");
    }
  }
}

Reading<Target> read_target(std::string_view text, const std::string& file) {
  Reading<Target> reading;
  reading.sources[file] = std::string(text);
  const Result<Item, Diagnostic> document = parse_document(text, file);
  if (!document) {
    reading.diagnostics.push_back(document.error());
    return reading;
  }
  Report report(file);
  TableReader fields(*document, "the target", report);
  TargetReader reader(fields, false);
  reader.read();
  reader.check({});
  fields.finish();
  reading.value = std::move(reader.target());
  reading.diagnostics = report.take();
  return reading;
}

}  // namespace withstand::spec
