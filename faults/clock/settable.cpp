#include <fmt/format.h>

#include "clock/clock_fault.hpp"
#include "clock/clock_faults.hpp"
#include "core/parameters.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;

class Settable : public ClockFault {
 public:
  Settable()
      : ClockFault(
            core::nodes_schema("clock.settable", "Programs of nodes may set the wall clock of their node.", {}),
            clock_documentation(
                "As with CAP_SYS_TIME, but for the node's own clock: clock_settime, settimeofday, adjtimex and "
                "clock_adjtime do what they do elsewhere, to every process of the node and to nobody else. That is how "
                "a time service, a hook or the target itself steps the clock, or announces a leap second (STA_INS, "
                "STA_DEL) and gets it at the node's next midnight. Without this fault such calls fail with EPERM. When "
                "it ends, the clock steps to where it would be without; leap seconds that were announced stay.",
                "How often the clock, or its discipline, was set, and how far ahead a process of the node sees it.",
                "[[fault]]\nname = \"own\"\nkind = \"clock.settable\"\non   = \"n1\"\nat   = \"0s\"\nfor  = "
                "\"10s\"\n")) {}

 private:
  [[nodiscard]] core::ClockChange change(const spec::FaultSpec&) const override {
    core::ClockChange asked;
    asked.kind = core::ClockChange::Kind::settable;
    return asked;
  }
  [[nodiscard]] std::string in_words(const spec::FaultSpec&) const override { return "as its programs set it"; }
  [[nodiscard]] ClockInjection::MoreRows more_rows(const spec::FaultSpec&) const override {
    return [](const core::ClockEffect& effect, const std::string& node, core::Evidence& evidence) {
      EvidenceRow row;
      row.what = "sets of " + node;
      row.requested = "allowed";
      row.measured = effect.sets == 0 ? "nobody has set it" : fmt::format("set {} times", effect.sets);
      row.source = "clock supervisor";
      row.judgement = effect.sets == 0 ? EvidenceRow::Judgement::absent : EvidenceRow::Judgement::agrees;
      evidence.rows.push_back(row);
    };
  }
};

}  // namespace

std::unique_ptr<core::Fault> clock_settable() { return std::make_unique<Settable>(); }

}  // namespace withstand::faults
