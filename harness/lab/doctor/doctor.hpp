#pragma once

#include <string>
#include <string_view>
#include <vector>

/// What this machine lets the harness do, found by doing it. Every probe runs in a child process of its own, in
/// namespaces of its own where it would leave a trace, so examining changes nothing and takes well under a second. The
/// same table decides which experiments are skipped, which tests are skipped, and what `withstand doctor` prints.
namespace withstand::lab {

struct Feature {
  enum class State {
    ok,
    degraded,  ///< something lesser takes its place; `why` says what
    missing,   ///< what needs it cannot run here
  };
  std::string id;     ///< what Documentation::requirements names: "tun", "namespaces"
  std::string title;  ///< what it is for, a few words
  State state = State::missing;
  std::string why;  ///< what was seen: the attempt and the kernel's answer, or which flavour is used
  std::string fix;  ///< what a person can do about it; empty when ok
};

/// "ok", "degraded", "missing".
[[nodiscard]] std::string_view state_name(Feature::State state);

/// The features' ids in the order of the table, without probing.
[[nodiscard]] std::vector<std::string> feature_ids();

/// Probes everything, in the table's order. Never throws for a missing feature: a probe that dies or hangs is a missing
/// feature whose `why` says so. Forks, so the caller must have no other thread that holds a lock.
[[nodiscard]] std::vector<Feature> examine();

/// Probes the named features only. Throws std::invalid_argument for an id that is not in the table.
[[nodiscard]] std::vector<Feature> examine(const std::vector<std::string>& ids);

}  // namespace withstand::lab
