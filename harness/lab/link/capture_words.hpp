#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lab/link/ruling.hpp"

namespace withstand::lab::link {

/// Which packets on the wire one entry of a capture is: `count` of the `of` that a node sent as one (segmentation
/// offload), from the `first`, which is 0.
struct CapturePart {
  std::uint32_t first = 0, count = 1, of = 1;
};

/// An entry's comments, one for each ruling ("dropped by loss 'lossy'", "latency 'slow': delayed 103.2ms"), bits that
/// one stage flipped together; before them which part of what a node sent it is, unless it is the whole of one packet.
std::vector<std::string> comments_on(const CapturePart& part, std::span<const Ruling> rulings);

}  // namespace withstand::lab::link
