#include "check/linear/smallest.hpp"

#include <algorithm>
#include <set>

#include "check/linear/texts.hpp"

namespace withstand::check {

namespace {

using Kind = MachineOperation::Kind;

/// The value that it leaves for others to see; 0: none that could be told apart.
std::uint32_t left_by(const MachineOperation& operation) {
  if (operation.kind == Kind::cas) return operation.b;
  return operation.kind == Kind::write || operation.kind == Kind::insert ? operation.a : 0;
}

std::uint32_t seen_by(const MachineOperation& operation) {
  switch (operation.kind) {
    case Kind::read:
    case Kind::cas:
    case Kind::remove:
    case Kind::holds:
    case Kind::lacks:
      return operation.a;
    default:
      return 0;
  }
}

/// Only of these can changes be left out without making up what was never so.
bool may_leave_out_changes(const std::vector<SearchOperation>& operations) {
  return std::all_of(operations.begin(), operations.end(), [](const SearchOperation& one) {
    switch (one.operation.kind) {
      case Kind::read:
      case Kind::write:
      case Kind::cas:
      case Kind::insert:
      case Kind::remove:
      case Kind::remove_any:
      case Kind::lacks:
      case Kind::holds:
        return true;
      default:
        return false;
    }
  });
}

/// Until the operation's end nobody could know more: what was under way then may have happened or not.
std::vector<SearchOperation> until(const LinearPart& part, std::uint32_t stuck) {
  std::vector<SearchOperation> kept;
  const std::int64_t end = part.operations[stuck].end;
  for (SearchOperation one : part.operations) {
    if (one.begin > end) continue;
    if (one.must_happen && one.end > end) {
      if (changes_nothing(one.operation) || one.operation.kind == Kind::remove) continue;
      one.must_happen = false;
    }
    kept.push_back(one);
  }
  return kept;
}

class Reduction {
 public:
  Reduction(const LinearPart& part, std::chrono::steady_clock::time_point deadline)
      : part_(part), deadline_(deadline) {}

  [[nodiscard]] bool fails(const std::vector<SearchOperation>& operations) const {
    const auto machine =
        part_.rule == LinearPart::Rule::text ? make_seen_text(operations, part_.texts) : part_.machine();
    SearchLimits limits;
    limits.deadline = std::min(deadline_, std::chrono::steady_clock::now() + std::chrono::milliseconds(300));
    limits.memory = std::size_t{64} << 20;
    return search_order(operations, *machine, limits).answer == SearchResult::Answer::not_linearizable;
  }

  std::vector<SearchOperation> reduce(std::vector<SearchOperation> operations) const {
    const bool changes_too = may_leave_out_changes(operations);
    for (std::size_t chunk = std::max<std::size_t>(operations.size() / 2, 1);;) {
      bool smaller = false;
      for (std::size_t from = 0; from < operations.size() && !late();) {
        auto rest = without(operations, from, from + chunk, changes_too);
        if (rest.size() < operations.size() && fails(rest)) {
          operations = std::move(rest);
          smaller = true;
        } else {
          from += chunk;
        }
      }
      if (late() || (chunk == 1 && !smaller)) return operations;
      if (chunk > 1) chunk /= 2;
    }
  }

 private:
  [[nodiscard]] bool late() const { return std::chrono::steady_clock::now() > deadline_; }

  static std::vector<SearchOperation> without(const std::vector<SearchOperation>& operations, std::size_t from,
                                              std::size_t to, bool changes_too) {
    std::vector<bool> out(operations.size());
    for (std::size_t i = from; i < std::min(to, operations.size()); ++i)
      out[i] = changes_too || changes_nothing(operations[i].operation);
    // Who saw what is left out is left out too, and what that one left, and so on.
    std::set<std::uint32_t> gone;
    for (bool more = true; more;) {
      more = false;
      for (std::size_t i = 0; i < operations.size(); ++i) {
        const MachineOperation& one = operations[i].operation;
        const bool goes = out[i] || gone.contains(seen_by(one));
        if (goes && left_by(one) != 0 && gone.insert(left_by(one)).second) more = true;
        if (goes && !out[i]) more = true;
        out[i] = goes;
      }
    }
    std::vector<SearchOperation> rest;
    for (std::size_t i = 0; i < operations.size(); ++i)
      if (!out[i]) rest.push_back(operations[i]);
    return rest;
  }

  const LinearPart& part_;
  std::chrono::steady_clock::time_point deadline_;
};

}  // namespace

std::vector<SearchOperation> smallest_failing(const LinearPart& part, std::uint32_t stuck,
                                              std::chrono::steady_clock::time_point deadline) {
  const Reduction reduction(part, deadline);
  auto kept = until(part, stuck);
  if (!reduction.fails(kept)) return part.operations;
  return reduction.reduce(std::move(kept));
}

}  // namespace withstand::check
