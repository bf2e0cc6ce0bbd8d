#include "spec/read/attach.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "spec/read/target.hpp"
#include "spec/template_scope.hpp"
#include "spec/vocabulary.hpp"

namespace withstand::spec {
namespace {

constexpr const char* shape = R"(attach = [{ name = "db1", netns = "/run/netns/db1", interface = "eth0" }])";
constexpr std::size_t longest_interface_name = 15;  // IFNAMSIZ

bool is_name(std::string_view name) {
  static const std::set<std::string_view> taken{"all", "any", "minority", "majority", "client", "node"};
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789-_";
  return !name.empty() && name.size() <= 32 && name.front() >= 'a' && name.front() <= 'z' &&
         name.find_first_not_of(allowed) == name.npos && !taken.contains(name) && !name.starts_with("client-");
}

/// Four numbers up to 255. Other texts of the same address are not worth a way of their own.
bool is_ipv4(std::string_view text) {
  int parts = 0;
  for (;; ++parts) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    const std::string_view part = text.substr(0, dot);
    if (part.empty() || part.size() > 3 || part.find_first_not_of("0123456789") != part.npos) return false;
    if (std::stoi(std::string(part)) > 255) return false;
    if (dot == text.size()) return parts == 3;
    text.remove_prefix(dot + 1);
  }
}

/// `netns = "/run/netns/db1"`, its name alone, or the number of any process in it.
std::string read_network(TableReader& node) {
  const Item *path = node.find("netns"), *pid = node.find("pid");
  if ((path == nullptr) == (pid == nullptr)) {
    node.report().error(node.item(),
                        node.where() + (path == nullptr ? " does not say where its interface is"
                                                        : " says where its interface is in two ways"),
                        "say netns = \"/run/netns/NAME\", or pid = N for the network of a process");
    return {};
  }
  if (pid != nullptr) {
    const auto number = node.integer("pid", {1, 1 << 22});
    return number ? fmt::format("/proc/{}/ns/net", *number) : "";
  }
  const std::string text = node.text("netns").value_or("");
  if (path->type == Item::Type::text && (text.empty() || (text.find('/') != text.npos && text.front() != '/')))
    node.report().error(*path, "'netns' is neither a path from / nor a name in /run/netns", "see ip netns list");
  return text.find('/') == text.npos ? "/run/netns/" + text : text;
}

AttachedNode read_node(const Item& item, Report& report) {
  TableReader fields(item, "an entry of 'attach'", report);
  AttachedNode node;
  node.at = item.at;
  if (const Item* name = fields.require("name")) {
    node.name = as_text(*name, "'name'", report).value_or("");
    if (name->type == Item::Type::text && !is_name(node.name))
      report.error(*name, fmt::format("'{}' cannot be the name of a node", node.name),
                   "small letters, digits, '-' and '_', beginning with a letter, at most 32; 'client', 'node', 'all', "
                   "'any', 'minority' and 'majority' mean something else");
  }
  node.network = read_network(fields);
  if (const Item* interface = fields.require("interface", "the name that ip link shows there, e.g. \"eth0\"")) {
    node.interface = as_text(*interface, "'interface'", report).value_or("");
    const bool possible = !node.interface.empty() && node.interface.size() <= longest_interface_name &&
                          node.interface.find_first_of("/ ") == std::string::npos && node.interface != "lo";
    if (interface->type == Item::Type::text && !possible)
      report.error(*interface, fmt::format("'{}' cannot be an interface to other nodes", node.interface),
                   "the name that ip link shows there, e.g. \"eth0\"");
  }
  if (const Item* address = fields.find("address")) {
    node.address = as_text(*address, "'address'", report).value_or("");
    if (address->type == Item::Type::text && !is_ipv4(node.address))
      report.error(*address, fmt::format("'{}' is no IPv4 address", node.address), "write e.g. \"10.0.0.7\"");
  }
  fields.finish();
  return node;
}

void read_nodes(TableReader& fields, Target& target) {
  const Item* list = fields.find("attach");
  if (list->type != Item::Type::array || list->items.empty()) {
    fields.report().error(*list, "'attach' is a list of nodes", std::string("write ") + shape);
    return;
  }
  for (const Item& item : list->items) {
    if (item.type != Item::Type::table) {
      fields.report().error(item, "an entry of 'attach' is a table", std::string("write ") + shape);
      continue;
    }
    AttachedNode node = read_node(item, fields.report());
    for (const AttachedNode& other : target.attached) {
      if (other.name == node.name)
        fields.report().error(item, fmt::format("node '{}' is attached twice", node.name), "names differ");
      else if (other.network == node.network && other.interface == node.interface && !node.network.empty())
        fields.report().error(item, fmt::format("'{}' and '{}' are one interface", other.name, node.name),
                              "packets cannot be told apart there: attach it once");
    }
    target.attached.push_back(std::move(node));
  }
}

/// What only a target that the harness launches has.
void refuse_launching(TableReader& fields) {
  static const std::set<std::string_view> own{"attach",         "name",  "summary",  "driver",
                                              "driver_options", "ports", "log_limit"};
  for (const Entry& entry : fields.item().entries) {
    if (own.contains(entry.key)) continue;
    static const std::set<std::string_view> launching{
        "use",   "nodes",  "kinds",        "command",  "args",         "env",      "first_start_args",
        "files", "data",   "ready",        "stop",     "user",         "roles",    "lists",
        "count", "reload", "before_start", "packages", "starts_after", "versions", "serves_clients"};
    if (!launching.contains(entry.key)) continue;
    fields.report().error(entry, fmt::format("[target] has both 'attach' and '{}'", entry.key),
                          "attached nodes are run by somebody else: leave out one of the two");
    fields.entry(entry.key);
  }
}

void read_ports(TableReader& fields, NodeKind& kind) {
  const Item* ports = fields.table("ports", "ports = { client = 6379 }");
  if (ports == nullptr) return;
  for (const Entry& entry : ports->entries) {
    kind.ports[entry.key] =
        as_integer(entry.value, fmt::format("port '{}'", entry.key), fields.report(), {1, 65535}).value_or(0);
    kind.port_order.push_back(entry.key);
  }
}

void read_driver(TableReader& fields, Target& target, const std::map<std::string, std::int64_t>& counts) {
  target.driver = fields.text("driver").value_or("");
  if (!target.driver.empty() && std::count(drivers().begin(), drivers().end(), target.driver) == 0)
    fields.report().error(*fields.find("driver"), fmt::format("unknown driver '{}'", target.driver),
                          suggestion(target.driver, drivers(), "drivers"));
  for (const Entry* option : fields.text_entries("driver_options")) {
    target.driver_options[option->key] = option->value.text;
    for (const Complaint& complaint : TemplateScope::of_driver(target, counts).complaints(option->value.text))
      fields.report().complain(option->value, complaint);
  }
}

}  // namespace

Target read_attached_target(TableReader& fields, std::map<std::string, std::int64_t>& counts) {
  Target target;
  target.file = fields.report().file();
  target.folder = folder_of(target.file);
  target.at = fields.item().at;
  target.name = fields.text("name").value_or("attached");
  target.summary = fields.text("summary").value_or("");
  NodeKind kind;
  kind.name = "node";
  read_nodes(fields, target);
  read_ports(fields, kind);
  kind.count = static_cast<std::int64_t>(target.attached.size());
  counts[kind.name] = kind.count;
  target.kinds.push_back(std::move(kind));
  read_driver(fields, target, counts);
  refuse_launching(fields);
  return target;
}

}  // namespace withstand::spec
