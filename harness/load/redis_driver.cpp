#include "load/redis_driver.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "core/draw.hpp"
#include "core/event_loop.hpp"
#include "load/chooser.hpp"
#include "load/connections.hpp"
#include "load/redis_commands.hpp"
#include "load/redis_options.hpp"
#include "load/redis_reply.hpp"
#include "load/sentinel.hpp"

namespace withstand::load {
namespace {

/// Sentinel is asked at most this often.
constexpr std::chrono::milliseconds between_questions{100};

RedisOptions options_of(const Config& config) {
  std::vector<spec::Complaint> complaints;
  auto out = read_redis_options(config, complaints);
  if (!complaints.empty()) throw std::runtime_error(complaints.front().message);
  return out;
}

class RedisDriver : public Driver {
 public:
  RedisDriver(const Config& config, boost::asio::io_context& context)
      : options_(options_of(config)),
        keys_(config.keys),
        chooser_(config.endpoints.size(), true,
                 core::draw_stream(config.seed, "load", config.client, "endpoint").bits(0)),
        connections_(context, options_.connect_timeout),
        sentinel_(context, connections_, options_) {
    for (const auto& endpoint : config.endpoints) {
      nodes_.push_back(endpoint.node);
      numbers_.push_back(connections_.add(endpoint.address, endpoint.port));
      if (options_.sentinels.empty() && (!primary_ || endpoint.node == options_.primary)) primary_ = numbers_.back();
    }
  }

  void submit(const Request& request, Done done) override {
    if (!request.node.empty()) {
      const auto found = std::find(nodes_.begin(), nodes_.end(), request.node);
      if (found != nodes_.end()) return send(request, numbers_[static_cast<std::size_t>(found - nodes_.begin())], done);
      return done(
          {Fate::not_sent, std::nullopt, request.node, fmt::format("no node '{}' serves clients", request.node)});
    }
    if (options_.read_anywhere && is_harmless(request) && !nodes_.empty()) {
      return send(request, numbers_[chooser_.choose(core::now())], done);
    }
    if (primary_) return send(request, *primary_, done);
    if (!sentinel_.asking() && core::now() < asked_ + between_questions) {
      return done({Fate::not_sent, std::nullopt, "", why_none_});
    }
    waiting_.emplace_back(request, std::move(done));
    if (!sentinel_.asking()) find_primary();
  }

  Response abandon(std::uint64_t id) override {
    const auto waits =
        std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& one) { return one.first.id == id; });
    if (waits != waiting_.end()) {
      waiting_.erase(waits);
      return {Fate::not_sent, std::nullopt, "", "timeout: no primary is known"};
    }
    const auto sent = asked_of_.find(id);
    if (sent == asked_of_.end()) return {Fate::not_sent, std::nullopt, "", "timeout"};
    const auto number = sent->second;
    asked_of_.erase(sent);
    judge_endpoint(number, false);
    return {connections_.abandon(id), std::nullopt, node_of(number), "timeout"};
  }

 private:
  void send(const Request& request, std::size_t number, Done done) {
    asked_of_[request.id] = number;
    connections_.exchange(
        request.id, number, command_for(request), std::make_unique<RedisReply>(),
        [this, request, number, done = std::move(done)](const Connections::Result& result, Reply& reply) {
          asked_of_.erase(request.id);
          done(outcome(request, number, result, static_cast<RedisReply&>(reply)));
        });
  }

  std::string command_for(const Request& request) const {
    const auto words = redis_words(request, options_.create_only, options_.lease.count() / 1'000'000, keys_);
    return redis_command({words.begin(), words.end()});
  }

  Response outcome(const Request& request, std::size_t number, const Connections::Result& result,
                   const RedisReply& reply) {
    Response out{result.fate, std::nullopt, "", result.error};
    if (result.fate == Fate::done) out = judge_redis(request, reply.answer());
    judge_endpoint(number, result.fate == Fate::done && !not_primary(reply.answer()));
    out.node = node_of(number);
    return out;
  }

  /// After trouble at the primary, Sentinel is asked again before the next operation.
  void judge_endpoint(std::size_t number, bool good) {
    for (std::size_t place = 0; place < numbers_.size(); ++place) {
      if (numbers_[place] != number) continue;
      if (good) {
        chooser_.succeeded(place);
      } else {
        chooser_.failed(place, core::now());
      }
    }
    const bool ours = primary_ && *primary_ == number;
    if (!good && ours && !options_.sentinels.empty() && core::now() >= asked_ + between_questions) primary_.reset();
  }

  void find_primary() {
    asked_ = core::now();
    sentinel_.ask([this](std::optional<std::size_t> endpoint, const std::string& error) {
      asked_ = core::now();
      primary_ = endpoint;
      why_none_ = error;
      const auto waiting = std::exchange(waiting_, {});
      for (const auto& [request, done] : waiting) {
        if (endpoint) {
          send(request, *endpoint, done);
        } else {
          done({Fate::not_sent, std::nullopt, "", error});
        }
      }
    });
  }

  std::string node_of(std::size_t number) const {
    const auto found = std::find(numbers_.begin(), numbers_.end(), number);
    return found == numbers_.end() ? std::string() : nodes_[static_cast<std::size_t>(found - numbers_.begin())];
  }

  RedisOptions options_;
  std::int64_t keys_;
  std::vector<std::string> nodes_;
  std::vector<std::size_t> numbers_;  // of nodes_, in connections_
  Chooser chooser_;
  std::optional<std::size_t> primary_;  // number in connections_; none: Sentinel must be asked
  core::Instant asked_{-1'000'000'000};
  std::string why_none_;
  std::deque<std::pair<Request, Done>> waiting_;  // for Sentinel's answer
  std::unordered_map<std::uint64_t, std::size_t> asked_of_;
  Connections connections_;
  Sentinel sentinel_;
};

}  // namespace

std::unique_ptr<Driver> make_redis_driver(const Config& config, boost::asio::io_context& context) {
  return std::make_unique<RedisDriver>(config, context);
}

}  // namespace withstand::load
