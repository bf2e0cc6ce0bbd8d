#include "check/linear/containers.hpp"

#include <algorithm>

namespace withstand::check {

namespace {

void add_known(std::vector<std::uint32_t>& out, std::uint32_t index) {
  if (index != ContainedValue::nobody) out.push_back(index);
}

std::optional<ContainerConflict> taken_before_put(std::span<const ContainedValue> values) {
  for (const ContainedValue& value : values) {
    if (value.take == ContainedValue::nobody || value.take_end >= value.put_begin) continue;
    return ContainerConflict{ContainerConflict::Kind::taken_before_put, {value.take, value.put}};
  }
  return std::nullopt;
}

/// Values whose time of surely being there covers the "empty" together, if they do. The time is open at both ends, so
/// two that only touch leave an instant between them.
std::optional<ContainerConflict> covered(std::vector<const ContainedValue*> values,
                                         std::span<const FoundEmpty> empties) {
  std::erase_if(values, [](const ContainedValue* value) { return value->put_end >= value->take_begin; });
  std::sort(values.begin(), values.end(), [](const auto* a, const auto* b) { return a->put_end < b->put_end; });
  // By begin, what reaches furthest of all that began no later.
  std::vector<const ContainedValue*> furthest;
  for (const ContainedValue* value : values)
    furthest.push_back(furthest.empty() || value->take_begin > furthest.back()->take_begin ? value : furthest.back());
  for (const FoundEmpty& empty : empties) {
    ContainerConflict conflict{ContainerConflict::Kind::not_empty, {empty.index}};
    std::int64_t at = empty.begin;
    while (true) {
      const auto after = std::lower_bound(values.begin(), values.end(), at,
                                          [](const auto* value, std::int64_t t) { return value->put_end < t; });
      if (after == values.begin()) break;
      const ContainedValue* value = furthest[static_cast<std::size_t>(after - values.begin()) - 1];
      if (value->take_begin <= at) break;
      add_known(conflict.operations, value->put);
      add_known(conflict.operations, value->take);
      at = value->take_begin;
      if (at > empty.end) return conflict;
    }
  }
  return std::nullopt;
}

std::vector<const ContainedValue*> pointers(std::span<const ContainedValue> values) {
  std::vector<const ContainedValue*> all;
  all.reserve(values.size());
  for (const ContainedValue& value : values) all.push_back(&value);
  return all;
}

}  // namespace

std::optional<ContainerConflict> bag_conflict(std::span<const ContainedValue> values,
                                              std::span<const FoundEmpty> empties) {
  if (auto found = taken_before_put(values)) return found;
  return covered(pointers(values), empties);
}

std::optional<ContainerConflict> queue_conflict(std::span<const ContainedValue> values,
                                                std::span<const FoundEmpty> empties) {
  if (auto found = taken_before_put(values)) return found;
  auto by_end = pointers(values);
  auto by_begin = by_end;
  std::sort(by_end.begin(), by_end.end(), [](const auto* a, const auto* b) { return a->put_end < b->put_end; });
  std::sort(by_begin.begin(), by_begin.end(), [](const auto* a, const auto* b) { return a->put_begin < b->put_begin; });
  std::size_t ended = 0;
  const ContainedValue* latest = nullptr;  // of all put before: the one whose take begins last
  for (const ContainedValue* value : by_begin) {
    for (; ended < by_end.size() && by_end[ended]->put_end < value->put_begin; ++ended)
      if (latest == nullptr || by_end[ended]->take_begin > latest->take_begin) latest = by_end[ended];
    if (latest == nullptr || value->take == ContainedValue::nobody || latest->take_begin <= value->take_end) continue;
    ContainerConflict conflict{ContainerConflict::Kind::out_of_order, {latest->put, value->put, value->take}};
    add_known(conflict.operations, latest->take);
    return conflict;
  }
  return covered(std::move(by_end), empties);
}

namespace {

constexpr std::uint32_t none = UINT32_MAX;

/// Over positions 0..size-1: the largest number of a stretch and where it is. A position that was never set, or was
/// cleared, has the smallest number there is.
class LargestOf {
 public:
  explicit LargestOf(std::size_t size) : size_(size), tree_(2 * std::max<std::size_t>(size, 1), {lowest, none}) {}
  static constexpr std::int64_t lowest = INT64_MIN;
  struct Entry {
    std::int64_t number = lowest;
    std::uint32_t position = none;
    friend bool operator<(const Entry& a, const Entry& b) { return a.number < b.number; }
  };
  void set(std::uint32_t position, std::int64_t number) {
    std::size_t at = position + size_;
    tree_[at] = {number, number == lowest ? none : position};
    for (at /= 2; at >= 1; at /= 2) tree_[at] = std::max(tree_[2 * at], tree_[2 * at + 1]);
  }
  /// Of from <= position < to.
  [[nodiscard]] Entry largest(std::size_t from, std::size_t to) const {
    Entry best;
    for (from += size_, to += size_; from < to; from /= 2, to /= 2) {
      if (from % 2 == 1) best = std::max(best, tree_[from++]);
      if (to % 2 == 1) best = std::max(best, tree_[--to]);
    }
    return best;
  }

 private:
  std::size_t size_;
  std::vector<Entry> tree_;
};

/// How many stretches cover each cell, with additions to whole stretches and a search for a cell that none covers.
class Coverage {
 public:
  explicit Coverage(std::size_t cells) : cells_(std::max<std::size_t>(cells, 1)) {
    while (leaves_ < cells_) leaves_ *= 2;
    least_.assign(2 * leaves_, 0);
    added_.assign(2 * leaves_, 0);
  }
  void add(std::size_t from, std::size_t to, std::int32_t amount) { add(1, 0, leaves_, from, to, amount); }
  /// The first uncovered cell of from <= cell < to; `to` when there is none.
  [[nodiscard]] std::size_t first_free(std::size_t from, std::size_t to) const {
    return first_free(1, 0, leaves_, from, to, 0);
  }

 private:
  void add(std::size_t node, std::size_t left, std::size_t right, std::size_t from, std::size_t to,
           std::int32_t amount) {
    if (to <= left || right <= from) return;
    if (from <= left && right <= to) {
      least_[node] += amount;
      added_[node] += amount;
      return;
    }
    const std::size_t middle = (left + right) / 2;
    add(2 * node, left, middle, from, to, amount);
    add(2 * node + 1, middle, right, from, to, amount);
    least_[node] = std::min(least_[2 * node], least_[2 * node + 1]) + added_[node];
  }
  [[nodiscard]] std::size_t first_free(std::size_t node, std::size_t left, std::size_t right, std::size_t from,
                                       std::size_t to, std::int32_t above) const {
    if (to <= left || right <= from || least_[node] + above > 0) return to;
    if (right - left == 1) return left;
    const std::size_t middle = (left + right) / 2;
    const std::int32_t here = above + added_[node];
    const std::size_t found = first_free(2 * node, left, middle, from, to, here);
    return found < to ? found : first_free(2 * node + 1, middle, right, from, to, here);
  }

  std::size_t cells_, leaves_ = 1;
  std::vector<std::int32_t> least_, added_;
};

/// Instants and the gaps between them as cells: cell 2r is the r-th instant, 2r+1 what lies between it and the next.
class StackJudge {
 public:
  explicit StackJudge(std::span<const ContainedValue> values) {
    for (const ContainedValue& value : values)
      if (value.put_end < value.take_begin)
        values_.push_back(&value);  // the others fit anywhere: pushed and popped at once
    std::sort(values_.begin(), values_.end(), [](const auto* a, const auto* b) { return a->put_end < b->put_end; });
    for (const ContainedValue* value : values_) instants_.insert(instants_.end(), {value->put_end, value->take_begin});
    std::sort(instants_.begin(), instants_.end());
    instants_.erase(std::unique(instants_.begin(), instants_.end()), instants_.end());
  }

  std::optional<ContainerConflict> judge() {
    const std::size_t count = values_.size();
    Coverage coverage(2 * instants_.size());
    LargestOf late_pops(count), waiting(count), ready(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      coverage.add(first_cell(i), last_cell(i), 1);
      late_pops.set(i, values_[i]->take_begin);
      waiting.set(i, negated(values_[i]->put_begin));
    }
    // Stretches of cells that are yet to be judged, and which values lie in them: those whose push ended there.
    std::vector<std::pair<std::size_t, std::size_t>> stretches{{0, 2 * instants_.size()}};
    while (!stretches.empty()) {
      auto [from, to] = stretches.back();
      stretches.pop_back();
      const std::size_t free = coverage.first_free(from, to);
      if (free < to) {
        // Never looked at again: each cell is found free once.
        coverage.add(free, free + 1, 1);
        stretches.emplace_back(free + 1, to);
        if (free > from) stretches.emplace_back(from, free);
        continue;
      }
      const auto [first, last] = values_in(from, to);
      const auto latest = late_pops.largest(first, last);
      if (latest.position == none) continue;
      const std::uint32_t earliest = earliest_in(late_pops, first, last);
      const std::uint32_t around = enclosing({first, last}, earliest, latest.position, waiting, ready);
      if (around == none) return conflict(first, last, late_pops);
      for (LargestOf* tree : {&late_pops, &waiting, &ready}) tree->set(around, LargestOf::lowest);
      coverage.add(first_cell(around), last_cell(around), -1);
      stretches.emplace_back(from, to);
    }
    return std::nullopt;
  }

 private:
  static std::int64_t negated(std::int64_t begin) { return begin == INT64_MIN ? never : -begin; }

  [[nodiscard]] std::size_t rank(std::int64_t t) const {
    return static_cast<std::size_t>(std::lower_bound(instants_.begin(), instants_.end(), t) - instants_.begin());
  }
  [[nodiscard]] std::size_t first_cell(std::uint32_t i) const { return 2 * rank(values_[i]->put_end) + 1; }
  [[nodiscard]] std::size_t last_cell(std::uint32_t i) const { return 2 * rank(values_[i]->take_begin); }

  /// Positions of the values that are surely there somewhere in the stretch; no stretch cuts one in two.
  [[nodiscard]] std::pair<std::size_t, std::size_t> values_in(std::size_t from, std::size_t to) const {
    const auto place = [this](std::size_t cell) {
      // The first value whose time begins at this cell or later.
      return static_cast<std::size_t>(
          std::partition_point(values_.begin(), values_.end(),
                               [&](const ContainedValue* value) { return 2 * rank(value->put_end) + 1 < cell; }) -
          values_.begin());
    };
    return {place(from), place(to)};
  }

  /// The value still there whose push ended first. Those removed are passed over for good.
  std::uint32_t earliest_in(const LargestOf& alive, std::size_t first, std::size_t last) {
    skip_.resize(values_.size() + 1);
    std::size_t at = first;
    while (at < last && alive.largest(at, at + 1).position == none) {
      skip_[at] = std::max<std::size_t>(skip_[at], at + 1);
      const std::size_t next = skip_[at];
      skip_[at] = std::max(next, next < values_.size() ? skip_[next] : next);
      at = next;
    }
    return static_cast<std::uint32_t>(at);
  }

  /// One of the stretch that may begin before all others of it and end after them.
  std::uint32_t enclosing(std::pair<std::size_t, std::size_t> stretch, std::uint32_t earliest, std::uint32_t latest,
                          LargestOf& waiting, LargestOf& ready) {
    const auto [first, last] = stretch;
    // A push that may come first of a stretch may come first of every smaller one.
    while (true) {
      const auto next = waiting.largest(first, last);
      if (next.position == none) break;
      const std::int64_t begin = values_[next.position]->put_begin;
      if (next.position != earliest && begin > values_[earliest]->put_end) break;
      waiting.set(next.position, LargestOf::lowest);
      ready.set(next.position, values_[next.position]->take_end);
    }
    const auto best = ready.largest(first, last);
    if (best.position != none && best.number >= values_[latest]->take_begin) return best.position;
    const bool may_begin = latest == earliest || values_[latest]->put_begin <= values_[earliest]->put_end;
    return may_begin ? latest : none;
  }

  [[nodiscard]] ContainerConflict conflict(std::size_t first, std::size_t last, const LargestOf& alive) const {
    ContainerConflict found{ContainerConflict::Kind::not_nested, {}};
    for (std::size_t i = first; i < last; ++i) {
      if (alive.largest(i, i + 1).position == none) continue;
      add_known(found.operations, values_[i]->put);
      add_known(found.operations, values_[i]->take);
    }
    return found;
  }

  std::vector<const ContainedValue*> values_;
  std::vector<std::int64_t> instants_;
  std::vector<std::size_t> skip_;
};

}  // namespace

std::optional<ContainerConflict> stack_conflict(std::span<const ContainedValue> values,
                                                std::span<const FoundEmpty> empties) {
  if (auto found = taken_before_put(values)) return found;
  if (auto found = covered(pointers(values), empties)) return found;
  return StackJudge(values).judge();
}

}  // namespace withstand::check
