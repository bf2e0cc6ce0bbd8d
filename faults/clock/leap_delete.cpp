#include "clock/clock_faults.hpp"
#include "clock/leap_second.hpp"
#include "core/parameters.hpp"

namespace withstand::faults {
namespace {

core::Documentation delete_documentation() {
  return clock_documentation(
      "As the kernel does it: at the end of the day of UTC 23:59:58 is followed by 00:00:00. It never happened to the "
      "world's clocks yet. adjtimex(2) tells the node's programs TIME_DEL before and TIME_WAIT after, and TAI - UTC "
      "is one less. When the fault ends, the clock steps to where it would be without.",
      "That the leap second happened, with its states, and how far ahead a process of the node sees its clock.",
      "[[fault]]\nname   = \"leap\"\nkind   = \"clock.leap-delete\"\non     = \"all\"\nbefore = \"4s\"\nat     = "
      "\"2s\"\n"
      "for    = \"10s\"\n");
}

}  // namespace

std::unique_ptr<core::Fault> clock_leap_delete() {
  return std::make_unique<LeapSecond>(
      core::nodes_schema("clock.leap-delete", "The wall clock of nodes leaves out the last second of a day.",
                         leap_parameters()),
      delete_documentation(), false);
}

}  // namespace withstand::faults
