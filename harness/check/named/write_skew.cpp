#include "check/named/write_skew.hpp"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include "check/named/evidence.hpp"

namespace withstand::check {

Finding judge_write_skew(const OperationHistory& history) {
  Finding out;
  std::unordered_map<Value, std::vector<std::uint32_t>, ValueHash> pairs;
  std::uint64_t done = 0, skewed = 0, together = 0;
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
    const HistoryOperation& operation = history.operations[i];
    if (history.f_of(operation) != "insert" || history.values.items(operation.input).size() != 2)
      return misfit_of(history, operation, "insert [a nothing] and insert [nothing b]");
    if (operation.outcome != record::Outcome::dropped) pairs[operation.key].push_back(i);
  }
  for (const auto& [key, inserts] : pairs) {
    std::vector<std::uint32_t> both;
    for (const std::uint32_t one : inserts)
      if (history.operations[one].outcome == record::Outcome::ok) both.push_back(one);
    done += both.size();
    if (inserts.size() > 1) {
      const auto &a = history.operations[inserts[0]], &b = history.operations[inserts[1]];
      together += a.begin <= b.end && b.begin <= a.end ? 1 : 0;
    }
    if (both.size() < 2) continue;
    if (skewed++ < 3)
      accuse(history, out, "write skew", both,
             "Each looked for the other's half before it made its own, and found nothing: one of them must have come "
             "first.");
  }
  out.summary =
      fmt::format("{} of {} pairs have both halves; {} were tried from both sides at once, {} inserts were done",
                  skewed, pairs.size(), together, done);
  if (done == 0) too_little(out, "no insert succeeded");
  if (together == 0) too_little(out, "no pair was tried from both sides at once");
  return out;
}

}  // namespace withstand::check
