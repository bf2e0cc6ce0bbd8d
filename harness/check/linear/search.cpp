#include "check/linear/search.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "check/linear/configurations.hpp"

namespace withstand::check {

namespace {

constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

/// Operations of unknown outcome that do the same.
struct Alike {
  MachineOperation operation;
  std::vector<std::uint32_t> members;  ///< positions, by begin
  std::vector<std::uint32_t> ranks;    ///< how many ends of certain operations come before each begin
  std::uint32_t certain = none;        ///< the group of the certain ones that do the same
};

using What = std::tuple<MachineOperation::Kind, std::uint32_t, std::uint32_t, std::int64_t>;
What what_of(const MachineOperation& operation) { return {operation.kind, operation.a, operation.b, operation.delta}; }

class Search {
 public:
  Search(std::span<const SearchOperation> operations, Machine& machine, const SearchLimits& limits)
      : operations_(operations), machine_(machine), limits_(limits) {
    sort_events();
    group_certain();
    group_unknown();
  }

  SearchResult run() {
    state_ = machine_.initial();
    configurations_.prepare(used_.size());
    SearchResult result;
    while (true) {
      if (next_[head_] == head_) return finished();
      if ((++steps_ & 0x3ff) == 0 && given_up(result)) return result;
      if (advance()) continue;
      note_stuck();
      if (!backtrack()) break;
    }
    result.answer = SearchResult::Answer::not_linearizable;
    result.stuck = certain_[deepest_call_];
    result.states = stuck_states_;
    result.configurations = configurations_.size();
    return result;
  }

 private:
  /// A choice made, and where to go on when it led nowhere.
  struct Frame {
    std::uint32_t what = 0;   ///< a certain operation's number, or a group's
    std::uint32_t state = 0;  ///< before it
    bool unknown = false;
    bool forced = false;  ///< no other choice need be tried
  };

  // Events are nodes of a doubly linked list: calls and returns of the certain operations, in time. Node 2i is the call
  // of certain operation i, 2i+1 its return; the head comes last.
  [[nodiscard]] static bool is_call(std::uint32_t node) { return node % 2 == 0; }

  void sort_events() {
    for (std::uint32_t i = 0; i < operations_.size(); ++i)
      if (operations_[i].must_happen) certain_.push_back(i);
    std::stable_sort(certain_.begin(), certain_.end(),
                     [this](std::uint32_t a, std::uint32_t b) { return operations_[a].begin < operations_[b].begin; });
    const auto count = static_cast<std::uint32_t>(certain_.size());
    std::vector<std::uint32_t> nodes(2 * std::size_t{count});
    for (std::uint32_t node = 0; node < nodes.size(); ++node) nodes[node] = node;
    // Calls before returns at one instant: intervals are closed.
    std::sort(nodes.begin(), nodes.end(), [this](std::uint32_t a, std::uint32_t b) {
      const auto key = [this](std::uint32_t node) {
        const SearchOperation& one = operations_[certain_[node / 2]];
        return std::tuple(is_call(node) ? one.begin : one.end, !is_call(node), node);
      };
      return key(a) < key(b);
    });
    head_ = 2 * count;
    next_.resize(std::size_t{head_} + 1);
    previous_.resize(std::size_t{head_} + 1);
    calls_before_.resize(count);
    ends_before_.resize(count);
    std::uint32_t last = head_, calls = 0, ends = 0;
    for (const std::uint32_t node : nodes) {
      link(last, node);
      last = node;
      if (is_call(node)) {
        ++calls;
        continue;
      }
      calls_before_[node / 2] = calls;
      ends_before_[node / 2] = ends++;
      ends_.push_back(operations_[certain_[node / 2]].end);
    }
    link(last, head_);
    taken_.resize((std::size_t{count} + 63) / 64);
    marks_.resize(count);
    std::uint64_t seed = 0x2545f4914f6cdd1dULL;
    for (std::uint64_t& mark : marks_) mark = seed = mixed(seed + 0x9e3779b97f4a7c15ULL);
  }

  /// Certain operations that do the same, by end.
  void group_certain() {
    group_of_.assign(certain_.size(), none);
    std::vector<std::pair<std::uint32_t, std::uint32_t>> by_end;  // which end, and whose
    for (std::uint32_t i = 0; i < certain_.size(); ++i)
      if (!changes_nothing(certain(i))) by_end.emplace_back(ends_before_[i], i);
    std::sort(by_end.begin(), by_end.end());
    for (const auto& [end, i] : by_end) {
      const auto [place, fresh] = groups_.try_emplace(what_of(certain(i)), static_cast<std::uint32_t>(same_.size()));
      if (fresh) same_.emplace_back();
      group_of_[i] = place->second;
      same_[place->second].push_back(i);
    }
    best_.assign(same_.size(), none);
  }

  /// Whether one of the group could be placed now. Looks at a few only: more would find little and cost much.
  [[nodiscard]] bool some_can_be_placed(std::uint32_t group, std::uint32_t first) const {
    constexpr std::ptrdiff_t most = 64;
    const auto& members = same_[group];
    const auto from = std::lower_bound(members.begin(), members.end(), ends_before_[first],
                                       [this](std::uint32_t i, std::uint32_t end) { return ends_before_[i] < end; });
    return std::any_of(from, from + std::min(most, members.end() - from), [&](std::uint32_t i) {
      return i < calls_before_[first] && (taken_[i / 64] >> (i % 64) & 1U) == 0;
    });
  }

  /// Values that some operation can only have seen where they were put; nothing where that cannot be told.
  [[nodiscard]] std::optional<std::unordered_set<std::uint32_t>> seen_values() const {
    using Kind = MachineOperation::Kind;
    std::unordered_set<std::uint32_t> seen;
    for (const SearchOperation& one : operations_) {
      switch (one.operation.kind) {
        case Kind::read:
        case Kind::cas:
        case Kind::remove:
        case Kind::holds:
          seen.insert(one.operation.a);
          break;
        case Kind::write:
        case Kind::insert:
        case Kind::lacks:
          break;
        default:
          return std::nullopt;
      }
    }
    return seen;
  }

  void group_unknown() {
    const auto seen = seen_values();
    std::map<What, std::size_t> places;
    for (std::uint32_t i = 0; i < operations_.size(); ++i) {
      const auto kind = operations_[i].operation.kind;
      const auto a = operations_[i].operation.a, b = operations_[i].operation.b;
      if (operations_[i].must_happen || changes_nothing(operations_[i].operation)) continue;
      // What nobody saw need not have happened: taking it to have could only be in the way.
      const bool puts = kind == MachineOperation::Kind::write || kind == MachineOperation::Kind::insert;
      const bool swaps = kind == MachineOperation::Kind::cas;
      if (seen && (puts || swaps) && !seen->contains(swaps ? b : a)) continue;
      const auto [place, fresh] = places.try_emplace(what_of(operations_[i].operation), alike_.size());
      if (fresh) alike_.push_back({operations_[i].operation, {}, {}});
      alike_[place->second].members.push_back(i);
    }
    for (Alike& group : alike_) {
      const auto certain_ones = groups_.find(what_of(group.operation));
      if (certain_ones != groups_.end()) group.certain = certain_ones->second;
      std::sort(group.members.begin(), group.members.end(), [this](std::uint32_t a, std::uint32_t b) {
        return std::tuple(operations_[a].begin, a) < std::tuple(operations_[b].begin, b);
      });
      for (const std::uint32_t member : group.members)
        group.ranks.push_back(static_cast<std::uint32_t>(
            std::lower_bound(ends_.begin(), ends_.end(), operations_[member].begin) - ends_.begin()));
    }
    used_.assign(alike_.size(), 0);
  }

  void link(std::uint32_t a, std::uint32_t b) {
    next_[a] = b;
    previous_[b] = a;
  }
  void unlink(std::uint32_t node) { link(previous_[node], next_[node]); }
  void relink(std::uint32_t node) { next_[previous_[node]] = previous_[next_[node]] = node; }

  void take(std::uint32_t i) {
    unlink(2 * i);
    unlink(2 * i + 1);
    taken_[i / 64] |= std::uint64_t{1} << (i % 64);
    hash_ ^= marks_[i];
    while (low_ < taken_.size() && taken_[low_] == ~std::uint64_t{0}) ++low_;
  }
  void put_back(std::uint32_t i) {
    relink(2 * i + 1);
    relink(2 * i);
    taken_[i / 64] &= ~(std::uint64_t{1} << (i % 64));
    hash_ ^= marks_[i];
    low_ = std::min<std::size_t>(low_, i / 64);
  }

  [[nodiscard]] const MachineOperation& certain(std::uint32_t i) const { return operations_[certain_[i]].operation; }

  /// Goes one choice further from where `resume_` says; false when there is none left.
  bool advance() {
    if (resume_ == Resume::fresh) {
      if (take_what_changes_nothing()) return true;
      tried_ = 0;
      resume_ = Resume::certain;
    }
    if (resume_ == Resume::certain) {
      collect_candidates();
      for (const std::uint32_t i : candidates_)
        if (try_certain(i)) return true;
      resume_ = Resume::unknown;
      group_ = 0;
    }
    return try_unknown();
  }

  /// Of each group what could be placed now and must end first, from end number `tried_` on. In the order of their
  /// ends: what can wait is placed late, so that more is left to choose from.
  void collect_candidates() {
    candidates_.clear();
    for (std::uint32_t node = next_[head_]; is_call(node); node = next_[node]) {
      const std::uint32_t i = node / 2, group = group_of_[i];
      if (group == none) continue;
      std::uint32_t& best = best_[group];
      if (best == none) found_.push_back(group);
      if (best == none || ends_before_[i] < ends_before_[best]) best = i;
    }
    for (const std::uint32_t group : found_) {
      const std::uint32_t best = std::exchange(best_[group], none);
      if (ends_before_[best] >= tried_) candidates_.push_back(best);
    }
    found_.clear();
    std::sort(candidates_.begin(), candidates_.end(),
              [this](std::uint32_t one, std::uint32_t other) { return ends_before_[one] < ends_before_[other]; });
  }

  /// The call of the first operation that must be placed before anything later can be.
  [[nodiscard]] std::uint32_t first_return() const {
    std::uint32_t node = next_[head_];
    while (is_call(node)) node = next_[node];
    return node / 2;
  }

  bool take_what_changes_nothing() {
    for (std::uint32_t node = next_[head_]; is_call(node); node = next_[node]) {
      const std::uint32_t i = node / 2;
      if (!changes_nothing(certain(i)) || machine_.step(state_, certain(i)) == Machine::illegal) continue;
      frames_.push_back({i, state_, false, true});
      take(i);
      note_depth();
      return true;
    }
    return false;
  }

  bool try_certain(std::uint32_t i) {
    const std::uint32_t after = machine_.step(state_, certain(i));
    if (after == Machine::illegal) return false;
    take(i);
    if (!remember(after)) {
      put_back(i);
      return false;
    }
    frames_.push_back({i, state_, false, false});
    enter(after);
    return true;
  }

  bool try_unknown() {
    if (next_[head_] == head_) return false;
    const std::uint32_t first = first_return(), rank = ends_before_[first];
    for (; group_ < alike_.size(); ++group_) {
      const Alike& group = alike_[group_];
      std::uint16_t& used = used_[group_];
      if (used >= group.members.size() || group.ranks[used] > rank || used == UINT16_MAX) continue;
      if (group.certain != none && some_can_be_placed(group.certain, first)) continue;
      const std::uint32_t after = machine_.step(state_, group.operation);
      if (after == Machine::illegal || after == state_) continue;
      ++used;
      if (remember(after)) {
        frames_.push_back({group_, state_, true, false});
        enter(after);
        return true;
      }
      --used;
    }
    return false;
  }

  void enter(std::uint32_t state) {
    state_ = state;
    resume_ = Resume::fresh;
    note_depth();
  }

  void note_depth() {
    resume_ = Resume::fresh;
    if (next_[head_] == head_) return;
    const std::uint32_t i = first_return();
    if (deepest_call_ != none && ends_before_[i] <= ends_before_[deepest_call_]) return;
    deepest_call_ = i;
    stuck_states_.clear();
  }

  void note_stuck() {
    constexpr std::size_t most = 8;
    if (deepest_call_ == none) deepest_call_ = first_return();
    if (stuck_states_.size() >= most || first_return() != deepest_call_) return;
    if (std::find(stuck_states_.begin(), stuck_states_.end(), state_) == stuck_states_.end())
      stuck_states_.push_back(state_);
  }

  bool remember(std::uint32_t state) {
    // Nothing that began after the first end still to come can have been taken.
    const std::size_t high = next_[head_] == head_
                                 ? taken_.size()
                                 : std::min(taken_.size(), (std::size_t{calls_before_[first_return()]} + 63) / 64);
    const std::size_t low = std::min(low_, high);
    const std::span words(taken_.data() + low, high - low);
    return configurations_.add(hash_, state, static_cast<std::uint32_t>(low), words, used_);
  }

  bool backtrack() {
    while (!frames_.empty()) {
      const Frame frame = frames_.back();
      frames_.pop_back();
      state_ = frame.state;
      if (frame.unknown) {
        --used_[frame.what];
        resume_ = Resume::unknown;
        group_ = frame.what + 1;
        return true;
      }
      put_back(frame.what);
      if (frame.forced) continue;
      resume_ = Resume::certain;
      tried_ = ends_before_[frame.what] + 1;
      return true;
    }
    return false;
  }

  bool given_up(SearchResult& result) {
    result.configurations = configurations_.size();
    if (limits_.stop != nullptr && limits_.stop->load(std::memory_order_relaxed)) {
      result.answer = SearchResult::Answer::stopped;
    } else if (configurations_.bytes() > limits_.memory) {
      result.answer = SearchResult::Answer::out_of_memory;
    } else if (std::chrono::steady_clock::now() > limits_.deadline) {
      result.answer = SearchResult::Answer::out_of_time;
    } else {
      return false;
    }
    return true;
  }

  SearchResult finished() {
    SearchResult result;
    std::vector<std::uint32_t> used(alike_.size(), 0);
    for (const Frame& frame : frames_)
      result.order.push_back(frame.unknown ? alike_[frame.what].members[used[frame.what]++] : certain_[frame.what]);
    result.configurations = configurations_.size();
    return result;
  }

  static std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
  }

  enum class Resume : std::uint8_t { fresh, certain, unknown };

  std::span<const SearchOperation> operations_;
  Machine& machine_;
  const SearchLimits& limits_;
  std::vector<std::uint32_t> certain_;  // positions of the operations that must happen, by begin
  std::vector<std::uint32_t> next_, previous_;
  std::vector<std::uint32_t> calls_before_, ends_before_;  // by certain operation: how many come before its end
  std::vector<std::int64_t> ends_;                         // sorted
  std::map<What, std::uint32_t> groups_;                   // of certain operations that do the same, into same_
  std::vector<std::vector<std::uint32_t>> same_;           // certain operations, by end
  std::vector<std::uint32_t> group_of_;                    // by certain operation; none: it changes nothing
  std::vector<std::uint32_t> candidates_, best_, found_;   // for collect_candidates(): best_ by group
  std::vector<std::uint64_t> taken_, marks_;
  std::vector<Alike> alike_;
  std::vector<std::uint16_t> used_;
  std::vector<Frame> frames_;
  std::vector<std::uint32_t> stuck_states_;
  Configurations configurations_;
  std::uint64_t hash_ = 0, steps_ = 0;
  std::size_t low_ = 0;
  std::uint32_t head_ = 0, state_ = 0, tried_ = 0, group_ = 0, deepest_call_ = none;
  Resume resume_ = Resume::fresh;
};

}  // namespace

SearchResult search_order(std::span<const SearchOperation> operations, Machine& machine, const SearchLimits& limits) {
  return Search(operations, machine, limits).run();
}

}  // namespace withstand::check
