#include "load/postgres_driver.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stdlib.h>
#include <unistd.h>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "core/draw.hpp"
#include "core/event_loop.hpp"
#include "load/chooser.hpp"
#include "load/libpq.hpp"
#include "load/postgres_connections.hpp"
#include "load/postgres_options.hpp"
#include "load/postgres_script.hpp"

namespace withstand::load {
namespace {

PostgresOptions options_of(const Config& config) {
  std::vector<spec::Complaint> complaints;
  auto out = read_postgres_options(config, complaints);
  if (!complaints.empty()) throw std::runtime_error(complaints.front().message);
  return out;
}

void forget_libpq_variables() {
  std::vector<std::string> names;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view entry = *each;
    if (entry.starts_with("PG")) names.emplace_back(entry.substr(0, entry.find('=')));
  }
  for (const auto& name : names) ::unsetenv(name.c_str());
}

class PostgresDriver : public Driver {
 public:
  PostgresDriver(const Config& config, boost::asio::io_context& context,
                 std::function<void(const std::string&)> on_broken)
      : on_broken_(std::move(on_broken)),
        options_(options_of(config)),
        chooser_(config.endpoints.size(), true,
                 core::draw_stream(config.seed, "load", config.client, "endpoint").bits(0)),
        connections_(context, options_) {
    for (const auto& endpoint : config.endpoints) {
      const auto number = connections_.add(endpoint.address, endpoint.port);
      if (endpoint.node == options_.primary) primary_ = number;
      nodes_.push_back(endpoint.node);
    }
    // One client does it for all, and none begins before all are ready.
    if (config.client_index == 0) set_up_ = postgres_set_up(config.workload, options_.table, config.keys);
  }

  void when_ready(std::function<void()> ready) override {
    if (set_up_.empty()) return ready();
    connections_.ask(
        set_up_id, primary_, {set_up_.front()},
        [this, ready = std::move(ready)](const PostgresConnections::Result& result) {
          const auto& answer = result.answer;
          if (result.sent && answer.ready && answer.type != PostgresAnswer::Type::error) return ready();
          on_broken_(
              fmt::format("the tables of the load could not be made on {}: {}", nodes_[primary_], answer.message));
        },
        [this, next = std::size_t{1}](const PostgresAnswer& answer) mutable -> std::optional<PostgresStatement> {
          if (answer.type == PostgresAnswer::Type::error || next == set_up_.size()) return std::nullopt;
          return PostgresStatement{set_up_[next++]};
        });
  }

  void submit(const Request& request, Done done) override {
    const auto place = place_for(request);
    if (place >= nodes_.size()) {
      return done(
          {Fate::not_sent, std::nullopt, request.node, fmt::format("no node '{}' serves clients", request.node)});
    }
    asked_[request.id].place = place;
    if (auto script = postgres_script(request, options_.table, options_.isolation, options_.mixed_commits))
      return talk(request.id, place, std::make_shared<PostgresTalk>(std::move(*script)), std::move(done));
    connections_.ask(request.id, place, statement_for(request),
                     [this, id = request.id, kind = request.kind, place,
                      done = std::move(done)](const PostgresConnections::Result& result) {
                       asked_.erase(id);
                       done(outcome(kind, place, result));
                     });
  }

  Response abandon(std::uint64_t id) override {
    const auto found = asked_.find(id);
    if (found == asked_.end()) return {Fate::not_sent, std::nullopt, "", "timeout"};
    const auto [place, talk] = found->second;
    asked_.erase(found);
    chooser_.failed(place, core::now());
    auto fate = connections_.abandon(id);
    if (talk && fate == Fate::unknown && !talk->may_be_done())
      return {Fate::refused, std::nullopt, nodes_[place], "timeout before the commit"};
    return {fate, std::nullopt, nodes_[place], fate == Fate::unknown ? "timeout" : "timeout: no connection was free"};
  }

 private:
  /// Not that of any operation.
  static constexpr std::uint64_t set_up_id = ~std::uint64_t{0};
  struct Asked {
    std::size_t place = 0;
    std::shared_ptr<PostgresTalk> talk;  ///< of several statements
  };

  void talk(std::uint64_t id, std::size_t place, std::shared_ptr<PostgresTalk> talk, Done done) {
    asked_[id].talk = talk;
    connections_.ask(
        id, place, talk->first(),
        [this, id, place, talk, done = std::move(done)](const PostgresConnections::Result& result) {
          asked_.erase(id);
          note(place, result);
          auto out = talk->outcome(result);
          out.node = nodes_[place];
          done(std::move(out));
        },
        [talk](const PostgresAnswer& answer) { return talk->next(answer); });
  }

  std::size_t place_for(const Request& request) {
    if (!request.node.empty()) {
      return static_cast<std::size_t>(std::find(nodes_.begin(), nodes_.end(), request.node) - nodes_.begin());
    }
    const bool anywhere = options_.read_anywhere && is_harmless(request) && !nodes_.empty();
    return anywhere ? chooser_.choose(core::now()) : primary_;
  }

  [[nodiscard]] PostgresConnections::Statement statement_for(const Request& request) const {
    if (request.kind == Request::Kind::read) {
      return {fmt::format("SELECT value FROM {} WHERE key = $1", options_.table), {request.key}};
    }
    auto text = fmt::format("INSERT INTO {} (key, value) VALUES ($1, $2)", options_.table);
    if (request.kind == Request::Kind::write) text += " ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    return {std::move(text), {request.key, request.value}};
  }

  Response outcome(Request::Kind kind, std::size_t place, const PostgresConnections::Result& result) {
    auto out = result.sent ? judge_postgres(kind, result.answer)
                           : Response{Fate::not_sent, std::nullopt, "", result.answer.message};
    note(place, result);
    out.node = nodes_[place];
    return out;
  }

  void note(std::size_t place, const PostgresConnections::Result& result) {
    if (result.sent && result.answer.ready) {
      chooser_.succeeded(place);
    } else {
      chooser_.failed(place, core::now());
    }
  }

  std::function<void(const std::string&)> on_broken_;
  PostgresOptions options_;
  std::vector<std::string> set_up_;
  std::vector<std::string> nodes_;  // by their number in the connections
  Chooser chooser_;
  std::size_t primary_ = 0;
  std::unordered_map<std::uint64_t, Asked> asked_;
  PostgresConnections connections_;  // last: its destructor ends what still refers to the others
};

}  // namespace

std::unique_ptr<Driver> make_postgres_driver(const Config& config, boost::asio::io_context& context,
                                             std::function<void(const std::string&)> on_broken) {
  (void)libpq();
  forget_libpq_variables();
  return std::make_unique<PostgresDriver>(config, context, std::move(on_broken));
}

}  // namespace withstand::load
