#include "check/txn/cycles.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <unordered_map>

#include <fmt/format.h>

namespace withstand::check {

void add_time(const OperationHistory& history, const Transactions& transactions, bool real_time,
              DependencyGraph& graph) {
  const auto operation = [&](std::uint32_t i) -> const HistoryOperation& {
    return history.operations[transactions.all[i].index];
  };
  const auto count = static_cast<std::uint32_t>(transactions.all.size());
  std::unordered_map<std::uint32_t, std::uint32_t> last;  // by process: its last that ended
  std::vector<std::uint32_t> begins, ends;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!transactions.all[i].possible()) continue;
    const std::uint32_t process = operation(i).process;
    if (const auto before = last.find(process);
        before != last.end() && operation(before->second).end <= operation(i).begin)
      graph.add({before->second, i, 0, 0, depends::process});
    if (transactions.all[i].committed()) {
      last[process] = i;
      ends.push_back(i);
    }
    begins.push_back(i);
  }
  if (!real_time) return;
  std::sort(begins.begin(), begins.end(), [&](auto a, auto b) { return operation(a).begin < operation(b).begin; });
  std::sort(ends.begin(), ends.end(), [&](auto a, auto b) { return operation(a).end < operation(b).end; });
  constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t instant = none;
  std::size_t ended = 0;
  for (const std::uint32_t one : begins) {
    std::uint32_t next = none;
    for (; ended < ends.size() && operation(ends[ended]).end < operation(one).begin; ++ended) {
      if (next == none) next = graph.helper();
      graph.add({ends[ended], next, 0, 0, depends::realtime});
    }
    if (next != none) {
      if (instant != none) graph.add({instant, next, 0, 0, depends::realtime});
      instant = next;
    }
    if (instant != none) graph.add({instant, one, 0, 0, depends::realtime});
  }
}

namespace {

using depends::process;
using depends::realtime;
using depends::rw;
using depends::wr;
using depends::ww;

class CycleFinder {
 public:
  CycleFinder(const OperationHistory& history, const Transactions& transactions, TransactionFacts& facts)
      : history_(history), transactions_(transactions), facts_(facts) {}

  void find() {
    constexpr std::uint8_t all = ww | wr | rw | process | realtime;
    const Components any(facts_.graph, {all, false}, {});
    if (any.count() == 0) return;
    // Everything else happens inside of these.
    among_.resize(facts_.graph.vertices());
    for (std::uint32_t i = 0; i < among_.size(); ++i) among_[i] = any.of(i);
    for (const std::uint8_t extra : {std::uint8_t{0}, process, realtime}) {
      look({static_cast<std::uint8_t>(ww | extra), false}, extra == 0 ? ww : extra);
      look({static_cast<std::uint8_t>(ww | wr | extra), false}, extra == 0 ? wr : extra);
      look_single(extra);
      look({static_cast<std::uint8_t>(ww | wr | rw | extra), true}, extra == 0 ? rw : extra);
      look({static_cast<std::uint8_t>(ww | wr | rw | extra), false}, extra == 0 ? rw : extra);
    }
  }

 private:
  /// One cycle of each component: the shortest of some that go through an edge with this bit.
  void look(CycleKind kind, std::uint8_t through) {
    constexpr std::size_t most_components = 8, most_tries = 24;
    const Components components(facts_.graph, kind, among_);
    if (components.count() == 0) return;
    std::unordered_map<std::uint32_t, std::pair<std::size_t, std::vector<Dependency>>> shortest;
    for (const Dependency& edge : facts_.graph.edges()) {
      if ((edge.why & through) == 0) continue;
      for (const bool after_rw : {false, true}) {
        const std::uint32_t component = components.of(edge.from, after_rw);
        if (component == 0) continue;
        bool then = false;
        if (!components.step(edge, after_rw, then) || components.of(edge.to, then) != component) continue;
        if (shortest.size() >= most_components && !shortest.contains(component)) continue;
        auto& [tries, best] = shortest[component];
        if (tries++ >= most_tries) continue;
        auto cycle = cycle_through(facts_.graph, components, edge, after_rw);
        if (!cycle.empty() && (best.empty() || length(cycle) < length(best))) best = std::move(cycle);
      }
    }
    for (auto& [component, found] : shortest)
      if (!found.second.empty()) add(found.second);
  }

  /// A cycle with one anti-dependency cannot be told by components; each is tried, until enough was done.
  void look_single(std::uint8_t extra) {
    std::int64_t budget = 2'000'000;
    const std::string name = "G-single-item" + suffix(extra);
    const CycleKind kind{static_cast<std::uint8_t>(ww | wr | rw | extra), true};
    const Components components(facts_.graph, kind, among_);
    if (components.count() == 0) return;
    std::vector<Dependency> best;
    std::size_t found = 0;
    for (const Dependency& edge : facts_.graph.edges()) {
      if ((edge.why & rw) == 0 || (edge.why & ~kind.allowed) != 0 || budget <= 0 || found >= 24) continue;
      if (components.of(edge.from) == 0 || components.of(edge.to) == 0) continue;
      auto cycle = way_back(edge, static_cast<std::uint8_t>(ww | wr | extra), budget);
      if (cycle.empty()) continue;
      ++found;
      if (best.empty() || length(cycle) < length(best)) best = std::move(cycle);
    }
    if (!best.empty() && !facts_.anomalies.has(name)) add(best);
  }

  std::vector<Dependency> way_back(const Dependency& first, std::uint8_t allowed, std::int64_t& budget) const {
    std::unordered_map<std::uint32_t, const Dependency*> came_by{{first.to, &first}};
    std::vector<std::uint32_t> queue{first.to};
    for (std::size_t at = 0; at < queue.size() && budget > 0; ++at) {
      for (const Dependency& edge : facts_.graph.out_of(queue[at])) {
        --budget;
        if ((edge.why & ~allowed) != 0 || among_[edge.to] != among_[first.from]) continue;
        if (!came_by.try_emplace(edge.to, &edge).second) continue;
        if (edge.to == first.from) return path(first, came_by);
        queue.push_back(edge.to);
      }
    }
    return {};
  }

  static std::vector<Dependency> path(const Dependency& first,
                                      const std::unordered_map<std::uint32_t, const Dependency*>& came_by) {
    std::vector<Dependency> cycle;
    for (std::uint32_t at = first.from;;) {
      const Dependency* edge = came_by.at(at);
      cycle.push_back(*edge);
      if (edge == &first) break;
      at = edge->from;
    }
    std::reverse(cycle.begin(), cycle.end());
    return cycle;
  }

  [[nodiscard]] std::size_t length(const std::vector<Dependency>& cycle) const {
    return static_cast<std::size_t>(std::count_if(
        cycle.begin(), cycle.end(), [&](const auto& edge) { return !facts_.graph.is_helper(edge.from); }));
  }

  static std::string suffix(std::uint8_t why) {
    return (why & realtime) != 0 ? "-realtime" : (why & process) != 0 ? "-process" : "";
  }

  /// A step from transaction to transaction, with the helpers between left out.
  struct Step {
    std::uint32_t from = 0, to = 0, key = 0, value = 0;
    std::uint8_t why = 0;
  };
  [[nodiscard]] std::vector<Step> steps_of(std::vector<Dependency> cycle) const {
    const auto start = std::find_if(cycle.begin(), cycle.end(),
                                    [&](const Dependency& edge) { return !facts_.graph.is_helper(edge.from); });
    std::rotate(cycle.begin(), start, cycle.end());
    std::vector<Step> steps;
    for (const Dependency& edge : cycle) {
      if (!facts_.graph.is_helper(edge.from)) steps.push_back({edge.from, edge.to, edge.key, edge.value, 0});
      Step& step = steps.back();
      step.why = static_cast<std::uint8_t>(step.why | edge.why);
      step.to = edge.to;
      if (edge.value != 0) step.value = edge.value;
    }
    return steps;
  }

  void add(const std::vector<Dependency>& cycle) {
    const auto steps = steps_of(cycle);
    std::uint8_t why = 0;
    std::size_t anti = 0;
    bool apart = true;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      why = static_cast<std::uint8_t>(why | steps[i].why);
      if ((steps[i].why & rw) == 0) continue;
      ++anti;
      if ((steps[(i + 1) % steps.size()].why & rw) != 0) apart = false;
    }
    std::string name = anti == 1   ? "G-single-item"
                       : anti == 0 ? ((why & wr) != 0 ? "G1c" : "G0")
                       : apart     ? "G-nonadjacent-item"
                                   : "G2-item";
    if ((why & (ww | wr | rw)) == 0) return;
    name += suffix(why);
    const TransactionAnomaly anomaly{name, {}, text_of(steps)};
    auto made = anomaly;
    for (const Step& step : steps) made.transactions.push_back(step.from);
    const bool skew = name == "G2-item" && steps.size() == 2 && steps[0].key != steps[1].key;
    if (skew) facts_.anomalies.add({"write-skew", made.transactions, made.text});
    facts_.anomalies.add(std::move(made));
  }

  [[nodiscard]] std::string text_of(const std::vector<Step>& steps) const {
    std::string text;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const std::size_t a = i + 1, b = (i + 1) % steps.size() + 1;
      text += fmt::format("{}T{} came before T{}: {}", i == 0 ? "" : "; ", a, b, reason(steps[i], a, b));
    }
    return text + ": a cycle";
  }

  [[nodiscard]] std::string reason(const Step& step, std::size_t a, std::size_t b) const {
    const auto key = [&] { return history_.values.show(transactions_.keys[step.key]); };
    const auto value = history_.values.show(transactions_.values[step.value]);
    if ((step.why & rw) != 0) return fmt::format("T{} did not see {} that T{} put into {}", a, value, b, key());
    if ((step.why & ww) != 0) return fmt::format("T{} put {} into {} after what T{} had put there", b, value, key(), a);
    if ((step.why & wr) != 0) return fmt::format("T{} saw {} that T{} had put into {}", b, value, a, key());
    if ((step.why & process) != 0) return fmt::format("the same client did T{} and then T{}", a, b);
    return fmt::format("T{} had ended before T{} began", a, b);
  }

  const OperationHistory& history_;
  const Transactions& transactions_;
  TransactionFacts& facts_;
  std::vector<std::uint32_t> among_;
};

}  // namespace

void find_cycles(const OperationHistory& history, const Transactions& transactions, TransactionFacts& facts) {
  CycleFinder(history, transactions, facts).find();
}

}  // namespace withstand::check
