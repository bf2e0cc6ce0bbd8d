#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "check/probes.hpp"
#include "check/stop_watcher.hpp"
#include "check/verdict.hpp"
#include "core/injector.hpp"
#include "lab/local_lab.hpp"
#include "os/oom_watch.hpp"
#include "run/judge.hpp"
#include "run/load_control.hpp"
#include "run/recorder.hpp"
#include "run/run.hpp"
#include "run/run_folder.hpp"

namespace withstand::run {

/// The phases of one run, in the order of execute(). Each is one function; a phase that cannot go on says so in
/// verdict_ and the rest is skipped up to the rollback, which always happens.
class Phases {
 public:
  Phases(const ExperimentFile& file, const core::Catalog& catalog, const RunOptions& options, Interrupts& interrupts,
         const RunFolder& folder);
  ~Phases();

  record::RunEnded execute();

 private:
  void run_started(const std::vector<std::string>& versions);
  bool preflight();
  bool prepare();
  bool launch();
  void wait_for_load();
  bool warm_up();
  bool before();
  /// Whether the expectations of `before` hold in what is known by now, so that no fault strikes a system that was not
  /// well.
  [[nodiscard]] bool steady();
  bool during();
  void revert_faults();
  bool after();
  void read_back();
  void rollback();
  record::RunEnded verdict();

  void begin(const std::string& phase);
  /// Runs the loop for the phase's time, or until something ends the run early; false then.
  bool hold(const std::string& phase, spec::Duration time,
            const std::function<void(core::Instant from, core::Instant to)>& begun = {});
  [[nodiscard]] bool broken();
  void note_lost_records();
  void tick();
  [[nodiscard]] LiveState live_state() const;
  void subscribe();
  void on_exit(const core::Exit& exit);
  void resolve(const spec::Selector& selector, std::function<void(std::vector<core::NodeId>, std::string)> done);
  [[nodiscard]] std::vector<std::string> live_nodes() const;
  [[nodiscard]] std::vector<UnreadyNode> unready_nodes() const;

  const ExperimentFile& file_;
  const spec::Experiment& experiment_;
  const core::Catalog& catalog_;
  const RunOptions& options_;
  Interrupts& interrupts_;
  const RunFolder& folder_;

  core::EventLoop loop_;
  Recorder recorder_;
  core::Topology topology_;
  core::Plan plan_;
  core::EventLoop::Registration signals_, ticker_;
  check::VerdictInput verdict_;
  Observations seen_;
  os::OomWatch oom_;

  std::unique_ptr<lab::LocalLab> lab_;
  std::vector<core::Lab::Subscription> subscriptions_;
  std::unique_ptr<LoadControl> load_;
  std::unique_ptr<check::Probes> probes_;
  std::unique_ptr<core::Injector> injector_;
  check::StopWatcher stop_;
  std::string phase_;  ///< that goes on
  bool tearing_down_ = false, medium_died_ = false;
};

}  // namespace withstand::run
