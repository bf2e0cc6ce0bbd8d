#include "load/final_reader.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace withstand::load {
namespace {

constexpr std::size_t most_per_node = 32;
constexpr std::chrono::milliseconds pause_after_failure{50};

}  // namespace

FinalReader::FinalReader(Ledger& ledger, Clock now, const std::vector<std::string>& keys,
                         const std::vector<std::string>& nodes, core::Instant deadline, std::uint64_t first_id,
                         std::uint64_t id_step)
    : ledger_(ledger), now_(std::move(now)), deadline_(deadline), next_id_(first_id), id_step_(id_step) {
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
  Request request{std::exchange(next_id_, next_id_ + id_step_), Request::Kind::read, std::move(lane.keys.front()), "",
                  lane.node};
  lane.keys.pop_front();
  ++lane.under_way;
  ledger_.begin(std::move(request), now_(), true, [this, &lane](const record::Operation& end) { ended(lane, end); });
}

void FinalReader::ended(Lane& lane, const record::Operation& operation) {
  --lane.under_way;
  if (operation.outcome == record::Outcome::ok) {
    ++result_.read;
  } else {
    lane.keys.push_back(operation.key);
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
