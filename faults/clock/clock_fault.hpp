#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/clocks.hpp"
#include "core/fault.hpp"

namespace withstand::faults {

/// What every clock fault shares: one change to the clock of each node it is aimed at, ended by removing it; the
/// evidence is what a process of the node sees, read out of its memory, beside what its clock was asked to be.
class ClockInjection : public core::Injection {
 public:
  /// Adds what only this kind can say of one node.
  using MoreRows = std::function<void(const core::ClockEffect&, const std::string& node, core::Evidence&)>;
  ClockInjection(const core::Context& context, const core::ClockChange& change, std::string requested, MoreRows more);
  [[nodiscard]] core::Evidence observe() override;
  void revert() override;

 private:
  struct Clock {
    core::NodeId node = 0;
    core::Clocks::Handle handle = 0;
    core::ClockEffect last;  ///< while it was in force
    core::ClockEffect seen;  ///< the last of those that a process of the node confirmed
  };
  void look(Clock& clock);
  void add_rows(const Clock& clock, core::Evidence& evidence) const;

  core::Lab& lab_;
  std::string requested_;
  MoreRows more_;
  std::int64_t tolerance_ns_;
  std::vector<Clock> clocks_;
  bool reverted_ = false;
};

/// Which programs of a node live by its clock, and what was done for them.
void add_call_rows(const core::ClockEffect& effect, const std::string& node, core::Evidence& evidence);

/// A fault on clocks claims those of all nodes of the target: a role or a draw may make any its victim.
class ClockFault : public core::DescribedFault {
 public:
  using DescribedFault::DescribedFault;
  [[nodiscard]] std::vector<core::Claim> claims(const spec::FaultSpec& fault,
                                                const core::Topology& topology) const override;
  [[nodiscard]] std::unique_ptr<core::Injection> inject(const core::Context& context) const override;

 private:
  [[nodiscard]] virtual core::ClockChange change(const spec::FaultSpec& fault) const = 0;
  /// In words, for the evidence: "1h ahead".
  [[nodiscard]] virtual std::string in_words(const spec::FaultSpec& fault) const = 0;
  [[nodiscard]] virtual ClockInjection::MoreRows more_rows(const spec::FaultSpec& fault) const;
};

core::Documentation clock_documentation(std::string text, std::string evidence, std::string example);
/// "by": how far ahead, negative for behind; required, from -250 to 250 years.
spec::Parameter by_parameter(std::string summary);
/// What it says, in ns.
std::int64_t by_of(const spec::FaultSpec& fault);
/// Where a jump must go somewhere.
std::vector<spec::KindTable::Objection> objections_to_by(const spec::FaultSpec& fault);
/// "1h ahead", "20m behind".
std::string ahead_in_words(std::int64_t ns);
/// "+3600.000000012 s".
std::string seconds_text(std::int64_t ns);

}  // namespace withstand::faults
