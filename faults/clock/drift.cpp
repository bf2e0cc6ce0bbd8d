#include <fmt/format.h>

#include "clock/clock_fault.hpp"
#include "clock/clock_faults.hpp"
#include "core/parameters.hpp"

namespace withstand::faults {
namespace {

using Objections = std::vector<spec::KindTable::Objection>;

std::vector<spec::Parameter> drift_parameters() {
  spec::Parameter fast =
      core::described("fast", spec::ValueType::ratio, "How much the clock gains: \"200ppm\", \"5%\".");
  fast.maximum = spec::Ratio{1'000'000'000'000};
  spec::Parameter slow = core::described("slow", spec::ValueType::ratio, "How much the clock loses.");
  slow.maximum = spec::Ratio{999'999'999};
  return {fast, slow};
}

std::int64_t rate_of(const spec::FaultSpec& fault) {
  return core::parameter_or<spec::Ratio>(fault, "fast", {}).ppb -
         core::parameter_or<spec::Ratio>(fault, "slow", {}).ppb;
}

class Drift : public ClockFault {
 public:
  Drift()
      : ClockFault(
            core::nodes_schema("clock.drift", "The wall clock of nodes runs too fast or too slow.", drift_parameters()),
            clock_documentation(
                "The node's wall clock gains or loses evenly, as with a bad oscillator and no time service: "
                "cheap ones are 20 to 100 ppm off, virtual machines have been seen at 6000 ppm. When the "
                "fault ends, the clock steps to where it would be without.",
                "How far ahead a process of the node sees its clock at the end, beside what was asked for.",
                "[[fault]]\nname = \"fast\"\nkind = \"clock.drift\"\non   = \"any\"\nfast = \"6000ppm\"\n"
                "at   = \"2s\"\nfor  = \"10s\"\n")) {}

  [[nodiscard]] Objections objections(const spec::FaultSpec& fault) const override {
    const bool fast = core::parameter<spec::Ratio>(fault, "fast").has_value();
    const bool slow = core::parameter<spec::Ratio>(fault, "slow").has_value();
    if (fast != slow && rate_of(fault) != 0) return {};
    if (fast && slow) return {{"slow", {"a clock cannot be fast and slow at once", "leave one of them out"}}};
    return {{"", {"it says not how the clock drifts", "give 'fast' or 'slow', as in fast = \"200ppm\""}}};
  }

 private:
  [[nodiscard]] core::ClockChange change(const spec::FaultSpec& fault) const override {
    core::ClockChange asked;
    asked.kind = core::ClockChange::Kind::drift;
    asked.rate_ppb = rate_of(fault);
    return asked;
  }
  [[nodiscard]] std::string in_words(const spec::FaultSpec& fault) const override {
    const auto rate = rate_of(fault);
    return fmt::format("{} too {}", spec::to_text(spec::Ratio{rate < 0 ? -rate : rate}), rate < 0 ? "slow" : "fast");
  }
};

}  // namespace

std::unique_ptr<core::Fault> clock_drift() { return std::make_unique<Drift>(); }

}  // namespace withstand::faults
