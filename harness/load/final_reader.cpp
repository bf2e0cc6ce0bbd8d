#include "load/final_reader.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "load/shapes.hpp"

namespace withstand::load {
namespace {

constexpr std::size_t most_per_node = 32;
constexpr std::chrono::milliseconds pause_after_failure{50};

}  // namespace

FinalReader::FinalReader(Ledger& ledger, Clock now, std::string workload, const std::vector<std::string>& keys,
                         const std::vector<std::string>& nodes, core::Instant deadline, std::uint64_t first_id,
                         std::uint64_t id_step)
    : ledger_(ledger),
      now_(std::move(now)),
      workload_(std::move(workload)),
      deadline_(deadline),
      next_id_(first_id),
      id_step_(id_step) {
  for (const auto& node : nodes) lanes_.push_back({node, {keys.begin(), keys.end()}});
  result_.wanted = keys.size() * nodes.size();
}

void FinalReader::advance() {
  ledger_.expire();
  const auto now = now_();
  for (auto& lane : lanes_) {
    if (now >= deadline_) {
      result_.failed += lane.keys.size();
      lane.keys.clear();
    }
    if (now < lane.not_before) continue;
    while (!lane.keys.empty() && lane.under_way < most_per_node) begin(lane);
  }
  ledger_.send();
}

void FinalReader::begin(Lane& lane) {
  auto key = std::move(lane.keys.front());
  lane.keys.pop_front();
  auto request = final_request(workload_, key);
  request.id = std::exchange(next_id_, next_id_ + id_step_);
  request.node = lane.node;
  ++lane.under_way;
  ledger_.begin(std::move(request), now_(), true,
                [this, &lane, key = std::move(key)](const record::Operation& end) { ended(lane, key, end); });
}

void FinalReader::ended(Lane& lane, const std::string& key, const record::Operation& operation) {
  --lane.under_way;
  const bool emptying = operation.op == "dequeue";
  if (operation.outcome == record::Outcome::ok && emptying) {
    lane.keys.push_front(key);
  } else if (operation.outcome == record::Outcome::ok || (emptying && operation.declined)) {
    ++result_.read;
  } else {
    lane.keys.push_back(key);
    lane.not_before = now_() + pause_after_failure;
  }
}

std::optional<core::Instant> FinalReader::next_wake() const {
  std::optional<core::Instant> wake = ledger_.next_deadline();
  for (const auto& lane : lanes_) {
    if (lane.keys.empty() || lane.under_way >= most_per_node) continue;
    const auto next = std::min(lane.not_before, deadline_);
    wake = wake ? std::min(*wake, next) : next;
  }
  return wake;
}

bool FinalReader::finished() const {
  return std::all_of(lanes_.begin(), lanes_.end(),
                     [](const Lane& lane) { return lane.keys.empty() && lane.under_way == 0; });
}

}  // namespace withstand::load
