#include "load/postgres_options.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include <fmt/format.h>

#include "load/libpq.hpp"
#include "load/options.hpp"

namespace withstand::load {
namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

/// Without encryption a connection is there after one round trip, and what a fault does to it is not blurred.
const Parameters& defaults() {
  static const Parameters list{{"user", "postgres"},        {"dbname", "postgres"},
                               {"sslmode", "disable"},      {"gssencmode", "disable"},
                               {"client_encoding", "UTF8"}, {"application_name", "withstand"}};
  return list;
}

void set(Parameters& parameters, const std::string& name, const std::string& value) {
  const auto found =
      std::find_if(parameters.begin(), parameters.end(), [&](const auto& each) { return each.first == name; });
  if (found != parameters.end()) {
    found->second = value;
  } else {
    parameters.emplace_back(name, value);
  }
}

/// What libpq makes of a connection string.
void add_parameters(const std::string& text, Parameters& parameters, Options& options) {
  if (text.empty()) return;
  const Libpq& pq = libpq();
  char* error = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(pq.conninfoFree)> parsed(pq.conninfoParse(text.c_str(), &error),
                                                                            pq.conninfoFree);
  if (!parsed) {
    std::string why = error != nullptr ? error : "out of memory";
    pq.freemem(error);
    while (!why.empty() && why.back() == '\n') why.pop_back();
    options.complain(fmt::format("option 'connection' of driver 'postgres': {}", why),
                     "parameters of libpq: \"keepalives_idle=1 tcp_user_timeout=3000\"");
    return;
  }
  for (const auto* each = parsed.get(); each->keyword != nullptr; ++each) {
    if (each->val == nullptr) continue;
    const std::string name = each->keyword;
    if (name == "host" || name == "hostaddr" || name == "port" || name == "service") {
      options.complain(fmt::format("option 'connection' of driver 'postgres' cannot hold '{}'", name),
                       "where the nodes are is known");
    }
    set(parameters, name, each->val);
  }
}

bool is_table_name(const std::string& name) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.'; };
  return !name.empty() && name.front() >= '_' && std::all_of(name.begin(), name.end(), fits);
}

}  // namespace

PostgresOptions read_postgres_options(const Config& config, std::vector<spec::Complaint>& complaints) {
  Options options("postgres", config.driver_options);
  PostgresOptions out;
  out.primary = options.text("primary", "");
  out.read_anywhere = options.choice("reads", {"primary", "any"}) == "any";
  out.isolation = options.choice("isolation", {"serializable", "repeatable-read", "read-committed"});
  std::replace(out.isolation.begin(), out.isolation.end(), '-', ' ');
  out.mixed_commits = options.choice("commit", {"as-set", "mixed"}) == "mixed";
  out.table = options.text("table", "withstand");
  out.connections = options.number("connections", 20, 1, 1'000);
  out.wait_on_timeout = options.choice("on_timeout", {"close", "wait"}) == "wait";
  const auto limit = options.duration("connect_timeout", std::chrono::nanoseconds(config.timeout));
  if (!out.wait_on_timeout || config.driver_options.contains("connect_timeout")) out.connect_timeout = limit;
  out.parameters = defaults();
  try {
    add_parameters(options.text("connection", ""), out.parameters, options);
  } catch (const std::runtime_error&) {
    // Without libpq nothing can be said of it; make_postgres_driver says that.
  }
  if (!is_table_name(out.table)) {
    options.complain(fmt::format("'{}' is no name of a table", out.table), "small letters, digits, '_' and '.'");
  }
  const auto is_primary = [&](const Endpoint& endpoint) { return endpoint.node == out.primary; };
  if (!out.primary.empty() && std::none_of(config.endpoints.begin(), config.endpoints.end(), is_primary)) {
    options.complain(fmt::format("no node '{}' serves clients", out.primary), "primary = the name of a node");
  }
  const auto found = options.finish();
  complaints.insert(complaints.end(), found.begin(), found.end());
  return out;
}

}  // namespace withstand::load
