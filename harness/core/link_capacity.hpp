#pragma once

#include <cstddef>

namespace withstand::core {

/// How many impairments a link bears at the same time.
constexpr std::size_t most_impairments = 64;

}  // namespace withstand::core
