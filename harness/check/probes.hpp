#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/lab.hpp"
#include "record/journal.hpp"
#include "spec/experiment.hpp"

namespace withstand::check {

/// Asks the experiment's probes again and again, on the lab's event loop. HTTP, TCP and Prometheus probes connect from
/// the first client's network namespace, commands run in the first client; so they see what a user sees. Log probes
/// watch the selected nodes' output.
///
/// The first sample of each probe is asked at start() (of a log probe after its first interval), the next ones every
/// `every`. A log probe succeeds if a matching line was written since the last time; with `absent`, if none was. A
/// probe of a node that is still under way is not started a second time: that turn gets the answer that it waited for,
/// as a sample of its own, so that a node that hangs is not asked less and thought better of. Not thread-safe.
class Probes {
 public:
  /// Resolves a selector to nodes, later or at once; exactly one call of `done`. An error in words becomes a failed
  /// sample.
  using Resolve = std::function<void(const spec::Selector& selector,
                                     std::function<void(std::vector<core::NodeId>, std::string error)> done)>;
  /// `asked` is the instant at which the probe was asked (it decides the sample's phase), sample.took how long the
  /// answer took.
  using OnSample = std::function<void(core::Instant asked, const record::ProbeSample& sample)>;

  Probes(core::Lab& lab, std::vector<spec::ProbeSpec> probes, Resolve resolve, OnSample on_sample);
  ~Probes();
  Probes(const Probes&) = delete;
  Probes& operator=(const Probes&) = delete;

  /// Once only.
  void start();
  /// A phase ends: lines that log probes have seen since their last turn belong to it, as of `end`. A turn that is not
  /// over says nothing of what was not seen.
  void end_phase(core::Instant end);
  /// No further turn; those under way are still answered, or time out.
  void conclude();
  /// Whether all turns so far were answered.
  [[nodiscard]] bool answered() const;
  /// How long that takes at most.
  [[nodiscard]] spec::Duration patience() const;
  /// No sample comes after it; probes under way are dropped.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace withstand::check
