#include "load/seconds.hpp"

#include <utility>

#include "load/summary.hpp"

namespace withstand::load {
namespace {

constexpr std::int64_t second_long = 1'000'000'000;

std::int64_t second_of(std::int64_t t) { return t / second_long; }

}  // namespace

void Seconds::Kind::add(const record::Operation& operation, std::int64_t timeout) {
  // What was declined as it should be was served.
  switch (operation.declined ? record::Outcome::ok : operation.outcome) {
    case record::Outcome::ok:
      ++counts.ok;
      break;
    case record::Outcome::fail:
      ++counts.fail;
      break;
    case record::Outcome::info:
      ++counts.info;
      break;
    case record::Outcome::dropped:
      ++counts.dropped;
      break;
  }
  if (operation.sent - operation.intended > late_after) ++counts.late;
  latency.record(record::response_time(operation, timeout));
}

record::LoadSecond Seconds::Kind::told(std::string op, std::int64_t second) const {
  record::LoadSecond out = counts;
  out.op = std::move(op);
  out.second = second;
  out.p50 = latency.percentile(50);
  out.p99 = latency.percentile(99);
  out.max = latency.max();
  return out;
}

void Seconds::began(const record::Operation& operation) { ++open_[second_of(operation.intended)].under_way; }

void Seconds::ended(const record::Operation& operation) {
  auto& second = open_[second_of(operation.intended)];
  if (operation.outcome != record::Outcome::dropped) --second.under_way;
  second.all.add(operation, timeout_);
  second.kinds[operation.op].add(operation, timeout_);
}

std::vector<record::LoadSecond> Seconds::take(std::int64_t now) {
  std::vector<record::LoadSecond> out;
  while (!open_.empty()) {
    const auto first = open_.begin();
    if (first->first >= second_of(now) || first->second.under_way > 0) break;
    out.push_back(first->second.all.told("", first->first));
    for (const auto& [op, kind] : first->second.kinds) out.push_back(kind.told(op, first->first));
    open_.erase(first);
  }
  return out;
}

}  // namespace withstand::load
