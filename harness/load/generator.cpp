#include "load/generator.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "load/shapes.hpp"
#include "load/values.hpp"

namespace withstand::load {
namespace {

/// Operations begun at one go; then answers are looked at, and the rest of what is due follows.
constexpr int most_at_once = 64;

/// Ids beyond every planned one.
constexpr std::uint64_t first_follow_up = std::uint64_t{1} << 48;

}  // namespace

Generator::Generator(const Config& config, Driver& driver, HistoryFile& history, Clock now)
    : config_(config),
      now_(std::move(now)),
      plan_(config),
      ledger_(config, driver, history, now_),
      seconds_(config.timeout),
      next_follow_up_(first_follow_up + static_cast<std::uint64_t>(config.client_index)) {}

void Generator::start(core::Instant at) {
  if (start_) return;
  start_ = at;
  if (config_.users > 0) users_.emplace(config_, ledger_.processes(), at);
}

void Generator::stop() {
  if (!stopped_at_) stopped_at_ = now_();
}

std::optional<core::Instant> Generator::next_due() const {
  if (!start_) return std::nullopt;
  if (!users_ && plan_.next().offset == Arrivals::never) return std::nullopt;
  const auto due = users_ ? users_->next() : *start_ + plan_.next().offset;
  if (!due || (stopped_at_ && *due >= *stopped_at_)) return std::nullopt;
  return due;
}

bool Generator::advance() {
  ledger_.expire();
  const auto now = now_();
  int begun = 0;
  while (!follow_ups_.empty() && follow_ups_.begin()->first <= now) begin_follow_up();
  auto due = next_due();
  while (due && *due <= now && begun < most_at_once) {
    begin(plan_.next(), *due);
    plan_.advance();
    ++begun;
    due = next_due();
  }
  ledger_.send();
  return due && *due <= now;
}

std::optional<core::Instant> Generator::next_wake() {
  auto wake = ledger_.next_deadline();
  for (const auto& other : {next_due(), follow_ups_.empty() ? std::nullopt : std::optional(follow_ups_.begin()->first)})
    if (other) wake = wake ? std::min(*wake, *other) : other;
  return wake;
}

void Generator::complete(Request& request, std::uint64_t pick, std::optional<std::size_t> user) const {
  if (request.kind == Request::Kind::cas) {
    const auto found = seen_.find(request.key);
    if (found != seen_.end()) request.expected = found->second;
    request.shown = shown_cas(request.expected, request.value);
  }
  if (!request.key.empty()) return;
  if (config_.workload == "write-once") {
    // A read before anything was acknowledged asks for the first key, which may not be there yet.
    const auto size = acknowledged_.size();
    request.key = write_once_key(size == 0 ? 0 : acknowledged_[pick % size]);
  } else if (config_.workload == "session" && user) {
    const auto whose = request.kind == Request::Kind::write ? *user : pick % users_->count();
    request.key = session_key(users_->process(whose));
  }
}

void Generator::begin(const Planned& planned, core::Instant due) {
  const auto user = users_ ? std::optional(users_->take()) : std::nullopt;
  Request request = planned;
  complete(request, planned.pick, user);
  ++totals_.planned;
  lag_.record((now_() - due).count());
  if (!user && ledger_.under_way() >= static_cast<std::size_t>(config_.in_flight)) {
    return count(ledger_.drop(request, due, fmt::format("{} operations under way", config_.in_flight)));
  }
  record::Operation begun;
  begun.intended = due.count() - config_.epoch;
  seconds_.began(begun);
  std::optional<std::uint32_t> process;
  if (user) process = users_->process(*user);
  if (request.kind == Request::Kind::acquire && !user) process = ledger_.processes().take();
  auto sent = request;
  ledger_.begin(
      std::move(sent), due, false,
      [this, request = std::move(request), user](const record::Operation& operation) {
        ended(request, user, operation);
      },
      process);
  totals_.most_in_flight = std::max<std::uint64_t>(totals_.most_in_flight, ledger_.under_way());
}

void Generator::ended(const Request& request, std::optional<std::size_t> user, const record::Operation& operation) {
  count(operation);
  learn(request, operation);
  if (user) users_->answered(*user, operation.id, now_(), operation.outcome == record::Outcome::info);
  if (request.kind == Request::Kind::acquire) follow_up(request, operation);
}

void Generator::learn(const Request& request, const record::Operation& operation) {
  if (config_.workload != "cas-register" || operation.outcome != record::Outcome::ok) return;
  if (request.kind != Request::Kind::read) {
    seen_[request.key] = request.value;
  } else if (operation.value) {
    seen_[request.key] = *operation.value;
  }
}

/// A holder keeps its process until it has given the lock back; one that does not know whether it has it keeps it for
/// good.
void Generator::follow_up(const Request& request, const record::Operation& operation) {
  if (operation.outcome == record::Outcome::fail) return ledger_.processes().give_back(operation.process);
  if (operation.outcome != record::Outcome::ok) return;
  Request release;
  release.kind = Request::Kind::release;
  release.id = std::exchange(next_follow_up_, next_follow_up_ + static_cast<std::uint64_t>(config_.clients));
  release.key = request.key;
  release.node = operation.node;
  release.expected = request.value;  // who holds it
  release.value = release.shown = operation.value.value_or("null");
  follow_ups_.emplace(now_() + core::Instant(config_.hold), FollowUp{std::move(release), operation.process});
}

void Generator::begin_follow_up() {
  const auto next = follow_ups_.begin();
  const auto due = next->first;
  const auto process = next->second.process;
  record::Operation begun;
  begun.intended = due.count() - config_.epoch;
  seconds_.began(begun);
  ++totals_.planned;
  lag_.record((now_() - due).count());
  ledger_.begin(
      std::move(next->second.request), due, false,
      [this, process](const record::Operation& operation) {
        count(operation);
        if (operation.outcome != record::Outcome::info) ledger_.processes().give_back(process);
      },
      process);
  follow_ups_.erase(next);
}

void Generator::count(const record::Operation& operation) {
  seconds_.ended(operation);
  if (operation.sent - operation.intended > late_after) ++totals_.late;
  const bool once = config_.workload == "write-once" && operation.op == "write";
  switch (operation.outcome) {
    case record::Outcome::ok:
      ++totals_.ok;
      if (once) acknowledged_.push_back(operation.id);
      break;
    case record::Outcome::fail:
      ++totals_.fail;
      break;
    case record::Outcome::info:
      ++totals_.info;
      if (once) unknown_.push_back(operation.id);
      break;
    case record::Outcome::dropped:
      ++totals_.dropped;
      break;
  }
}

std::vector<record::LoadSecond> Generator::take_seconds() {
  // When all has ended, the last second is told too, although it is not over.
  const auto now = finished() ? core::Instant::max() : now_() - core::Instant(config_.epoch);
  return seconds_.take(now.count());
}

Summary Generator::summary() const {
  Summary out = totals_;
  out.lag_p50 = lag_.percentile(50);
  out.lag_p99 = lag_.percentile(99);
  out.lag_max = lag_.max();
  return out;
}

std::vector<std::string> Generator::keys_to_read_back() const {
  if (config_.workload != "write-once") return final_keys(config_);
  std::vector<std::string> keys;
  for (const auto* ids : {&acknowledged_, &unknown_}) {
    for (const auto id : *ids) keys.push_back(write_once_key(id));
  }
  return keys;
}

}  // namespace withstand::load
