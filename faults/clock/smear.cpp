#include <fmt/format.h>

#include "clock/clock_fault.hpp"
#include "clock/clock_faults.hpp"
#include "core/parameters.hpp"

namespace withstand::faults {
namespace {

std::vector<spec::Parameter> smear_parameters() {
  spec::Parameter over = core::described("over", spec::ValueType::duration,
                                         "How long it takes: 24h, noon to noon, is usual; 20h was so in 2016.");
  over.fallback = spec::Duration(std::chrono::hours(24));
  over.minimum = spec::Duration(std::chrono::seconds(2));
  spec::Parameter shape = core::described("shape", spec::ValueType::choice, "Evenly, or as ntpd's leapsmear does it.");
  shape.choices = {"linear", "cosine"};
  shape.fallback = std::string("linear");
  spec::Parameter leap = core::described("leap", spec::ValueType::choice,
                                         "An inserted second slows the clock down, one left out speeds it up.");
  leap.choices = {"insert", "delete"};
  leap.fallback = std::string("insert");
  return {over, shape, leap};
}

class Smear : public ClockFault {
 public:
  Smear()
      : ClockFault(core::nodes_schema("clock.smear", "The wall clock of nodes takes in a leap second bit by bit.",
                                      smear_parameters()),
                   clock_documentation(
                       "Instead of a leap second, the node's time service spreads it: the wall clock is slower (by "
                       "11.6 ppm over 24 hours) until it is one second behind. Beside nodes that do otherwise it is "
                       "up to a second off. adjtimex(2) knows nothing of it. When the fault ends, the clock steps "
                       "back. A day can pass in a minute beside clock.start-at with `speed`.",
                       "How far behind a process of the node sees its clock at the end, beside what was asked for.",
                       "[[fault]]\nname = \"smear\"\nkind = \"clock.smear\"\non   = \"any\"\nover = \"10s\"\n"
                       "at   = \"2s\"\nfor  = \"12s\"\n")) {}

 private:
  [[nodiscard]] core::ClockChange change(const spec::FaultSpec& fault) const override {
    core::ClockChange asked;
    asked.kind = core::ClockChange::Kind::smear;
    asked.by = core::parameter_or<std::string>(fault, "leap", "insert") == "insert" ? -1'000'000'000 : 1'000'000'000;
    asked.length = core::parameter_or<spec::Duration>(fault, "over", std::chrono::hours(24)).count();
    asked.cosine = core::parameter_or<std::string>(fault, "shape", "linear") == "cosine";
    return asked;
  }
  [[nodiscard]] std::string in_words(const spec::FaultSpec& fault) const override {
    const bool inserted = core::parameter_or<std::string>(fault, "leap", "insert") == "insert";
    return fmt::format("1s {}, over {}", inserted ? "behind" : "ahead",
                       spec::to_text(core::parameter_or<spec::Duration>(fault, "over", std::chrono::hours(24))));
  }
};

}  // namespace

std::unique_ptr<core::Fault> clock_smear() { return std::make_unique<Smear>(); }

}  // namespace withstand::faults
