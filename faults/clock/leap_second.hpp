#pragma once

#include <string>

#include "clock/clock_fault.hpp"

namespace withstand::faults {

/// A second more, or one less, at the end of a day of UTC.
class LeapSecond : public ClockFault {
 public:
  LeapSecond(spec::KindSchema schema, core::Documentation documentation, bool inserted)
      : ClockFault(std::move(schema), std::move(documentation)), inserted_(inserted) {}

 private:
  [[nodiscard]] core::ClockChange change(const spec::FaultSpec& fault) const override;
  [[nodiscard]] std::string in_words(const spec::FaultSpec& fault) const override;
  [[nodiscard]] ClockInjection::MoreRows more_rows(const spec::FaultSpec& fault) const override;

  bool inserted_;
};

std::vector<spec::Parameter> leap_parameters();
/// "model": what the kernel does to timers.
spec::Parameter leap_model();

}  // namespace withstand::faults
