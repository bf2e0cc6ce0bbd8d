#include "check/linear/growing_set.hpp"

#include <algorithm>
#include <limits>

namespace withstand::check {

namespace {

constexpr std::uint32_t unseen = std::numeric_limits<std::uint32_t>::max();

class GrowingSet {
 public:
  GrowingSet(std::span<const SearchOperation> operations, std::span<const std::string> snapshots)
      : operations_(operations), snapshots_(snapshots) {}

  std::optional<GrowingSetConflict> judge() {
    for (std::uint32_t i = 0; i < operations_.size(); ++i) (is_read(i) ? reads_ : adds_).push_back(i);
    if (auto found = order_reads()) return found;
    place_adds();
    if (auto found = from_nowhere()) return found;
    return misplaced();
  }

 private:
  [[nodiscard]] bool is_read(std::uint32_t i) const {
    return operations_[i].operation.kind == MachineOperation::Kind::snapshot;
  }
  [[nodiscard]] const std::string& seen_by(std::uint32_t read) const {
    return snapshots_[operations_[read].operation.a];
  }

  /// Levels are sets seen, by size; a member's level is the first that holds it.
  std::optional<GrowingSetConflict> order_reads() {
    places_.resize(operations_.size());
    std::vector<std::size_t> sizes(operations_.size());
    for (const std::uint32_t read : reads_)
      sizes[read] = static_cast<std::size_t>(std::count(seen_by(read).begin(), seen_by(read).end(), 1));
    std::stable_sort(reads_.begin(), reads_.end(), [&](auto a, auto b) { return sizes[a] < sizes[b]; });
    std::size_t below = 0;  // members of the level so far
    std::uint32_t before = unseen;
    for (const std::uint32_t read : reads_) {
      const std::string& members = seen_by(read);
      if (members.size() > levels_.size()) {
        levels_.resize(members.size(), unseen);
        first_read_.resize(members.size(), 0);
      }
      if (sizes[read] > below) ++level_;
      std::size_t held = 0;
      for (std::uint32_t member = 0; member < members.size(); ++member) {
        if (members[member] == 0) continue;
        if (levels_[member] == unseen && sizes[read] > below) {
          levels_[member] = level_;
          first_read_[member] = read;
        } else if (levels_[member] < level_ || sizes[read] == below) {
          held += levels_[member] == unseen ? std::size_t{0} : std::size_t{1};
        }
      }
      if (before != unseen && held < below)
        return GrowingSetConflict{GrowingSetConflict::Kind::incomparable, before, read, std::nullopt};
      below = sizes[read];
      before = read;
      places_[read] = 2 * std::int64_t{level_};
    }
    return std::nullopt;
  }

  void place_adds() {
    for (const std::uint32_t add : adds_) {
      const std::uint32_t member = operations_[add].operation.a;
      if (added_.size() <= member) added_.resize(member + std::size_t{1}, false);
      added_[member] = true;
      const bool seen = member < levels_.size() && levels_[member] != unseen;
      places_[add] = seen                           ? 2 * std::int64_t{levels_[member]} - 1
                     : operations_[add].must_happen ? 2 * std::int64_t{level_} + 1
                                                    : never_happened;
    }
  }

  std::optional<GrowingSetConflict> from_nowhere() const {
    for (std::uint32_t member = 0; member < levels_.size(); ++member)
      if (levels_[member] != unseen && (member >= added_.size() || !added_[member]))
        return GrowingSetConflict{GrowingSetConflict::Kind::from_nowhere, first_read_[member], first_read_[member],
                                  std::nullopt};
    return std::nullopt;
  }

  /// One that had ended before another began, and must come after it.
  std::optional<GrowingSetConflict> misplaced() const {
    std::vector<std::uint32_t> by_begin, by_end;
    for (std::uint32_t i = 0; i < operations_.size(); ++i) {
      if (places_[i] == never_happened) continue;
      by_begin.push_back(i);
      if (operations_[i].must_happen) by_end.push_back(i);
    }
    std::sort(by_begin.begin(), by_begin.end(),
              [this](auto a, auto b) { return operations_[a].begin < operations_[b].begin; });
    std::sort(by_end.begin(), by_end.end(), [this](auto a, auto b) { return operations_[a].end < operations_[b].end; });
    std::size_t ended = 0;
    std::uint32_t latest = unseen;
    for (const std::uint32_t one : by_begin) {
      for (; ended < by_end.size() && operations_[by_end[ended]].end < operations_[one].begin; ++ended)
        if (latest == unseen || places_[by_end[ended]] > places_[latest]) latest = by_end[ended];
      if (latest == unseen || places_[latest] <= places_[one]) continue;
      GrowingSetConflict conflict{GrowingSetConflict::Kind::misplaced, latest, one, std::nullopt};
      if (!is_read(one) && !is_read(latest)) conflict.witness = first_read_[operations_[one].operation.a];
      return conflict;
    }
    return std::nullopt;
  }

  static constexpr std::int64_t never_happened = -1;
  std::span<const SearchOperation> operations_;
  std::span<const std::string> snapshots_;
  std::vector<std::uint32_t> reads_, adds_, levels_, first_read_;
  std::vector<std::int64_t> places_;  // in the order that the reads say; equal ones can be in either
  std::vector<bool> added_;
  std::uint32_t level_ = 0;
};

}  // namespace

std::optional<GrowingSetConflict> growing_set_conflict(std::span<const SearchOperation> operations,
                                                       std::span<const std::string> snapshots) {
  return GrowingSet(operations, snapshots).judge();
}

}  // namespace withstand::check
