#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/disk.hpp"
#include "core/fault.hpp"

namespace withstand::faults {

/// Nodes whose power goes, all at one instant, and comes back, whether their targets run or have ended: links cut, then
/// the disks, then the processes killed; then each node by itself: its namespaces end, its disk is left with what
/// survives, and it boots.
class PowerCut : public core::Injection {
 public:
  struct Options {
    core::PowerLoss loss;
    std::optional<spec::Duration> restart;  ///< after the cut; absent: the nodes stay off
  };
  PowerCut(const core::Context& context, Options options);
  ~PowerCut() override;
  [[nodiscard]] core::Evidence observe() override;
  void revert() override;
  [[nodiscard]] std::optional<core::Instant> ended() const override;

 private:
  struct Victim {
    std::optional<core::Links::Handle> links;
    bool was_running = false;
    std::optional<core::Exit> exit;
    std::optional<core::PowerLossEffect> effect;
    std::string failure;  ///< why its disk could not be brought into the state it is to have
    std::optional<core::Instant> boot, ready;
    std::int64_t start = 0;  ///< which start of the node the boot was
    core::EventLoop::Registration timer;
  };
  void cut(const std::vector<core::NodeId>& nodes);
  void on_exit(const core::Exit& exit);
  void when_empty(core::NodeId node);
  void lost(core::NodeId node, const core::PowerLossEffect& effect, const std::string& error);
  void come_back(core::NodeId node);
  void boot(core::NodeId node);
  [[nodiscard]] core::EvidenceRow cut_row(core::NodeId node, const Victim& victim) const;
  [[nodiscard]] core::EvidenceRow loss_row(core::NodeId node, const Victim& victim) const;
  [[nodiscard]] core::EvidenceRow boot_row(core::NodeId node, const Victim& victim) const;
  [[nodiscard]] std::optional<core::EvidenceRow> instant_row() const;

  core::Lab& lab_;
  std::string name_;
  Options options_;
  core::Instant begun_{};
  std::map<core::NodeId, Victim> victims_;
  std::vector<core::NodeId> were_off_;
  core::Lab::Subscription exits_, readies_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< for answers that come after the end of this
  bool reverted_ = false;
};

}  // namespace withstand::faults
