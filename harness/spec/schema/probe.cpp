#include <nlohmann/json.hpp>

#include "spec/schema/parts.hpp"

namespace withstand::spec::schema {

Json probes() {
  Json probe = table({{"name", matching("^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", "Its metric is probe.NAME.")},
                      {"on", text("Nodes to probe: a selector. Without it the probe runs once, from the client.")},
                      {"http", matching("^http://", "URL to get.")},
                      {"tcp", matching(":", "host:port to connect to.")},
                      {"command", text("Command line to run.")},
                      {"log", text("Regular expression on the nodes' lines.")},
                      {"prometheus", matching("^http://", "URL of metrics in Prometheus text.")},
                      {"every", quantity(Quantity::duration, "Interval. Default: 1s.")},
                      {"timeout", quantity(Quantity::duration, "Default: 1s.")},
                      {"status", integer(100, 599, "http: expected status. Default: 200.")},
                      {"body", text("http, command: regular expression that the body or output must match.")},
                      {"pointer", matching("^/", "http: JSON pointer into the body.")},
                      {"equals", Json::object({{"description", "http: what stands at `pointer`."}})},
                      {"metric", text("prometheus: sample name, with labels.")},
                      {"minimum", number("prometheus: least accepted value.")},
                      {"maximum", number("prometheus: greatest accepted value.")},
                      {"exit_status", integer(0, 255, "command: expected exit status. Default: 0.")},
                      {"absent", boolean("log: true when the line must never appear.")},
                      {"tolerance", quantity(Quantity::ratio, "Share of failed samples that is tolerated.")}},
                     {"name"}, "Something observed again and again.");
  Json sources = Json::array();
  for (const char* source : {"http", "tcp", "command", "log", "prometheus"}) {
    sources.push_back(Json::object({{"required", Json::array({source})}}));
  }
  probe["oneOf"] = std::move(sources);
  return array_of(std::move(probe), "What is observed beside the load.");
}

}  // namespace withstand::spec::schema
