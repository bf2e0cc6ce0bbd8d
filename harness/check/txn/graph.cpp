#include "check/txn/graph.hpp"

#include <algorithm>
#include <deque>
#include <unordered_map>

namespace withstand::check {

void DependencyGraph::add_all(std::span<const std::uint32_t> from, std::span<const std::uint32_t> to,
                              std::span<const std::uint32_t> values, std::uint32_t key, std::uint8_t why) {
  constexpr std::size_t few = 8;
  if (from.size() <= 2 || to.size() <= few) {
    for (const std::uint32_t a : from)
      for (std::size_t i = 0; i < to.size(); ++i) add({a, to[i], key, values[i], why});
    return;
  }
  // Two chains of helpers, one to all up to a place and one to all from it on, so that each can leave itself out.
  std::vector<std::uint32_t> up_to(to.size()), from_on(to.size());
  std::unordered_map<std::uint32_t, std::size_t> places;
  for (std::size_t i = 0; i < to.size(); ++i) {
    places.emplace(to[i], i);
    up_to[i] = helper();
    add({up_to[i], to[i], key, values[i], depends::pass});
    if (i > 0) add({up_to[i], up_to[i - 1], key, 0, depends::pass});
  }
  for (std::size_t i = to.size(); i-- > 0;) {
    from_on[i] = helper();
    add({from_on[i], to[i], key, values[i], depends::pass});
    if (i + 1 < to.size()) add({from_on[i], from_on[i + 1], key, 0, depends::pass});
  }
  for (const std::uint32_t a : from) {
    const auto own = places.find(a);
    if (own == places.end()) {
      add({a, up_to.back(), key, 0, why});
      continue;
    }
    if (own->second > 0) add({a, up_to[own->second - 1], key, 0, why});
    if (own->second + 1 < to.size()) add({a, from_on[own->second + 1], key, 0, why});
  }
}

void DependencyGraph::close() {
  starts_.assign(std::size_t{vertices_} + 1, 0);
  for (const Dependency& edge : edges_) ++starts_[edge.from + std::size_t{1}];
  for (std::size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
  std::vector<Dependency> sorted(edges_.size());
  std::vector<std::size_t> next(starts_.begin(), starts_.end() - 1);
  for (const Dependency& edge : edges_) sorted[next[edge.from]++] = edge;
  edges_.swap(sorted);
}

Components::Components(const DependencyGraph& graph, CycleKind kind, std::span<const std::uint32_t> among)
    : graph_(graph), kind_(kind), among_(among) {
  const std::size_t nodes = 2 * std::size_t{graph.vertices()};
  component_.assign(nodes, 0);
  order_.assign(nodes, 0);
  low_.assign(nodes, 0);
  open_.assign(nodes, false);
  for (std::uint32_t vertex = 0; vertex < graph.vertices(); ++vertex) {
    if (!among_.empty() && among_[vertex] == 0) continue;
    for (const std::uint32_t node : {2 * vertex, 2 * vertex + 1})
      if (order_[node] == 0 && (node % 2 == 0 || kind_.rw_apart)) visit(node);
  }
  order_ = {};
  low_ = {};
  open_ = {};
}

bool Components::step(const Dependency& edge, bool after_rw, bool& then) const {
  if ((edge.why & ~kind_.allowed) != 0) return false;
  if (!among_.empty() && among_[edge.from] != among_[edge.to]) return false;
  const bool anti = (edge.why & depends::rw) != 0;
  if (anti && after_rw && kind_.rw_apart) return false;
  then = kind_.rw_apart && (anti || (edge.why == depends::pass && after_rw));
  return true;
}

/// Without recursion: histories have chains of millions.
void Components::visit(std::uint32_t root) {
  struct Frame {
    std::uint32_t node;
    std::size_t edge;
  };
  std::vector<Frame> frames{{root, 0}};
  order_[root] = low_[root] = ++next_;
  stack_.push_back(root);
  open_[root] = true;
  while (!frames.empty()) {
    auto& [node, at] = frames.back();
    const auto edges = graph_.out_of(node / 2);
    if (at < edges.size()) {
      const Dependency& edge = edges[at++];
      bool then = false;
      if (!step(edge, node % 2 == 1, then)) continue;
      const std::uint32_t next = 2 * edge.to + (then ? 1 : 0);
      if (order_[next] == 0) {
        order_[next] = low_[next] = ++next_;
        stack_.push_back(next);
        open_[next] = true;
        frames.push_back({next, 0});
      } else if (open_[next]) {
        low_[node] = std::min(low_[node], order_[next]);
      }
      continue;
    }
    const std::uint32_t done = node;
    frames.pop_back();
    if (!frames.empty()) low_[frames.back().node] = std::min(low_[frames.back().node], low_[done]);
    if (low_[done] != order_[done]) continue;
    const bool alone = stack_.back() == done;
    if (!alone) ++count_;
    for (std::uint32_t member = 0; member != done || open_[done];) {
      member = stack_.back();
      stack_.pop_back();
      open_[member] = false;
      component_[member] = alone ? 0 : count_;
      if (member == done) break;
    }
  }
}

std::vector<Dependency> cycle_through(const DependencyGraph& graph, const Components& components,
                                      const Dependency& first, bool after_rw) {
  const std::uint32_t start = 2 * first.from + (after_rw ? 1 : 0);
  const std::uint32_t component = components.of(first.from, after_rw);
  bool then = false;
  if (component == 0 || !components.step(first, after_rw, then)) return {};
  const std::uint32_t begin = 2 * first.to + (then ? 1 : 0);
  std::unordered_map<std::uint32_t, std::pair<std::uint32_t, const Dependency*>> came_from;
  came_from.emplace(begin, std::pair(start, &first));
  std::deque<std::uint32_t> queue{begin};
  while (!queue.empty() && !came_from.contains(start)) {
    const std::uint32_t node = queue.front();
    queue.pop_front();
    for (const Dependency& edge : graph.out_of(node / 2)) {
      if (!components.step(edge, node % 2 == 1, then)) continue;
      const std::uint32_t next = 2 * edge.to + (then ? 1 : 0);
      if (components.of(edge.to, then) != component || !came_from.try_emplace(next, node, &edge).second) continue;
      queue.push_back(next);
    }
  }
  if (!came_from.contains(start)) return {};
  std::vector<Dependency> cycle;
  std::uint32_t node = start;
  do {
    const auto& [before, edge] = came_from.at(node);
    cycle.push_back(*edge);
    node = before;
  } while (node != start);
  std::reverse(cycle.begin(), cycle.end());
  return cycle;
}

}  // namespace withstand::check
