#pragma once

#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

namespace withstand::fuzz {

/// Aborts with the input on stderr when something does not hold that must hold for every input.
inline void promise(bool holds, std::string_view what, std::string_view input) {
  if (holds) return;
  fmt::print(stderr, "broken promise: {}\ninput ({} bytes):\n{}\n", what, input.size(), input);
  std::abort();
}

}  // namespace withstand::fuzz
