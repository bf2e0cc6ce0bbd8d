#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/fault.hpp"

namespace withstand::faults {

/// What process.kill and process.terminate share: bring nodes down, see them exit, start them again, and again for a
/// crash loop.
struct StrikeOptions {
  std::string requested;                     ///< "SIGKILL", for the evidence
  std::function<void(core::NodeId)> strike;  ///< brings the target's processes down, at once or with a grace time
  /// When the fault is over before a node that was struck has gone: brings it down now. Empty: it may stay.
  std::function<void(core::NodeId)> insist{};
  bool ends_all = true;  ///< what the main process leaves behind is killed with it; else it goes on until a restart
  std::function<bool(const core::Exit&)> accepts;  ///< whether this exit is what was asked for
  std::optional<spec::Duration> restart;           ///< after the exit; absent: the node stays down
  std::int64_t crashes = 1;                        ///< how many times each node goes down
  spec::Duration uptime{};                         ///< how long a restarted node runs before it goes down again
};

class Strike : public core::Injection {
 public:
  Strike(const core::Context& context, StrikeOptions options);
  [[nodiscard]] core::Evidence observe() override;
  void revert() override;
  [[nodiscard]] std::optional<core::Instant> ended() const override;

 private:
  /// One time that a node goes down.
  struct Round {
    core::Instant strike{};
    std::int64_t struck = 0;  ///< which start of the node
    std::optional<core::Exit> exit;
    std::optional<core::Exit> otherwise;  ///< it ended before that, but not by this fault
    std::size_t left = 0;                 ///< processes of the node after its main process had exited
    std::optional<core::Instant> clear;   ///< when the kernel listed none any more
    std::optional<core::Instant> restart, ready;
    std::int64_t start = 0;  ///< which start of the node the restart was
  };
  struct Victim {
    bool was_running = false;
    std::vector<Round> rounds;
    std::string gave_up;  ///< why a crash loop went no further
    core::Instant gave_up_at{};
    core::EventLoop::Registration timer;
  };
  void strike(core::NodeId node);
  void strike_again(core::NodeId node);
  void give_up(Victim& victim, std::string why);
  void on_exit(const core::Exit& exit);
  void on_ready(core::NodeId node);
  void end_rest(core::NodeId node);
  void come_back(core::NodeId node);
  void restart(core::NodeId node);
  [[nodiscard]] bool struck_out(const Victim& victim) const;
  [[nodiscard]] core::EvidenceRow exit_row(core::NodeId node, const Victim& victim) const;
  /// Of a node that was struck, and what became of it otherwise.
  [[nodiscard]] static std::string without_exit(const Round& round);
  [[nodiscard]] core::EvidenceRow rest_row(core::NodeId node, const Victim& victim) const;
  [[nodiscard]] core::EvidenceRow restart_row(core::NodeId node, const Round& round) const;

  core::Lab& lab_;
  std::string name_;
  StrikeOptions options_;
  std::map<core::NodeId, Victim> victims_;
  core::Lab::Subscription exits_, readies_;
  bool reverted_ = false;
};

/// The parameters both kinds have: restart, crashes, uptime.
std::vector<spec::Parameter> strike_parameters();
/// How long it takes until a node is back for good, when bringing it down may take `grace` each time.
spec::KindSchema::Downtime downtime(const spec::FaultSpec& fault, spec::Duration grace);
StrikeOptions strike_options(const spec::FaultSpec& fault);
/// crashes > 1 needs restart.
std::vector<spec::KindTable::Objection> strike_objections(const spec::FaultSpec& fault);

}  // namespace withstand::faults
