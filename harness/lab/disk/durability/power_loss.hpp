#pragma once

#include <chrono>
#include <string>

#include "core/disk.hpp"
#include "lab/disk/durability/crash_model.hpp"
#include "lab/disk/durability/shadow.hpp"

namespace withstand::lab::disk {

/// Chooses what survives a cut at `cut` (CLOCK_MONOTONIC), brings the folder `root` (O_PATH) into that state, writes
/// the manifest and sums up. Nobody else may use the folder; the shadow is used up. Works in a folder beside `root`.
/// Throws SystemError.
[[nodiscard]] core::PowerLossEffect lose_power(Shadow& shadow, int root, const core::PowerLoss& loss,
                                               const std::string& node, std::chrono::nanoseconds cut);

/// One line of the manifest (JSON, without the newline) for an operation that did not survive whole; empty for one that
/// did.
[[nodiscard]] std::string manifest_line(const PendingOperation& operation, const Survivors& survivors,
                                        std::chrono::nanoseconds cut);

}  // namespace withstand::lab::disk
