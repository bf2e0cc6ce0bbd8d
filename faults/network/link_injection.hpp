#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/fault.hpp"
#include "network/evidence_rows.hpp"
#include "network/slow_start.hpp"

namespace withstand::faults {

/// What every packet fault shares: one impairment on a set of links, ended by removing it; the evidence is the fabric's
/// account of each link, taken where packets leave. It may be moved to other links while it lasts, and leave them slow
/// for a while when it ends.
class LinkInjection : public core::Injection {
 public:
  /// Makes one evidence row from one link's account. Links that were offered no packet are left out before.
  using Judge = std::function<core::EvidenceRow(const core::LinkEffect&, const std::string& link)>;
  LinkInjection(const core::Context& context, core::Impairment impairment, std::vector<core::Link> links, Judge judge);
  [[nodiscard]] core::Evidence observe() override;
  void revert() override;

  /// Every so often, from now on: `draw(k)` names the links of the k-th time, counted from 1.
  void redraw_every(std::chrono::nanoseconds interval, std::function<std::vector<core::Link>(std::uint64_t)> draw);
  /// What to do about it, told when no packet was sent on any of its links.
  void advise_when_silent(std::string advice) { advice_ = std::move(advice); }
  /// When it ends, its links begin at next to nothing and reach their full rate after this time.
  void start_slowly(std::chrono::nanoseconds time) { slow_.emplace(lab_, time); }

 private:
  struct Turn {
    core::Links::Handle handle = 0;
    std::vector<core::Link> links;
  };
  void take_turn(std::vector<core::Link> links);
  void fold_turns();
  void redraw();
  /// Of all links so far.
  struct Tally {
    EvidenceRows rows;
    std::size_t links = 0;
    std::vector<std::string> silent;  ///< that were offered nothing
    std::uint64_t passed_by = 0;      ///< packets sent on those all the same
    std::string source = "link fabric";
  };
  void add_rows(std::size_t turn, Tally& tally);
  void add_row(const core::LinkEffect& effect, const std::string& turn, Tally& tally) const;
  [[nodiscard]] std::string nothing_offered(const Tally& tally) const;

  core::Lab& lab_;
  core::Impairment impairment_;
  Judge judge_;
  std::deque<Turn> turns_;                       ///< the last ones
  std::map<core::Link, core::LinkEffect> past_;  ///< of all turns before those, by link
  std::size_t folded_ = 0;                       ///< how many turns that were
  std::chrono::nanoseconds interval_{};
  std::function<std::vector<core::Link>(std::uint64_t)> draw_;
  core::EventLoop::Registration timer_;
  std::optional<SlowStart> slow_;
  std::string advice_;
  bool reverted_ = false;
};

/// Who counted an effect, for the report: `fabric` where it was the link fabric.
std::string source_of(const core::LinkEffect& effect, const std::string& fabric);
/// Whether what was decided can be decided again from the seed, and must agree. The kernel does not tell what it drew.
inline bool is_recounted(const core::LinkEffect& effect) { return effect.source == core::LinkEffect::Source::fabric; }

/// Targeting by `from` and `to`, or by `on` (every link to and from these nodes, clients included); `both_ways` adds
/// the way back.
std::vector<core::Link> aimed_links(const spec::FaultSpec& fault, const core::Topology& topology, const core::Aim& aim);
spec::Parameter both_ways_parameter();
std::vector<spec::KindTable::Objection> aim_objections(const spec::FaultSpec& fault);
/// Every link of the lab: roles and groups are known too late to claim less.
std::vector<core::Claim> claim_all_links(const core::Topology& topology);

}  // namespace withstand::faults
