#include "load/generator.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "load/values.hpp"

namespace withstand::load {
namespace {

/// Operations begun at one go; then answers are looked at, and the rest of what is due follows.
constexpr int most_at_once = 64;

}  // namespace

Generator::Generator(const Config& config, Driver& driver, HistoryFile& history, Clock now)
    : config_(config),
      now_(std::move(now)),
      plan_(config),
      ledger_(config, driver, history, now_),
      seconds_(config.timeout) {}

void Generator::start(core::Instant at) {
  if (!start_) start_ = at;
}

void Generator::stop() {
  if (!stopped_at_) stopped_at_ = now_();
}

std::optional<core::Instant> Generator::next_due() const {
  if (!start_) return std::nullopt;
  const auto due = *start_ + plan_.next().offset;
  if (stopped_at_ && due >= *stopped_at_) return std::nullopt;
  return due;
}

bool Generator::advance() {
  ledger_.expire();
  const auto now = now_();
  int begun = 0;
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
  const auto deadline = ledger_.next_deadline();
  const auto due = next_due();
  return deadline && due ? std::min(*deadline, *due) : deadline ? deadline : due;
}

void Generator::begin(const Planned& planned, core::Instant due) {
  Request request{planned.id, planned.kind, planned.key, planned.value_name, ""};
  if (request.key.empty()) {
    // A write-once read before anything was acknowledged asks for the first key, which may not be there yet.
    const auto size = acknowledged_.size();
    request.key = write_once_key(size == 0 ? 0 : acknowledged_[planned.pick % size]);
  }
  ++totals_.planned;
  lag_.record((now_() - due).count());
  if (ledger_.under_way() >= static_cast<std::size_t>(config_.in_flight)) {
    return count(ledger_.drop(request, due, fmt::format("{} operations under way", config_.in_flight)));
  }
  record::Operation begun;
  begun.intended = due.count() - config_.epoch;
  seconds_.began(begun);
  ledger_.begin(std::move(request), due, false, [this](const record::Operation& ended) { count(ended); });
  totals_.most_in_flight = std::max<std::uint64_t>(totals_.most_in_flight, ledger_.under_way());
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
  std::vector<std::string> keys;
  if (config_.workload != "write-once") {
    for (std::int64_t i = 0; i < config_.keys; ++i) keys.push_back(register_key(static_cast<std::uint64_t>(i)));
    return keys;
  }
  for (const auto* ids : {&acknowledged_, &unknown_}) {
    for (const auto id : *ids) keys.push_back(write_once_key(id));
  }
  return keys;
}

}  // namespace withstand::load
