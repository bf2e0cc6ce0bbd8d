#include <fmt/format.h>

#include "clock/clock_fault.hpp"
#include "clock/clock_faults.hpp"
#include "core/parameters.hpp"

namespace withstand::faults {
namespace {

std::vector<spec::Parameter> strobe_parameters() {
  spec::Parameter period =
      core::described("period", spec::ValueType::duration, "How long a turn forward and back takes together.");
  period.required = true;
  period.minimum = spec::Duration(std::chrono::microseconds(10));
  return {by_parameter("How far it jumps to and fro; negative: back first."), period};
}

class Strobe : public ClockFault {
 public:
  Strobe()
      : ClockFault(core::nodes_schema("clock.strobe", "The wall clock of nodes jumps to and fro, again and again.",
                                      strobe_parameters()),
                   clock_documentation(
                       "In every other half of `period` the node's wall clock is ahead by `by`, in the other half it "
                       "is true: two time services that disagree. The switches are at their nanosecond, in all "
                       "processes at once, and cost nothing.",
                       "How far ahead a process of the node sees its clock at one instant, beside what was asked for.",
                       "[[fault]]\nname   = \"strobe\"\nkind   = \"clock.strobe\"\non     = \"any\"\nby     = \"2s\"\n"
                       "period = \"100ms\"\nat     = \"2s\"\nfor    = \"5s\"\n")) {}

  [[nodiscard]] std::vector<spec::KindTable::Objection> objections(const spec::FaultSpec& fault) const override {
    return objections_to_by(fault);
  }

 private:
  [[nodiscard]] core::ClockChange change(const spec::FaultSpec& fault) const override {
    core::ClockChange asked;
    asked.kind = core::ClockChange::Kind::strobe;
    asked.by = by_of(fault);
    asked.half_period = core::parameter_or<spec::Duration>(fault, "period", {}).count() / 2;
    return asked;
  }
  [[nodiscard]] std::string in_words(const spec::FaultSpec& fault) const override {
    return fmt::format("{} in every other half of {}", ahead_in_words(by_of(fault)),
                       spec::to_text(core::parameter_or<spec::Duration>(fault, "period", {})));
  }
};

}  // namespace

std::unique_ptr<core::Fault> clock_strobe() { return std::make_unique<Strobe>(); }

}  // namespace withstand::faults
