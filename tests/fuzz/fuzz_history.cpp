#include <cstddef>
#include <cstdint>

#include "entry.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  withstand::fuzz::history({reinterpret_cast<const char*>(data), size});
  return 0;
}
