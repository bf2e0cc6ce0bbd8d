#pragma once

#include <string>

namespace withstand::lab::clock {

/// Whether a program's own code seems to read the processor's time stamp counter, which no domain can make false: rdtsc
/// or rdtscp, whose two halves are put together just after, as compilers write it. Libraries are not looked into; code
/// that is made while the program runs cannot be. `path` may be /proc/PID/exe; false where it cannot be read.
bool reads_time_stamp_counter(const std::string& path);

}  // namespace withstand::lab::clock
