#include "clock/clock_faults.hpp"
#include "clock/leap_second.hpp"
#include "core/parameters.hpp"

namespace withstand::faults {
namespace {

core::Documentation insert_documentation() {
  return clock_documentation(
      "As the kernel does it: at the end of the day of UTC the second 23:59:59 is repeated in CLOCK_REALTIME. A time "
      "daemon has announced it before: adjtimex(2) tells the node's programs TIME_INS, in the second itself TIME_OOP, "
      "then TIME_WAIT, and TAI - UTC is one more; CLOCK_TAI and CLOCK_MONOTONIC know nothing of it. When the fault "
      "ends, the clock steps to where it would be without.\n\n"
      "`model = \"hrtimer2012\"` is the bug of Linux before 3.4.5: the timers were not told, and waits until an "
      "instant "
      "of CLOCK_REALTIME ended one second early until somebody set the clock, so that loops with time-outs below a "
      "second "
      "span and burned a processor each.",
      "That the leap second happened, with its states, and how far ahead a process of the node sees its clock.",
      "[[fault]]\nname   = \"leap\"\nkind   = \"clock.leap-insert\"\non     = \"all\"\nbefore = \"4s\"\nat     = "
      "\"2s\"\n"
      "for    = \"10s\"\n");
}

std::vector<spec::Parameter> leap_insert_parameters() {
  auto all = leap_parameters();
  all.push_back(leap_model());
  return all;
}

}  // namespace

std::unique_ptr<core::Fault> clock_leap_insert() {
  return std::make_unique<LeapSecond>(
      core::nodes_schema("clock.leap-insert",
                         "A leap second is inserted in the wall clock of nodes: 23:59:59 comes twice.",
                         leap_insert_parameters()),
      insert_documentation(), true);
}

}  // namespace withstand::faults
