#include "load/driver.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "load/etcd_driver.hpp"
#include "load/exec_driver.hpp"
#include "load/http_driver.hpp"
#include "load/postgres_driver.hpp"
#include "load/redis_driver.hpp"

namespace withstand::load {
namespace {

using Kind = Request::Kind;

/// Workloads that each driver serves; exec serves them all.
const std::map<std::string, std::vector<std::string>>& served() {
  static const std::map<std::string, std::vector<std::string>> table{
      {"etcd",
       {"register", "write-once", "cas-register", "set", "counter", "queue", "unique-ids", "lock", "monotonic",
        "session"}},
      {"http", {"register", "write-once", "session"}},
      {"postgres",
       {"register", "write-once", "cas-register", "append", "set", "counter", "queue", "unique-ids", "bank",
        "write-skew", "long-fork", "monotonic", "session"}},
      {"redis",
       {"register", "write-once", "cas-register", "append", "set", "counter", "queue", "unique-ids", "bank", "lock",
        "monotonic", "session"}}};
  return table;
}

}  // namespace

std::string_view op_name(Kind kind) {
  switch (kind) {
    case Kind::read:
    case Kind::members:
    case Kind::count:
    case Kind::balances:
      return "read";
    case Kind::write:
    case Kind::create:
      return "write";
    case Kind::cas:
      return "cas";
    case Kind::add:
    case Kind::increment:
      return "add";
    case Kind::raise:
      return "inc";
    case Kind::enqueue:
      return "enqueue";
    case Kind::dequeue:
      return "dequeue";
    case Kind::generate:
      return "generate";
    case Kind::acquire:
      return "acquire";
    case Kind::release:
      return "release";
    case Kind::transaction:
      return "txn";
    case Kind::transfer:
      return "transfer";
    case Kind::insert:
      return "insert";
  }
  return "read";
}

bool is_harmless(Kind kind) { return op_name(kind) == "read"; }

bool is_harmless(const Request& request) {
  if (request.kind != Kind::transaction) return is_harmless(request.kind);
  return std::all_of(request.steps.begin(), request.steps.end(),
                     [](const Step& step) { return step.kind == Step::Kind::read; });
}

record::Outcome settle(bool harmless, Fate fate) {
  if (fate == Fate::done) return record::Outcome::ok;
  if (harmless || fate != Fate::unknown) return record::Outcome::fail;
  return record::Outcome::info;
}

std::vector<spec::Complaint> driver_objections(const std::string& driver, const std::string& workload) {
  const auto found = served().find(driver);
  if (found == served().end()) return {};
  const auto& ours = found->second;
  if (std::find(ours.begin(), ours.end(), workload) != ours.end()) return {};
  std::vector<std::string> others{"exec"};
  for (const auto& [name, workloads] : served())
    if (std::find(workloads.begin(), workloads.end(), workload) != workloads.end()) others.push_back(name);
  return {{fmt::format("driver '{}' cannot do the operations of workload '{}'", driver, workload),
           fmt::format("it serves {}; '{}' goes with {}", fmt::join(ours, ", "), workload, fmt::join(others, ", "))}};
}

std::unique_ptr<Driver> make_driver(const Config& config, boost::asio::io_context& context,
                                    std::function<void(const std::string&)> on_broken) {
  if (config.driver == "etcd") return make_etcd_driver(config, context);
  if (config.driver == "http") return make_http_driver(config, context);
  if (config.driver == "postgres") return make_postgres_driver(config, context, std::move(on_broken));
  if (config.driver == "redis") return make_redis_driver(config, context);
  if (config.driver == "exec") return make_exec_driver(config, context, std::move(on_broken));
  throw std::runtime_error(fmt::format("there is no driver '{}'", config.driver));
}

}  // namespace withstand::load
