#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "record/history.hpp"

namespace withstand::check {

/// What became of a write that was acknowledged, by the read-back after recovery.
struct AcknowledgedWrite {
  enum class Fate {
    kept,    ///< every node that was read back has it
    lost,    ///< a node has nothing, or something else
    unread,  ///< a node could not be read back
  };
  std::int64_t due = 0;
  Fate fate = Fate::unread;
};

/// Of a history whose keys are written once each, in no certain order. A read-back that did not begin after the
/// acknowledgement says nothing of a loss. Pure.
std::vector<AcknowledgedWrite> acknowledged_writes(std::span<const record::Operation> history);

}  // namespace withstand::check
