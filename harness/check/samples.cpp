#include "check/samples.hpp"

#include <algorithm>
#include <limits>

namespace withstand::check {

namespace {

template <class Names>
std::uint16_t number(Names& names, const std::string& name) {
  const auto known = names.find(name);
  if (known != names.end()) return known->second;
  return names.emplace(name, static_cast<std::uint16_t>(names.size())).first->second;
}

}  // namespace

Samples::Samples(std::span<const record::Operation> operations) {
  samples_.reserve(operations.size());
  for (const record::Operation& operation : operations) {
    if (operation.final_read) continue;
    samples_.push_back({operation.intended, operation.sent, operation.done, number(ops_, operation.op),
                        number(nodes_, operation.node), operation.outcome});
  }
  std::stable_sort(samples_.begin(), samples_.end(),
                   [](const Sample& a, const Sample& b) { return a.intended < b.intended; });
}

std::vector<Sample> Samples::due_before(std::int64_t to, const std::map<std::string, std::string>& filters) const {
  return select(std::numeric_limits<std::int64_t>::min(), to, filters);
}

std::vector<Sample> Samples::due_in(Window window, const std::map<std::string, std::string>& filters) const {
  return select(window.from, window.to, filters);
}

std::vector<Sample> Samples::select(std::int64_t from, std::int64_t to,
                                    const std::map<std::string, std::string>& filters) const {
  /// -1: every name passes, -2: none does.
  const auto wanted = [&](const char* filter, const Names& names) -> int {
    const auto given = filters.find(filter);
    if (given == filters.end()) return -1;
    const auto known = names.find(given->second);
    return known == names.end() ? -2 : known->second;
  };
  const int op = wanted("op", ops_), node = wanted("node", nodes_);
  const auto by_due = [](const Sample& sample, std::int64_t t) { return sample.intended < t; };
  const auto first = std::lower_bound(samples_.begin(), samples_.end(), from, by_due);
  const auto last = std::lower_bound(first, samples_.end(), to, by_due);
  std::vector<Sample> selected;
  std::copy_if(first, last, std::back_inserter(selected), [&](const Sample& sample) {
    return (op == -1 || sample.op == op) && (node == -1 || sample.node == node);
  });
  return selected;
}

std::vector<std::string> Samples::op_names() const {
  std::vector<std::string> names;
  for (const auto& [name, ignored] : ops_) names.push_back(name);
  return names;
}

}  // namespace withstand::check
