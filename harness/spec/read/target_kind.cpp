#include <array>
#include <utility>

#include <fmt/format.h>

#include "spec/read/pattern.hpp"
#include "spec/read/target.hpp"
#include "spec/signals.hpp"

namespace withstand::spec {
namespace {

/// Reads the parts of one kind of node.
class KindReader {
 public:
  KindReader(TableReader& fields, PendingTemplates& pending, NodeKind& kind)
      : fields_(fields), pending_(pending), kind_(kind) {}

  void read(bool outer);

 private:
  std::vector<std::string> templates(TableReader& from, std::string_view key);
  std::string template_text(TableReader& from, std::string_view key);
  void read_command();
  void read_ports();
  void read_files();
  void read_ready();
  ActionSpec read_action(std::string_view key, bool with_grace);
  void remember(const Item& item) { pending_.texts.push_back({&item, kind_.name}); }

  TableReader& fields_;
  PendingTemplates& pending_;
  NodeKind& kind_;
};

std::vector<std::string> KindReader::templates(TableReader& from, std::string_view key) {
  std::vector<std::string> out;
  for (const Item* item : key.ends_with("args") ? from.strings(key) : from.command(key)) {
    remember(*item);
    out.push_back(item->text);
  }
  const Item* whole = from.find(key);
  if (whole != nullptr && whole->type == Item::Type::array && whole->items.empty()) {
    fields_.report().error(*whole, fmt::format("'{}' is empty", key));
  }
  return out;
}

std::string KindReader::template_text(TableReader& from, std::string_view key) {
  const std::optional<std::string> text = from.text(key);
  if (text) remember(*from.find(key));
  return text.value_or("");
}

void KindReader::read_ports() {
  const Item* ports = fields_.table("ports", "ports = { client = 6379 }");
  if (ports == nullptr) return;
  for (const Entry& entry : ports->entries) {
    const auto port = as_integer(entry.value, fmt::format("port '{}'", entry.key), fields_.report(), {1, 65535});
    if (!port) {  // its name stands, so that what uses it is not complained of too
      kind_.ports.emplace(entry.key, 0);
      kind_.port_order.push_back(entry.key);
      continue;
    }
    for (const auto& [name, number] : kind_.ports) {
      if (number == *port) {
        fields_.report().error(entry.value, fmt::format("ports '{}' and '{}' are the same", name, entry.key));
      }
    }
    kind_.ports[entry.key] = *port;
    kind_.port_order.push_back(entry.key);
  }
}

void KindReader::read_files() {
  for (const Item* item : fields_.tables("files")) {
    TableReader file(*item, "[[files]]", fields_.report());
    FileSpec out;
    out.source = file.text("source").value_or("");
    out.text = template_text(file, "text");
    const bool both = file.find("source") != nullptr && file.find("text") != nullptr;
    if (both || (file.find("source") == nullptr && file.find("text") == nullptr)) {
      fields_.report().error(*item, "a file has either 'source' or 'text'");
    }
    std::string base = out.source.substr(out.source.rfind('/') == std::string::npos ? 0 : out.source.rfind('/') + 1);
    if (base.ends_with(".in")) base.resize(base.size() - 3);
    out.name = file.text("name").value_or(base);
    if (out.name.empty() && !out.text.empty()) file.require("name");
    if (out.name.find('/') != std::string::npos) {
      fields_.report().error(*file.find("name"), "a file's name holds no '/'", "files stand side by side in {config}");
    }
    out.on = file.text("on").value_or("all");
    if (out.on != "all" && out.on != "first" && out.on != "rest" && file.find("on") != nullptr) {
      pending_.nodes.push_back({file.find("on"), kind_.name});
    }
    out.writable = file.boolean("writable").value_or(false);
    file.finish();
    kind_.files.push_back(std::move(out));
  }
}

void KindReader::read_ready() {
  const Item* item = fields_.table("ready", "ready = { tcp = \"PORT\", timeout = \"10s\" }");
  if (item == nullptr) return;
  TableReader ready(*item, "'ready'", fields_.report());
  const std::array<std::pair<const char*, ReadySpec::Source>, 4> sources{{{"tcp", ReadySpec::Source::tcp},
                                                                          {"http", ReadySpec::Source::http},
                                                                          {"command", ReadySpec::Source::command},
                                                                          {"log", ReadySpec::Source::log}}};
  int given = 0;
  for (const auto& [key, source] : sources) {
    const Item* value = ready.find(key);
    if (value == nullptr) continue;
    ++given;
    kind_.ready.source = source;
    kind_.ready.text = ready.text(key).value_or("");
    if (source == ReadySpec::Source::http || source == ReadySpec::Source::command) remember(*value);
    if (source == ReadySpec::Source::http) check_url(*value, fields_.report());
    if (source == ReadySpec::Source::log) check_pattern(*value, fields_.report());
    if (source == ReadySpec::Source::tcp && value->type == Item::Type::text && !kind_.ports.contains(value->text)) {
      fields_.report().error(*value, fmt::format("there is no port '{}'", value->text),
                             suggestion(value->text, kind_.port_order, "ports"));
    }
  }
  if (given != 1) fields_.report().error(*item, "'ready' takes exactly one of: tcp, http, command, log");
  kind_.ready.timeout = ready.duration("timeout", above_zero).value_or(kind_.ready.timeout);
  kind_.ready.status = static_cast<int>(ready.integer("status", {100, 599}).value_or(200));
  if (ready.find("status") != nullptr && kind_.ready.source != ReadySpec::Source::http) {
    fields_.report().error(*ready.find("status"), "'status' goes with http");
  }
  ready.finish();
}

ActionSpec KindReader::read_action(std::string_view key, bool with_grace) {
  ActionSpec action;
  const Item* item = fields_.table(key, fmt::format("{} = {{ signal = \"TERM\" }}", key));
  if (item == nullptr) return action;
  TableReader fields(*item, fmt::format("'{}'", key), fields_.report());
  if (const auto text = fields.text("signal")) {
    const Result<int> signal = parse_signal(*text);
    if (!signal) fields_.report().complain(*fields.find("signal"), signal.error());
    action.signal = text->starts_with("SIG") ? text->substr(3) : *text;
  }
  action.command = templates(fields, "command");
  const bool signal = fields.find("signal") != nullptr;
  const bool command = fields.find("command") != nullptr;
  if (signal && command) fields_.report().error(*item, fmt::format("'{}' has both a signal and a command", key));
  if (!signal && !command && key != "stop") {
    fields_.report().error(*item, fmt::format("'{}' has neither a signal nor a command", key));
  }
  if (with_grace) action.grace = fields.duration("grace").value_or(action.grace);
  fields.finish();
  return action;
}

void KindReader::read_command() {
  kind_.command = templates(fields_, "command");
  const Item& words = *fields_.find("command");
  if (words.type != Item::Type::array || words.items.empty()) return;
  const Item& program = words.items.front();
  const std::string_view beside = "{target}/";
  const auto known_from = program.text.starts_with(beside) ? beside.size() : 0;
  if (program.type == Item::Type::text && !program.text.empty() &&
      program.text.find('{', known_from) == std::string::npos)
    pending_.programs.push_back(&program);
}

void KindReader::read(bool outer) {
  // An experiment's own target without a command was complained of before.
  if (outer ? fields_.find("command") != nullptr : fields_.require("command") != nullptr) read_command();
  if (!outer) {
    kind_.count = fields_.integer("count", {1, most_nodes}).value_or(1);
    for (std::string& arg : templates(fields_, "args")) kind_.command.push_back(std::move(arg));
    for (const Entry* entry : fields_.text_entries("env")) {
      kind_.env[entry->key] = entry->value.text;
      remember(entry->value);
    }
  }
  kind_.first_start_args = templates(fields_, "first_start_args");
  kind_.user = fields_.text("user").value_or("");
  read_ports();
  read_files();
  kind_.data = fields_.texts("data");
  read_ready();
  kind_.stop = read_action("stop", true);
  if (kind_.stop.command.empty() && kind_.stop.signal.empty()) kind_.stop.signal = "TERM";
  kind_.reload = read_action("reload", false);
  kind_.before_start = templates(fields_, "before_start");
  kind_.starts_after = fields_.texts("starts_after");
  kind_.serves_clients = fields_.boolean("serves_clients").value_or(true);
}

}  // namespace

NodeKind read_kind(TableReader& fields, const std::string& name, bool outer, PendingTemplates& pending) {
  NodeKind kind;
  kind.name = name;
  KindReader(fields, pending, kind).read(outer);
  return kind;
}

}  // namespace withstand::spec
