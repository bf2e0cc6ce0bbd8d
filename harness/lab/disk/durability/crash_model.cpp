#include "lab/disk/durability/crash_model.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace withstand::lab::disk {
namespace {

using namespace std::chrono_literals;
using Range = Survival::Range;
using Fate = PendingOperation::Fate;
using Kind = PendingOperation::Kind;

/// When ext4 writes its journal by itself, and the page cache its pages (ext4(5): commit=5; vm.dirty_expire_centisecs
/// and vm.dirty_writeback_centisecs, by default 30 s and 5 s).
constexpr auto journal_interval = 5s;
constexpr auto page_age = 35s;

void add_range(std::vector<Range>& ranges, const Range& range) {
  if (!ranges.empty() && ranges.back().end == range.begin) {
    ranges.back().end = range.end;
  } else {
    ranges.push_back(range);
  }
}

/// Draws and what models share. Ordinals are the operations' own, so that one more operation changes no other's.
class Choice {
 public:
  Choice(const PendingList& list, const core::PowerLoss& loss, const core::DrawStream& draws,
         std::chrono::nanoseconds now)
      : operations_(*list.operations), list_(list), draws_(draws), now_(now) {
    // Neither extreme is rare: a share of its own for each cut, unless it is given.
    keep_ppb_ = loss.keep_ppb.value_or(static_cast<std::int64_t>(draws_.within(1).below(0, 1'000'000'001)));
  }

  Survivors strict() {
    for (const auto& [number, each] : operations_) {
      if (each.kind == Kind::names && needs_met(each) && survives(number)) keep(number);
      if (each.kind == Kind::attribute && survives(number)) keep(number);
    }
    for_each_file([&](const Tracked& file) { strict_data(file); });
    return done();
  }

  Survivors prefix() {
    const std::uint64_t end = point(list_.last_sync);
    for (const auto& [number, each] : operations_)
      if (number <= end) keep(number);
    return done();
  }

  Survivors lazyfs() {
    for (const auto& [number, each] : operations_)
      if (each.kind != Kind::data || !each.writes() || survives(number)) keep(number);
    return done();
  }

  Survivors ext4_ordered() {
    std::uint64_t committed = list_.last_commit;
    for (const auto& [number, each] : operations_)
      if (each.when + journal_interval <= now_) committed = std::max(committed, number);
    journal_ = point(committed);
    for (const auto& [number, each] : operations_)
      if (each.kind != Kind::data && number <= journal_) keep(number);
    for_each_file([&](const Tracked& file) { ext4_data(file); });
    return done();
  }

 private:
  /// What a failed sync has lost is never written; what a sync has covered is.
  Survivors done() {
    for (const auto& [number, each] : operations_) {
      if (each.fate == Fate::doomed) doom(each);
      if (each.fate == Fate::durable) keep(number);
    }
    std::erase_if(survivors_, [](const auto& each) { return each.second.nothing(); });
    return std::move(survivors_);
  }

  void doom(const PendingOperation& operation) {
    survivors_.erase(operation.number);
    if (!operation.size_durable) return;
    if (operation.writes()) {
      survivors_[operation.number] = {false, {}, operation.size_after};
    } else {
      keep(operation.number);
    }
  }

  void keep(std::uint64_t number) { survivors_[number] = {true, {}, {}}; }
  [[nodiscard]] bool kept(std::uint64_t number) const { return survivors_.contains(number); }
  [[nodiscard]] bool survives(std::uint64_t number, std::uint64_t part = 0) const {
    return draws_.within(2).within(number).chance(part, keep_ppb_);
  }
  [[nodiscard]] bool needs_met(const PendingOperation& operation) const {
    return std::all_of(operation.needs.begin(), operation.needs.end(),
                       [&](std::uint64_t each) { return !operations_.contains(each) || kept(each); });
  }

  /// How far everything survives: from `durable` on, uniformly, or by the share that is to be kept.
  [[nodiscard]] std::uint64_t point(std::uint64_t durable) const {
    std::vector<std::uint64_t> open;
    for (const auto& [number, each] : operations_)
      if (number > durable) open.push_back(number);
    const auto count =
        static_cast<std::uint64_t>((static_cast<double>(open.size()) * static_cast<double>(keep_ppb_) / 1e9) + 0.5);
    return count == 0 ? durable : open[std::min<std::size_t>(count, open.size()) - 1];
  }

  template <class Body>
  void for_each_file(const Body& body) {
    std::set<const Tracked*> seen;
    for (const auto& [number, each] : operations_)
      if (each.kind == Kind::data && seen.insert(each.file.get()).second) body(*each.file);
  }

  /// Pages of writes in any selection, and the size apart from them; but what changes the size of a file by itself
  /// stands between what comes before and after it.
  void strict_data(const Tracked& file) {
    bool reachable = true;
    for (const std::uint64_t number : file.data_operations) {
      const PendingOperation& each = operations_.at(number);
      if (!each.writes()) {
        reachable = reachable && survives(number);
        if (reachable) keep(number);
      } else if (reachable) {
        keep_pages(each);
      }
    }
  }

  void keep_pages(const PendingOperation& write) {
    Survival survival;
    const auto pages = pages_of(write.offset, write.offset + write.length);
    std::uint64_t part = 1;
    for (const Range& page : pages)
      if (survives(write.number, part++)) add_range(survival.ranges, page);
    if (write.size_after > write.size_before && survives(write.number)) survival.size = write.size_after;
    survival.whole =
        survival.ranges.size() == 1 && survival.ranges[0] == Range{write.offset, write.offset + write.length};
    if (survival.whole) survival = {true, {}, {}};
    survivors_[write.number] = std::move(survival);
  }

  /// What is written in place, page by page as it comes. What makes a file larger has no block before it is written
  /// (delayed allocation), and is written in the file's order; its size follows it. What replaces a file by a rename is
  /// allocated with the rename (auto_da_alloc), and so is what is written after a file was cut to nothing.
  void ext4_data(const Tracked& file) {
    std::vector<std::pair<std::uint64_t, Range>> growth;
    std::size_t written = 0;
    const std::uint64_t with_names = allocated_with_names(file);
    for (const std::uint64_t number : file.data_operations) {
      const PendingOperation& each = operations_.at(number);
      if (!each.writes()) {
        if (number > journal_) break;  // what comes after it has blocks that only its transaction gives
        keep(number);
        continue;
      }
      const bool old = each.when + page_age <= now_ || number <= with_names;
      const std::uint64_t end = each.offset + each.length, middle = std::clamp(each.size_before, each.offset, end);
      std::uint64_t part = 1;
      for (const Range& page : pages_of(each.offset, middle))
        if (old || survives(number, part++)) add_range(survivors_[number].ranges, page);
      for (const Range& page : pages_of(middle, end)) growth.emplace_back(number, page);
      if (old) written = growth.size();
    }
    growth.resize(written + share_of(growth.size() - written, file.id.number));
    for (const auto& [number, page] : growth) add_range(survivors_[number].ranges, page);
    for (const std::uint64_t number : file.data_operations) whole_if_whole(operations_.at(number));
  }

  /// Of so many things in a row, how many survive: any number, on average the share that is to be kept.
  [[nodiscard]] std::size_t share_of(std::size_t open, std::uint64_t which) const {
    if (keep_ppb_ == 0) return 0;
    const double kept = static_cast<double>(keep_ppb_) / 1e9;
    const double drawn = std::pow(draws_.within(3).within(which).uniform(0), (1 - kept) / kept);
    return std::min(open, static_cast<std::size_t>(drawn * static_cast<double>(open + 1)));
  }

  [[nodiscard]] std::uint64_t allocated_with_names(const Tracked& file) const {
    std::uint64_t through = 0, cut = 0;
    for (const auto& [number, each] : operations_) {
      if (number > journal_) break;
      if (each.kind == Kind::data && each.file.get() == &file && each.what == Operation::truncate && each.offset == 0)
        cut = number;
      for (const Assignment& name : each.names)
        if (each.what == Operation::rename && name.now.get() == &file && name.before) through = number;
    }
    return cut != 0 ? std::max(through, journal_) : through;
  }

  void whole_if_whole(const PendingOperation& write) {
    const auto found = survivors_.find(write.number);
    if (found == survivors_.end() || found->second.ranges.size() != 1) return;
    if (found->second.ranges[0] == Range{write.offset, write.offset + write.length}) found->second = {true, {}, {}};
  }

  const PendingOperations& operations_;
  const PendingList& list_;
  core::DrawStream draws_;
  std::chrono::nanoseconds now_;
  std::int64_t keep_ppb_ = 0;
  std::uint64_t journal_ = 0;
  Survivors survivors_;
};

}  // namespace

std::vector<Survival::Range> pages_of(std::uint64_t begin, std::uint64_t end) {
  std::vector<Range> pages;
  while (begin < end) {
    const std::uint64_t next = std::min(end, (begin / page_size + 1) * page_size);
    pages.push_back({begin, next});
    begin = next;
  }
  return pages;
}

Survivors choose_survivors(const PendingList& list, const core::PowerLoss& loss, const core::DrawStream& draws,
                           std::chrono::nanoseconds now) {
  Choice choice(list, loss, draws, now);
  using Model = core::PowerLoss::Model;
  switch (loss.model) {
    case Model::ext4_ordered:
      return choice.ext4_ordered();
    case Model::prefix:
      return choice.prefix();
    case Model::lazyfs:
      return choice.lazyfs();
    case Model::strict_posix:
      break;
  }
  return choice.strict();
}

}  // namespace withstand::lab::disk
