#include "check/lost_writes.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>

namespace withstand::check {

namespace {

using record::Operation;
using record::Outcome;
using Answers = std::map<std::string_view, const Operation*>;  ///< by node: the last read-back that succeeded

AcknowledgedWrite::Fate fate_of(const Operation& write, const Answers& answers,
                                const std::set<std::string_view>& nodes) {
  const bool lost = std::any_of(answers.begin(), answers.end(),
                                [&](const auto& answer) { return answer.second->value != write.value; });
  if (lost) return AcknowledgedWrite::Fate::lost;
  return nodes.empty() || answers.size() < nodes.size() ? AcknowledgedWrite::Fate::unread
                                                        : AcknowledgedWrite::Fate::kept;
}

}  // namespace

std::vector<AcknowledgedWrite> acknowledged_writes(std::span<const Operation> history) {
  std::unordered_map<std::string_view, std::pair<const Operation*, Answers>> keys;
  std::set<std::string_view> nodes;
  for (const Operation& write : history) {
    if (write.op == "write" && write.value && write.outcome == Outcome::ok) keys[write.key].first = &write;
  }
  for (const Operation& read : history) {
    if (read.op != "read" || !read.final_read) continue;
    nodes.insert(read.node);
    const auto key = keys.find(read.key);
    if (key == keys.end() || read.outcome != Outcome::ok) continue;
    auto& [write, answers] = key->second;
    if (read.sent > write->done || read.value == write->value) answers[read.node] = &read;
  }
  std::vector<AcknowledgedWrite> writes;
  writes.reserve(keys.size());
  for (const auto& [name, key] : keys) writes.push_back({key.first->intended, fate_of(*key.first, key.second, nodes)});
  return writes;
}

}  // namespace withstand::check
