#pragma once

#include <chrono>

#include "core/disk.hpp"
#include "core/draw.hpp"

namespace withstand::lab::disk {

/// How long the ordinal-th operation waits: drawn, never below zero. Pure; thread-safe.
[[nodiscard]] std::chrono::nanoseconds draw_delay(const core::DiskRule& rule, core::DrawStream stream,
                                                  std::uint64_t ordinal);

}  // namespace withstand::lab::disk
