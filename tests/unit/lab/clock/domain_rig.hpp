#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "lab/clock/filter.hpp"
#include "lab/clock/shapes.hpp"
#include "lab/clock/supervisor.hpp"
#include "os/ancillary.hpp"
#include "os/check.hpp"
#include "os/pidfd.hpp"

namespace withstand::lab::clock {

inline constexpr Ns hour = 3'600 * second;

/// A supervisor with one domain, and programs that run in it.
class DomainRig {
 public:
  DomainRig() : domain_(supervisor_.add_domain()) {}

  struct Outcome {
    std::string output;
    int status = -1;
    /// "name value" lines.
    [[nodiscard]] std::map<std::string, std::int64_t> values() const;
  };

  /// Runs a program and serves the domain until it has ended. `on_line` sees each whole line of its output as it comes.
  Outcome run(const std::vector<std::string>& argv, const std::function<void(const std::string&)>& on_line = {});
  Supervisor::Switch change(const std::function<void(Domain&, Ns)>& change) {
    return supervisor_.change(domain_, change);
  }
  /// From now on the domain is so much ahead.
  Supervisor::Switch jump(Ns by);
  void serve_for(Ns time);
  /// Programs that are run from now on are asked about their waits by CLOCK_MONOTONIC as well.
  void make_steady_clocks_false_too() { state().steady_too = true; }

  [[nodiscard]] DomainState& state() { return supervisor_.domain(domain_); }
  [[nodiscard]] const Coverage& coverage() { return state().coverage; }
  Supervisor& supervisor() { return supervisor_; }

 private:
  Supervisor supervisor_;
  Supervisor::Id domain_;
};

/// Where the test programs lie.
std::string victim(const std::string& kind);
/// A program of PATH; empty when this machine has none.
std::string program(const std::string& name);

}  // namespace withstand::lab::clock
