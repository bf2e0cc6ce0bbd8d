#include "check/samples.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>

namespace withstand::check {

namespace {

template <class Names>
std::uint16_t number(Names& names, const std::string& name) {
  const auto known = names.find(name);
  if (known != names.end()) return known->second;
  return names.emplace(name, static_cast<std::uint16_t>(names.size())).first->second;
}

}  // namespace

Samples::Samples(std::span<const record::Operation> operations, std::span<const PhaseWindow> phases,
                 std::int64_t timeout) {
  const auto window_of = [&](std::string_view name) {
    const auto found = std::find_if(phases.begin(), phases.end(), [&](const auto& one) { return one.phase == name; });
    return found == phases.end() ? std::nullopt : std::optional(found->window);
  };
  const auto before = window_of("before"), during = window_of("during");
  const auto charged = [&](const record::Operation& operation) {
    if (!before || operation.intended < before->from || operation.done < before->to) return operation.intended;
    if (operation.intended <= before->to - timeout) return operation.intended;
    if (operation.intended < before->from + before->length() / 2) return operation.intended;
    const std::int64_t next = during ? during->from : before->to;
    return std::max(operation.intended, next);
  };
  samples_.reserve(operations.size());
  for (const record::Operation& operation : operations) {
    if (operation.final_read) continue;
    samples_.push_back({operation.intended, operation.sent, operation.done, charged(operation),
                        number(ops_, operation.op), number(nodes_, operation.node), operation.outcome,
                        operation.declined});
  }
  std::stable_sort(samples_.begin(), samples_.end(),
                   [](const Sample& a, const Sample& b) { return a.intended < b.intended; });
}

std::vector<Sample> Samples::due_before(std::int64_t to, const std::map<std::string, std::string>& filters) const {
  return select({std::numeric_limits<std::int64_t>::min(), to}, &Sample::intended, filters);
}

std::vector<Sample> Samples::due_in(Window window, const std::map<std::string, std::string>& filters) const {
  return select(window, &Sample::charged, filters);
}

std::vector<Sample> Samples::select(Window window, Time time, const std::map<std::string, std::string>& filters) const {
  /// -1: every name passes, -2: none does.
  const auto wanted = [&](const char* filter, const Names& names) -> int {
    const auto given = filters.find(filter);
    if (given == filters.end()) return -1;
    const auto known = names.find(given->second);
    return known == names.end() ? -2 : known->second;
  };
  const int op = wanted("op", ops_), node = wanted("node", nodes_);
  std::vector<Sample> selected;
  std::copy_if(samples_.begin(), samples_.end(), std::back_inserter(selected), [&](const Sample& sample) {
    return window.contains(sample.*time) && (op == -1 || sample.op == op) && (node == -1 || sample.node == node);
  });
  return selected;
}

const std::string& Samples::op_name(const Sample& sample) const {
  return std::find_if(ops_.begin(), ops_.end(), [&](const auto& one) { return one.second == sample.op; })->first;
}

std::vector<std::string> Samples::op_names() const {
  std::vector<std::string> names;
  for (const auto& [name, ignored] : ops_) names.push_back(name);
  return names;
}

}  // namespace withstand::check
