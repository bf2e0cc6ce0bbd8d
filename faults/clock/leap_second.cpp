#include "clock/leap_second.hpp"

#include <fmt/format.h>
#include <sys/timex.h>

#include "core/parameters.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;

const char* state_in_words(int state) {
  switch (state) {
    case TIME_OK:
      return "TIME_OK";
    case TIME_INS:
      return "TIME_INS";
    case TIME_DEL:
      return "TIME_DEL";
    case TIME_OOP:
      return "TIME_OOP";
    case TIME_WAIT:
      return "TIME_WAIT";
    default:
      return "TIME_ERROR";
  }
}

}  // namespace

std::vector<spec::Parameter> leap_parameters() {
  spec::Parameter before = core::described(
      "before", spec::ValueType::duration,
      "The clock is first set to so long before the next midnight of UTC; without, midnight comes when it comes.");
  before.minimum = spec::Duration(std::chrono::seconds(1));
  spec::Parameter edge = core::described("edge", spec::ValueType::choice,
                                         "At its nanosecond, or with the next tick of the timer, up to 4 ms late, as "
                                         "kernels show it to clock_gettime(2).");
  edge.choices = {"exact", "tick"};
  edge.fallback = std::string("exact");
  return {before, edge};
}

spec::Parameter leap_model() {
  spec::Parameter model = core::described(
      "model", spec::ValueType::choice,
      "What becomes of timers: right; or as on 2012-07-01, one second early from then on, until the clock is set.");
  model.choices = {"right", "hrtimer2012"};
  model.fallback = std::string("right");
  return model;
}

core::ClockChange LeapSecond::change(const spec::FaultSpec& fault) const {
  core::ClockChange asked;
  asked.kind = core::ClockChange::Kind::leap;
  asked.inserted = inserted_;
  asked.timers_early = core::parameter_or<std::string>(fault, "model", "right") == "hrtimer2012";
  asked.tick_edge = core::parameter_or<std::string>(fault, "edge", "exact") == "tick";
  if (const auto before = core::parameter<spec::Duration>(fault, "before")) asked.lead = before->count();
  return asked;
}

std::string LeapSecond::in_words(const spec::FaultSpec&) const {
  return inserted_ ? "a second inserted at midnight" : "the last second before midnight left out";
}

ClockInjection::MoreRows LeapSecond::more_rows(const spec::FaultSpec&) const {
  return [inserted = inserted_](const core::ClockEffect& effect, const std::string& node, core::Evidence& evidence) {
    EvidenceRow row;
    row.what = "leap second of " + node;
    row.requested = inserted ? "inserted" : "left out";
    row.measured = fmt::format("{}, {}, TAI - UTC {} s", effect.leapt ? row.requested : "midnight has not come",
                               state_in_words(effect.leap_state), effect.tai);
    row.source = "the node's adjtimex(2)";
    row.judgement = effect.leapt ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::absent;
    evidence.rows.push_back(row);
    if (effect.processors_since < 0) return;
    EvidenceRow use;
    use.what = "processor time of " + node;
    use.requested = "timers one second early";
    use.measured = fmt::format("{:.2f} processors before the leap second, {:.2f} since", effect.processors_before,
                               effect.processors_since);
    use.source = "kernel: /proc/PID/stat of the node's processes";
    evidence.rows.push_back(use);
  };
}

}  // namespace withstand::faults
