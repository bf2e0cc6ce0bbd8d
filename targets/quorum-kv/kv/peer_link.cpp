#include "kv/peer_link.hpp"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

namespace quorum_kv {

namespace {

using std::chrono::steady_clock;
constexpr std::chrono::milliseconds first_backoff{20};
constexpr std::chrono::seconds attempt_lifetime{3};
constexpr std::chrono::seconds longest_silence{1};

std::uint64_t nanoseconds_now() { return static_cast<std::uint64_t>(steady_clock::now().time_since_epoch().count()); }

}  // namespace

PeerLink::PeerLink(boost::asio::io_context& io, boost::asio::ip::tcp::endpoint endpoint, Hello hello,
                   std::chrono::nanoseconds silence, const Bugs& bugs, Events events)
    : io_(io),
      endpoint_(std::move(endpoint)),
      hello_(std::move(hello)),
      silence_(silence),
      bugs_(bugs),
      events_(std::move(events)),
      backoff_(first_backoff) {}

PeerLink::~PeerLink() {
  if (current_) current_->close();
  for (const Connection& connection : attempts_) connection->close();
}

void PeerLink::send(const Request& request) {
  if (!current_) {
    ++counters_.disconnected;
    return;
  }
  std::visit([this](const auto& any) { current_->send(any); }, request);
}

bool PeerLink::healthy() const {
  if (!current_) return false;
  // A link that is merely slow must not look silent: three of its round trips are granted too.
  const auto granted = std::min<std::chrono::nanoseconds>(std::max(silence_, 3 * round_trip_), longest_silence);
  return steady_clock::now() - current_->last_heard() < granted + silence_ / 2;
}

void PeerLink::tick() {
  const Time now = steady_clock::now();
  if (current_ && now >= next_ping_) {
    current_->send(Ping{nanoseconds_now()});
    next_ping_ = now + silence_ / 2;
  }
  const auto attempts = attempts_;
  const bool well = healthy();
  for (const Connection& connection : attempts) {
    if (well || now - connection->opened() > attempt_lifetime) abandon(connection);
  }
  const bool wanted = current_ ? !well && !bugs_.sticky_connection : true;
  if (wanted && now >= next_attempt_) attempt(now);
}

void PeerLink::attempt(Time now) {
  next_attempt_ = now + silence_;
  ++counters_.attempts;
  const auto connection = std::make_shared<FrameConnection>(FrameConnection::Socket(io_), !bugs_.no_checksum);
  attempts_.push_back(connection);
  FrameConnection* const raw = connection.get();
  connection->connect(
      endpoint_, [this, raw] { raw->send(hello_); },
      [this, raw](const Message& message) { on_message(raw->shared_from_this(), message); },
      [this, raw] { on_end(raw->shared_from_this()); });
}

void PeerLink::abandon(const Connection& connection) {
  connection->close();
  std::erase(attempts_, connection);
  ++counters_.failures;
}

void PeerLink::promote(const Connection& connection) {
  if (current_) current_->close();
  std::erase(attempts_, connection);
  current_ = connection;
  for (const Connection& other : attempts_) other->close();
  attempts_.clear();
  backoff_ = first_backoff;
  ++counters_.connections;
  spdlog::info("{}: connected", hello_.to);
  events_.on_connected();
}

void PeerLink::on_message(const Connection& connection, const Message& message) {
  if (connection != current_) {
    const auto* welcome = std::get_if<Welcome>(&message);
    if (welcome != nullptr && welcome->name == hello_.to) {
      promote(connection);
    } else {
      abandon(connection);
    }
    return;
  }
  if (const auto* pong = std::get_if<Pong>(&message)) measure(pong->sent);
  if (const auto* reply = std::get_if<QueryReply>(&message)) events_.on_reply(*reply);
  if (const auto* reply = std::get_if<StoreReply>(&message)) events_.on_reply(*reply);
}

void PeerLink::on_end(const Connection& connection) {
  const Time now = steady_clock::now();
  if (connection == current_) {
    spdlog::info("{}: connection lost", hello_.to);
    current_.reset();
    next_attempt_ = now;
    return;
  }
  std::erase(attempts_, connection);
  ++counters_.failures;
  if (!attempts_.empty()) return;
  next_attempt_ = now + backoff_;
  backoff_ = std::min(2 * backoff_, std::max<std::chrono::nanoseconds>(silence_, first_backoff));
}

void PeerLink::measure(std::uint64_t sent) {
  const auto sample = std::chrono::nanoseconds(nanoseconds_now() - sent);
  round_trip_ = round_trip_.count() == 0 ? sample : (3 * round_trip_ + sample) / 4;
}

}  // namespace quorum_kv
