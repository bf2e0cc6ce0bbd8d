#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "network/number_file.hpp"

/// Recorded delays, delay tables and link traces: what is accepted holds at least one number.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace withstand::faults;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const NumberReader reader : {read_delays, read_delay_table, read_link_trace})
    if (const auto numbers = reader(text); numbers && numbers->empty()) std::abort();
  return 0;
}
