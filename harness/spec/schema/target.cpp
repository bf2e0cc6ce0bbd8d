#include <nlohmann/json.hpp>

#include "spec/reader.hpp"
#include "spec/schema/parts.hpp"
#include "spec/vocabulary.hpp"

namespace withstand::spec::schema {
namespace {

Json file() {
  return table({{"name", text("File name in {config}. Default: the source's name without its folder and .in.")},
                {"source", text("Template file, relative to target.toml.")},
                {"text", text("The template itself.")},
                {"on", text("all (default), first, rest, or a node's name.")},
                {"writable", boolean("Whether the target rewrites it.")}},
               {}, "A configuration file, rendered for each node.");
}

Json ready() {
  return table({{"tcp", text("Name of the port that must accept a connection.")},
                {"http", matching("^http://", "URL that must answer.")},
                {"status", integer(100, 599, "The answer's status. Default: 200.")},
                {"command", text("Command line that must exit with 0, run in the node.")},
                {"log", text("Regular expression that a line must match.")},
                {"timeout", quantity(Quantity::duration, "How long to wait. Default: 10s.")}},
               {}, "When a node counts as ready: one of tcp, http, command, log.");
}

Json action(bool grace, const std::string& description) {
  Properties properties{{"signal", text("Signal to the main process.")},
                        {"command", texts("Command run in the node.")}};
  if (grace) properties.emplace_back("grace", quantity(Quantity::duration, "How long until SIGKILL. Default: 5s."));
  return table(properties, {}, description);
}

Json role() {
  return table({{"of", text("Kind whose nodes hold the role.")},
                {"complement_of", text("The role that the other nodes hold.")},
                {"on", text("Kind of node in which `command` runs.")},
                {"command", texts("Prints the holder's address or name on a line.")},
                {"self", boolean("Whether each node of `of` is asked of itself alone. Default: false.")},
                {"timeout", quantity(Quantity::duration, "Default: 2s.")}},
               {"of"}, "Who holds a role, asked when it is needed.");
}

Json list() {
  return table({{"of", text("Kind of the members.")},
                {"item", text("Template of one member, e.g. {name}={address}:{port}.")},
                {"separator", text("Default: a comma.")},
                {"include_self", boolean("Whether a node's own entry is in. Default: true.")}},
               {"of", "item"}, "A text made from several nodes.");
}

}  // namespace

Properties kind_properties() {
  return {{"command", texts("Program and arguments of a node.")},
          {"first_start_args", texts("Arguments of a node's very first start only.")},
          {"user", text("User to run as when the harness is root. Default: a free uid.")},
          {"files", array_of(file(), "Configuration files.")},
          {"ports", table_of(integer(1, 65535, "Port number."), "Ports by name; the first is {port}.")},
          {"data", texts("Folders made in {data} before the first start.")},
          {"ready", ready()},
          {"stop", action(true, "How a node is stopped. Default: SIGTERM.")},
          {"reload", action(false, "How a node rereads its configuration.")},
          {"before_start", texts("Command run once before the first start.")},
          {"starts_after", texts("Kinds whose nodes must be ready first.")},
          {"serves_clients", boolean("Whether the load goes to these nodes. Default: true.")},
          {"count", integer(1, 250, "Default number of nodes.")},
          {"args", texts("Arguments appended to the command.")},
          {"env", table_of(text("Value."), "Environment variables.")}};
}

Properties target_properties() {
  Json kinds = table_of(table(kind_properties(), {"command"}, "One kind of node."), "Kinds of node.");
  return {{"name", text("Default: the folder's name.")},
          {"summary", text("One sentence.")},
          {"driver", one_of_texts(drivers(), "What speaks to the target.")},
          {"driver_options", table_of(text("Value."), "Options of the driver.")},
          {"packages", texts("Debian packages that hold the programs.")},
          {"versions", array_of(texts("A command."), "Commands whose first line of output is recorded.")},
          {"kinds", std::move(kinds)},
          {"roles", table_of(role(), "Roles by name.")},
          {"lists", table_of(list(), "Lists by name.")}};
}

}  // namespace withstand::spec::schema

namespace withstand::spec {

std::string target_schema() {
  using namespace schema;
  Properties properties = target_properties();
  for (auto& [key, value] : kind_properties()) properties.emplace_back(key, std::move(value));
  Json out;
  out["$schema"] = "http://json-schema.org/draft-04/schema#";
  out["title"] = "Withstand target";
  out.update(table(properties, {}, "A system under test: either [kinds.NAME] tables, or the keys of its only kind."));
  out["anyOf"] = {{{"required", {"kinds"}}}, {{"required", {"command"}}}};
  return dump(out);
}

}  // namespace withstand::spec
