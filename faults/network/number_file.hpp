#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "spec/result.hpp"

/// Readers of recorded delays, delay tables and link traces. The text is anybody's: nothing is believed of it. Lines
/// are at most 2^20 of them; '#' begins a comment; empty lines count for nothing. Complaints name the line.
namespace withstand::faults {

using Numbers = std::vector<std::int64_t>;

/// One delay per line, with its unit: "12.5ms". Nanoseconds, 0 to ten minutes.
spec::Result<Numbers> read_delays(std::string_view text);
/// Whole numbers, any number per line, in 1/8192 of the jitter: iproute2's .dist files. At least one, each within
/// ±2^20.
spec::Result<Numbers> read_delay_table(std::string_view text);
/// One whole millisecond per line, not falling, the last above 0: a Mahimahi trace. Nanoseconds.
spec::Result<Numbers> read_link_trace(std::string_view text);

/// The file's numbers by one of these; a complaint where it cannot be read, too.
using NumberReader = spec::Result<Numbers> (*)(std::string_view);
spec::Result<Numbers> read_number_file(const std::string& path, NumberReader reader);

}  // namespace withstand::faults
