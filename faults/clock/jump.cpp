#include "clock/clock_fault.hpp"
#include "clock/clock_faults.hpp"
#include "core/parameters.hpp"

namespace withstand::faults {
namespace {

class Jump : public ClockFault {
 public:
  Jump()
      : ClockFault(
            core::nodes_schema("clock.jump", "The wall clock of nodes is set: it jumps forward or back.",
                               {by_parameter("How far it jumps; negative: back.")}),
            clock_documentation(
                "The node's wall clock jumps at one instant, in all its processes at once, as when a time service "
                "steps it or a person sets it; when the fault ends it jumps back. Who waits for an instant that has "
                "come by that is woken; who waits for one that has moved away waits longer. As after any step, "
                "adjtimex(2) calls the clock unsynchronised.",
                "How far ahead a process of the node sees its clock, to the microsecond, beside what was asked for.",
                "[[fault]]\nname = \"back\"\nkind = \"clock.jump\"\non   = \"any\"\nby   = \"-30s\"\nat   = \"2s\"\n"
                "for  = \"10s\"\n")) {}

  [[nodiscard]] std::vector<spec::KindTable::Objection> objections(const spec::FaultSpec& fault) const override {
    return objections_to_by(fault);
  }

 private:
  [[nodiscard]] core::ClockChange change(const spec::FaultSpec& fault) const override {
    core::ClockChange asked;
    asked.by = by_of(fault);
    return asked;
  }
  [[nodiscard]] std::string in_words(const spec::FaultSpec& fault) const override {
    return ahead_in_words(by_of(fault));
  }
};

}  // namespace

std::unique_ptr<core::Fault> clock_jump() { return std::make_unique<Jump>(); }

}  // namespace withstand::faults
