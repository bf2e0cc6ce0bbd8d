#include "load/sentinel.hpp"

#include <chrono>
#include <stdexcept>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include "load/redis_reply.hpp"

namespace withstand::load {
namespace {

/// One that does not answer in this time is passed over for the next.
constexpr std::chrono::milliseconds patience{300};
/// Exchanges with sentinels carry ids that no operation has.
constexpr std::uint64_t first_question = 1ULL << 63;

}  // namespace

struct Sentinel::Impl {
  Impl(boost::asio::io_context& context, Connections& used, const RedisOptions& options)
      : connections(used),
        timer(context),
        question(redis_command({"SENTINEL", "get-master-addr-by-name", options.master})) {
    for (const auto& sentinel : options.sentinels) endpoints.push_back(used.add(sentinel.address, sentinel.port));
  }

  void ask_one() {
    if (asked++ == endpoints.size()) return finish(std::nullopt, error);
    const auto id = ++last_id;
    timer.expires_after(patience);
    timer.async_wait([this, id, alive = std::weak_ptr<bool>(alive_)](const boost::system::error_code& cancelled) {
      if (cancelled || alive.expired() || id != last_id) return;
      (void)connections.abandon(id);
      next("no sentinel answers in time");
    });
    connections.exchange(id, endpoints[current], question, std::make_unique<RedisReply>(),
                         [this](const Connections::Result& result, Reply& reply) {
                           timer.cancel();
                           take(result, static_cast<RedisReply&>(reply));
                         });
  }

  void take(const Connections::Result& result, const RedisReply& reply) {
    if (result.fate != Fate::done) return next(fmt::format("sentinel: {}", result.error));
    const auto address = address_from(reply.answer());
    if (!address) return next("no sentinel knows the primary");
    try {
      finish(connections.add(address->first, address->second), "");
    } catch (const std::runtime_error& wrong) {
      next(fmt::format("sentinel names {}", wrong.what()));
    }
  }

  void next(std::string why) {
    ++last_id;  // a timer that has rung already is about the one before
    error = std::move(why);
    current = (current + 1) % endpoints.size();
    ask_one();
  }

  void finish(std::optional<std::size_t> endpoint, const std::string& why) {
    ++last_id;
    const auto told = std::exchange(found, nullptr);
    told(endpoint, std::string(why));
  }

  Connections& connections;
  boost::asio::steady_timer timer;
  std::string question;
  std::vector<std::size_t> endpoints;
  std::size_t current = 0, asked = 0;
  std::uint64_t last_id = first_question;
  std::string error;
  Found found;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

Sentinel::Sentinel(boost::asio::io_context& context, Connections& connections, const RedisOptions& options)
    : impl_(std::make_unique<Impl>(context, connections, options)) {}

Sentinel::~Sentinel() = default;

bool Sentinel::asking() const { return static_cast<bool>(impl_->found); }

void Sentinel::ask(Found found) {
  impl_->found = std::move(found);
  impl_->asked = 0;
  impl_->error.clear();
  impl_->ask_one();
}

}  // namespace withstand::load
