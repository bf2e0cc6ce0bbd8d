#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "check/named/evidence.hpp"
#include "check/named/named.hpp"

namespace withstand::check {

Finding misfit_of(const OperationHistory& history, const HistoryOperation& operation, std::string_view known) {
  Finding out;
  out.misfit = fmt::format("line {}: the operation is \"{}\", or its value does not fit; known are {}", operation.line,
                           history.f_of(operation), known);
  return out;
}

void too_little(Finding& out, std::string_view why) {
  if (out.judgement == Judgement::failed) return;
  out.judgement = Judgement::inconclusive;
  out.summary = why;
}

namespace {

constexpr std::uint32_t none = UINT32_MAX;

struct Member {
  std::uint32_t add = none;  ///< the first, by begin
  bool attempted = false, acknowledged = false, failed = false;
  std::int64_t known = never;       ///< from when on it must be seen
  std::int64_t known_time = never;  ///< the same for people
  std::uint32_t last_seen = none;   ///< read
};

/// One set.
struct SetOfKey {
  std::unordered_map<Value, Member, ValueHash> members;
  std::vector<std::uint32_t> reads;
};

class SetJudge {
 public:
  explicit SetJudge(const OperationHistory& history) : history_(history) {}

  Finding judge() {
    for (std::uint32_t i = 0; i < history_.operations.size(); ++i) {
      const HistoryOperation& operation = history_.operations[i];
      const auto f = history_.f_of(operation);
      if (is_one_of(f, {"add", "insert"})) {
        take_add(i);
      } else if (!is_one_of(f, {"read", "get"})) {
        return misfit_of(history_, operation, "add and read");
      } else if (operation.outcome == record::Outcome::ok) {
        if (!operation.output.is_collection() && !operation.output.is_nil())
          return misfit_of(history_, operation, "reads of a whole set");
        sets_[operation.key].reads.push_back(i);
      }
    }
    for (SetOfKey& set : sets_) look_at(set);
    return conclude();
  }

 private:
  [[nodiscard]] const HistoryOperation& at(std::uint32_t i) const { return history_.operations[i]; }

  void look_at(SetOfKey& set) {
    for (const std::uint32_t read : set.reads) take_read(set, read);
    reads_ += set.reads.size();
    std::sort(set.reads.begin(), set.reads.end(), [this](auto a, auto b) { return at(a).begin < at(b).begin; });
    for (const std::uint32_t read : set.reads)
      for (const Value& member : history_.values.items(at(read).output)) set.members[member].last_seen = read;
    find_lost(set);
  }

  void take_add(std::uint32_t i) {
    const HistoryOperation& add = at(i);
    if (add.outcome == record::Outcome::dropped) return;
    Member& member = sets_[add.key].members[add.input];
    if (add.outcome == record::Outcome::fail) {
      member.failed = true;
      if (member.add == none) member.add = i;
      return;
    }
    member.attempted = true;
    member.add = i;
    if (add.outcome != record::Outcome::ok) return;
    ++acknowledged_;
    member.acknowledged = true;
    if (add.end < member.known) {
      member.known = add.end;
      member.known_time = add.end_time;
    }
  }

  void take_read(SetOfKey& set, std::uint32_t i) {
    auto seen = history_.values.items(at(i).output);
    std::vector<Value> sorted(seen.begin(), seen.end());
    std::sort(sorted.begin(), sorted.end(), [](const Value& a, const Value& b) {
      return std::tuple(a.tag, a.number, a.size) < std::tuple(b.tag, b.number, b.size);
    });
    if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end() && duplicates_++ < 3)
      accuse(history_, out_, "a member twice", std::span(&i, 1),
             fmt::format("It saw {} more than once.", history_.values.show(*twice)));
    for (const Value& value : seen) {
      Member& member = set.members[value];
      if (!member.attempted && unexpected_++ < 3)
        accuse(history_, out_, "from nowhere", std::span(&i, 1),
               fmt::format("It saw {}, {}.", history_.values.show(value),
                           member.failed ? "whose add had failed" : "which nobody had added"));
      if (at(i).end < member.known) {
        member.known = at(i).end;
        member.known_time = at(i).end_time;
      }
    }
  }

  /// From the last read back: a member that one lacks was seen later, or is lost.
  void find_lost(SetOfKey& set) {
    std::vector<std::pair<const Value*, Member*>> open;
    for (auto& [value, member] : set.members) {
      if (!member.attempted) continue;
      if (!member.acknowledged && member.last_seen != none) ++recovered_;
      if (member.known == never) continue;
      open.emplace_back(&value, &member);
    }
    if (set.reads.empty()) never_read_ += open.size();
    std::sort(open.begin(), open.end(), [](const auto& a, const auto& b) { return a.second->add < b.second->add; });
    std::unordered_map<Value, bool, ValueHash> in;
    for (auto read = set.reads.rbegin(); read != set.reads.rend() && !open.empty(); ++read) {
      in.clear();
      for (const Value& value : history_.values.items(at(*read).output)) in.emplace(value, true);
      std::erase_if(open, [&](const auto& one) {
        if (at(*read).begin <= one.second->known) {
          if (one.second->last_seen == none) ++never_read_;
          return true;
        }
        if (in.contains(*one.first)) return false;
        missing(*one.first, *one.second, *read);
        return true;
      });
    }
  }

  void missing(const Value& value, const Member& member, std::uint32_t read) {
    if (member.last_seen == none || at(member.last_seen).begin < at(read).begin) {
      const std::uint32_t both[] = {member.add, read};
      if (lost_++ < 3)
        accuse(history_, out_, "lost", both,
               fmt::format("1 had ended, or had been seen, before 2 began, and {} was never seen again.",
                           history_.values.show(value)));
      return;
    }
    stale_.push_back(std::max<std::int64_t>(at(read).begin_time - member.known_time, 0));
  }

  Finding conclude() {
    std::sort(stale_.begin(), stale_.end());
    const auto quantile = [this](std::size_t percent) {
      const std::int64_t t = stale_[std::min(stale_.size() - 1, stale_.size() * percent / 100)];
      return history_.timed ? fmt::format("{:.3f}s", static_cast<double>(t) / 1e9) : fmt::format("{} events", t);
    };
    out_.summary = fmt::format(
        "of {} acknowledged adds{} {} were lost and {} seen late{}; {} of unknown outcome were there; {} from nowhere; "
        "{} "
        "reads with a member twice",
        acknowledged_, of_keys(sets_.size()), lost_, stale_.size(),
        stale_.empty() ? "" : fmt::format(" (median {}, at most {})", quantile(50), quantile(100)), recovered_,
        unexpected_, duplicates_);
    if (acknowledged_ == 0) too_little(out_, "no add succeeded");
    if (reads_ == 0) too_little(out_, "no read succeeded");
    if (out_.judgement == Judgement::held && never_read_ >= acknowledged_)
      too_little(out_, "nothing was read after an add had been acknowledged");
    return std::move(out_);
  }

  const OperationHistory& history_;
  Finding out_;
  ByKey<SetOfKey> sets_;
  std::vector<std::int64_t> stale_;
  std::uint64_t reads_ = 0, acknowledged_ = 0, lost_ = 0, recovered_ = 0, unexpected_ = 0, duplicates_ = 0,
                never_read_ = 0;
};

}  // namespace

Finding judge_set(const OperationHistory& history) { return SetJudge(history).judge(); }

}  // namespace withstand::check
