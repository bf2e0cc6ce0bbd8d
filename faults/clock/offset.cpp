#include "clock/clock_fault.hpp"
#include "clock/clock_faults.hpp"
#include "core/parameters.hpp"

namespace withstand::faults {
namespace {

std::vector<spec::Parameter> offset_parameters() {
  spec::Parameter within =
      core::described("within", spec::ValueType::duration,
                      "The offset builds up evenly over this time, as a clock that is slewed; no reading goes back.");
  within.fallback = spec::Duration{};
  within.default_matters = core::nowhere;
  return {by_parameter("How far the node's clock is ahead; negative: behind."), within};
}

class Offset : public ClockFault {
 public:
  Offset()
      : ClockFault(
            core::nodes_schema("clock.offset", "The wall clock of nodes is ahead or behind by a constant.",
                               offset_parameters()),
            clock_documentation(
                "The node's wall clock differs from the others' by a constant, while the fault lasts: a host whose "
                "time "
                "service is misconfigured, or whose battery is empty. Without `within` it gets there, and back, in one "
                "step; what the step itself does is clock.jump's question.",
                "How far ahead a process of the node sees its clock, to the microsecond, beside what was asked for.",
                "[[fault]]\nname = \"hour\"\nkind = \"clock.offset\"\non   = \"any\"\nby   = \"-1h\"\nat   = \"2s\"\n"
                "for  = \"10s\"\n")) {}

  [[nodiscard]] std::vector<spec::KindTable::Objection> objections(const spec::FaultSpec& fault) const override {
    const auto by = core::parameter_or<spec::Duration>(fault, "by", {});
    const auto within = core::parameter_or<spec::Duration>(fault, "within", {});
    if (by.count() == 0) return {{"by", {"an offset of nothing has no effect", "say how far the clock is ahead"}}};
    if (within.count() != 0 && by + within <= spec::Duration{})
      return {
          {"within", {"the clock would stand still or run backwards", "give it more time than the offset is long"}}};
    return {};
  }

 private:
  [[nodiscard]] core::ClockChange change(const spec::FaultSpec& fault) const override {
    core::ClockChange asked;
    asked.by = by_of(fault);
    asked.length = core::parameter_or<spec::Duration>(fault, "within", {}).count();
    asked.kind = asked.length > 0 ? core::ClockChange::Kind::smear : core::ClockChange::Kind::offset;
    return asked;
  }
  [[nodiscard]] std::string in_words(const spec::FaultSpec& fault) const override {
    return ahead_in_words(by_of(fault));
  }
};

}  // namespace

std::unique_ptr<core::Fault> clock_offset() { return std::make_unique<Offset>(); }

}  // namespace withstand::faults
