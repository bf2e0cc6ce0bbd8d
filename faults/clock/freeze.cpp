#include "clock/clock_fault.hpp"
#include "clock/clock_faults.hpp"
#include "core/parameters.hpp"

namespace withstand::faults {
namespace {

class Freeze : public ClockFault {
 public:
  Freeze()
      : ClockFault(core::nodes_schema("clock.freeze", "The wall clock of nodes stands still.", {}),
                   clock_documentation(
                       "The node's wall clock stands still while everything else goes on, as seen where a hypervisor "
                       "or a driver lost its clock source; whoever waits for an instant of it waits. When the fault "
                       "ends, the clock jumps forward to the true time.",
                       "How far behind a process of the node sees its clock at the end, beside what was asked for.",
                       "[[fault]]\nname = \"still\"\nkind = \"clock.freeze\"\non   = \"any\"\nat   = \"2s\"\n"
                       "for  = \"5s\"\n")) {}

 private:
  [[nodiscard]] core::ClockChange change(const spec::FaultSpec&) const override {
    core::ClockChange asked;
    asked.kind = core::ClockChange::Kind::freeze;
    return asked;
  }
  [[nodiscard]] std::string in_words(const spec::FaultSpec&) const override { return "stands still"; }
};

}  // namespace

std::unique_ptr<core::Fault> clock_freeze() { return std::make_unique<Freeze>(); }

}  // namespace withstand::faults
