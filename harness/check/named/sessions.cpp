// What one client, or all of them, see go forward; and reads that see two writes in different orders.

#include <algorithm>
#include <map>
#include <unordered_map>

#include <fmt/format.h>

#include "check/named/evidence.hpp"
#include "check/named/named.hpp"

namespace withstand::check {

namespace {

bool reads(std::string_view f) { return is_one_of(f, {"read", "get"}); }
bool writes(std::string_view f) { return is_one_of(f, {"write", "put", "set", "inc", "increment"}); }

/// The version that an operation saw or made; none where it does not say.
std::optional<std::int64_t> version_of(const HistoryOperation& operation) {
  if (operation.outcome != record::Outcome::ok) return std::nullopt;
  if (operation.output.is_integer()) return operation.output.number;
  if (operation.input.is_integer()) return operation.input.number;
  return std::nullopt;
}

/// Empty where every operation is one that can be judged.
std::string misfit_in(const OperationHistory& history) {
  for (const HistoryOperation& operation : history.operations) {
    const auto f = history.f_of(operation);
    const bool says = version_of(operation) || operation.output.is_nil() || operation.outcome != record::Outcome::ok;
    if ((!reads(f) && !writes(f)) || !says)
      return misfit_of(history, operation, "read and write of versions, which are whole numbers").misfit;
  }
  return "";
}

struct Session {
  std::uint32_t read = UINT32_MAX, write = UINT32_MAX;  ///< with the greatest version
};

}  // namespace

Finding judge_sessions(const OperationHistory& history) {
  Finding out;
  out.misfit = misfit_in(history);
  if (!out.misfit.empty()) return out;
  std::map<Holder, Session> sessions;
  std::uint64_t back = 0, own = 0, order = 0, follow = 0, compared = 0;
  const auto version = [&](std::uint32_t i) {
    return i == UINT32_MAX ? INT64_MIN : *version_of(history.operations[i]);
  };
  const auto complain = [&](std::uint64_t& count, std::string_view heading, std::uint32_t first, std::uint32_t second,
                            std::string_view reason) {
    const std::uint32_t both[] = {first, second};
    if (count++ < 3) accuse(history, out, heading, both, reason);
  };
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
    const HistoryOperation& operation = history.operations[i];
    const auto number = version_of(operation);
    if (operation.outcome != record::Outcome::ok) continue;
    Session& session = sessions[holder_of(operation)];
    const std::int64_t seen = number.value_or(INT64_MIN);
    if (session.read != UINT32_MAX || session.write != UINT32_MAX) ++compared;
    if (reads(history.f_of(operation))) {
      if (seen < version(session.read))
        complain(back, "reads go back", session.read, i, "The same client had read a later version before.");
      if (seen < version(session.write))
        complain(own, "own write not read", session.write, i, "The same client had written a later version before.");
      if (number && seen > version(session.read)) session.read = i;
    } else if (number) {
      if (seen <= version(session.write))
        complain(order, "writes not in order", session.write, i,
                 "The same client's write before has no earlier version.");
      if (seen < version(session.read))
        complain(follow, "write before what was read", session.read, i,
                 "The same client had read a later version before.");
      if (seen > version(session.write)) session.write = i;
    }
  }
  out.summary = fmt::format(
      "over {} operations that follow another of their client on a key: {} reads go back, {} miss an "
      "own write; {} writes are out of order, {} before what was read",
      compared, back, own, order, follow);
  if (compared == 0) too_little(out, "no client did two operations on one key");
  return out;
}

Finding judge_monotonic(const OperationHistory& history) {
  Finding out;
  out.misfit = misfit_in(history);
  if (!out.misfit.empty()) return out;
  std::unordered_map<Value, std::vector<std::uint32_t>, ValueHash> keys;
  std::uint64_t compared = 0, back = 0;
  for (std::uint32_t i = 0; i < history.operations.size(); ++i)
    if (version_of(history.operations[i])) keys[history.operations[i].key].push_back(i);
  for (auto& [key, by_begin] : keys) {
    const auto at = [&](std::uint32_t i) -> const HistoryOperation& { return history.operations[i]; };
    std::sort(by_begin.begin(), by_begin.end(), [&](auto a, auto b) { return at(a).begin < at(b).begin; });
    auto by_end = by_begin;
    std::sort(by_end.begin(), by_end.end(), [&](auto a, auto b) { return at(a).end < at(b).end; });
    std::size_t ended = 0;
    std::uint32_t greatest = UINT32_MAX;
    for (const std::uint32_t one : by_begin) {
      for (; ended < by_end.size() && at(by_end[ended]).end < at(one).begin; ++ended)
        if (greatest == UINT32_MAX || *version_of(at(by_end[ended])) > *version_of(at(greatest)))
          greatest = by_end[ended];
      if (greatest == UINT32_MAX) continue;
      ++compared;
      if (*version_of(at(one)) >= *version_of(at(greatest))) continue;
      const std::uint32_t both[] = {greatest, one};
      if (back++ < 3)
        accuse(history, out, "goes back", both, "1 had ended before 2 began, and 2 saw something earlier.");
    }
  }
  out.summary =
      fmt::format("of {} operations that began after another had ended {} saw something earlier", compared, back);
  if (compared == 0) too_little(out, "no operation began after another had ended");
  return out;
}

Finding judge_long_fork(const OperationHistory& history) {
  Finding out;
  struct Read {
    std::vector<std::uint32_t> seen;  ///< places of the keys that had a value
    std::uint32_t operation = 0;
  };
  std::map<std::vector<std::pair<int, std::int64_t>>, std::vector<Read>> groups;
  std::uint64_t count = 0, forks = 0;
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
    const HistoryOperation& operation = history.operations[i];
    if (operation.outcome != record::Outcome::ok) continue;
    std::map<std::pair<int, std::int64_t>, bool> keys;
    bool wrote = !operation.output.is_list();
    for (const Value& access : history.values.items(operation.output)) {
      const auto parts = history.values.items(access);
      if (parts.size() < 2) return misfit_of(history, operation, "lists of [r key value] and [w key value]");
      if (!is_one_of(history.values.text_of(parts[0]), {"r", "read"})) wrote = true;
      keys[{static_cast<int>(parts[1].tag), parts[1].number}] = parts.size() == 3 && !parts[2].is_nil();
    }
    if (wrote || keys.empty()) continue;
    ++count;
    Read read{{}, i};
    std::vector<std::pair<int, std::int64_t>> group;
    for (const auto& [key, there] : keys) {
      if (there) read.seen.push_back(static_cast<std::uint32_t>(group.size()));
      group.push_back(key);
    }
    groups[group].push_back(std::move(read));
  }
  for (auto& [group, all] : groups) {
    std::stable_sort(all.begin(), all.end(),
                     [](const Read& a, const Read& b) { return a.seen.size() < b.seen.size(); });
    for (std::size_t i = 1; i < all.size(); ++i) {
      // In a chain each holds the one before; the first that does not is part of a fork.
      const Read &less = all[i - 1], &more = all[i];
      if (std::includes(more.seen.begin(), more.seen.end(), less.seen.begin(), less.seen.end())) continue;
      const std::uint32_t both[] = {less.operation, more.operation};
      if (forks++ < 3)
        accuse(history, out, "long fork", both,
               "Each saw a write that the other did not see, and every key is written once.");
    }
  }
  out.summary = fmt::format("{} forks in {} reads of {} groups of keys", forks, count, groups.size());
  if (count < 2) too_little(out, "fewer than two reads succeeded");
  return out;
}

}  // namespace withstand::check
