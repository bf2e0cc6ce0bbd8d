#include "check/txn/levels.hpp"

#include <algorithm>
#include <array>

namespace withstand::check {

namespace {

const std::vector<IsolationLevel> levels{
    {"read-uncommitted", {}},
    {"read-committed", {"read-uncommitted"}},
    {"cursor-stability", {"read-committed"}},
    {"monotonic-atomic-view", {"read-committed"}},
    {"read-atomic", {"monotonic-atomic-view"}},
    {"update-atomic", {"read-atomic"}},
    {"causal", {"read-atomic"}},
    {"parallel-snapshot-isolation", {"causal", "update-atomic"}},
    {"prefix", {"causal"}},
    {"consistent-view", {"cursor-stability"}},
    {"repeatable-read", {"cursor-stability", "monotonic-atomic-view"}},
    {"snapshot-isolation", {"consistent-view", "monotonic-atomic-view", "parallel-snapshot-isolation", "prefix"}},
    {"serializable", {"repeatable-read", "snapshot-isolation"}},
    {"strong-session-read-uncommitted", {"read-uncommitted"}},
    {"strong-session-read-committed", {"read-committed", "strong-session-read-uncommitted"}},
    {"strong-session-snapshot-isolation", {"snapshot-isolation", "strong-session-read-committed"}},
    {"strong-session-serializable", {"serializable", "strong-session-snapshot-isolation"}},
    {"strong-read-uncommitted", {"strong-session-read-uncommitted"}},
    {"strong-read-committed", {"strong-session-read-committed", "strong-read-uncommitted"}},
    {"strong-snapshot-isolation", {"strong-session-snapshot-isolation", "strong-read-committed"}},
    {"strict-serializable", {"strong-session-serializable", "strong-snapshot-isolation"}},
};

struct Alias {
  std::string_view alias, name;
};
constexpr std::array<Alias, 7> aliases{{
    {"PL-1", "read-uncommitted"},
    {"PL-2", "read-committed"},
    {"PL-2.99", "repeatable-read"},
    {"PL-3", "serializable"},
    {"PL-SI", "snapshot-isolation"},
    {"PL-SS", "strict-serializable"},
    {"strong-serializable", "strict-serializable"},
}};

struct Anomaly {
  std::string_view name;
  std::vector<std::string_view> rules_out;
};
const std::vector<Anomaly> anomalies{
    {"duplicate-elements", {"read-uncommitted"}},
    {"cyclic-versions", {"read-uncommitted"}},
    {"garbage-read", {"read-uncommitted"}},
    {"G0", {"read-uncommitted"}},
    {"incompatible-order", {"read-committed"}},
    {"dirty-update", {"read-committed"}},
    {"G1a", {"read-committed"}},
    {"G1b", {"read-committed"}},
    {"future-read", {"read-committed"}},
    {"G1c", {"read-committed"}},
    {"internal", {"read-atomic", "repeatable-read"}},
    {"lost-update", {"cursor-stability", "update-atomic"}},
    {"G-single-item", {"consistent-view", "repeatable-read"}},
    {"G-nonadjacent-item", {"snapshot-isolation", "repeatable-read"}},
    {"write-skew", {"repeatable-read"}},
    {"G2-item", {"repeatable-read"}},
    {"G0-process", {"strong-session-read-uncommitted"}},
    {"G1c-process", {"strong-session-read-committed"}},
    {"G-single-item-process", {"strong-session-snapshot-isolation"}},
    {"G-nonadjacent-item-process", {"strong-session-snapshot-isolation"}},
    {"G2-item-process", {"strong-session-serializable"}},
    {"G0-realtime", {"strong-read-uncommitted"}},
    {"G1c-realtime", {"strong-read-committed"}},
    {"G-single-item-realtime", {"strong-snapshot-isolation"}},
    {"G-nonadjacent-item-realtime", {"strong-snapshot-isolation"}},
    {"G2-item-realtime", {"strict-serializable"}},
};

bool includes(const IsolationLevel& level, std::string_view other) {
  if (level.name == other) return true;
  return std::any_of(level.includes.begin(), level.includes.end(),
                     [&](std::string_view one) { return includes(*find_level(one), other); });
}

}  // namespace

std::span<const IsolationLevel> isolation_levels() { return levels; }

const IsolationLevel* find_level(std::string_view name) {
  const auto* const alias =
      std::find_if(aliases.begin(), aliases.end(), [&](const Alias& one) { return one.alias == name; });
  if (alias != aliases.end()) name = alias->name;
  const auto found =
      std::find_if(levels.begin(), levels.end(), [&](const IsolationLevel& one) { return one.name == name; });
  return found == levels.end() ? nullptr : &*found;
}

std::span<const std::string_view> ruled_out_by(std::string_view anomaly) {
  const auto found =
      std::find_if(anomalies.begin(), anomalies.end(), [&](const Anomaly& one) { return one.name == anomaly; });
  if (found == anomalies.end()) return {};
  return found->rules_out;
}

bool forbids(const IsolationLevel& level, std::string_view anomaly) {
  const auto out = ruled_out_by(anomaly);
  return std::any_of(out.begin(), out.end(), [&](std::string_view one) { return includes(level, one); });
}

std::vector<std::string_view> weakest_ruled_out(const std::set<std::string>& found) {
  std::vector<std::string_view> out;
  for (const std::string& anomaly : found)
    for (const std::string_view level : ruled_out_by(anomaly))
      if (std::find(out.begin(), out.end(), level) == out.end()) out.push_back(level);
  // Whoever is not even the weaker is none of the stronger.
  const auto all = out;
  std::erase_if(out, [&](std::string_view one) {
    return std::any_of(all.begin(), all.end(),
                       [&](std::string_view other) { return one != other && includes(*find_level(one), other); });
  });
  return out;
}

bool minds_processes(const IsolationLevel& level) { return includes(level, "strong-session-read-uncommitted"); }
bool minds_real_time(const IsolationLevel& level) { return includes(level, "strong-read-uncommitted"); }

}  // namespace withstand::check
