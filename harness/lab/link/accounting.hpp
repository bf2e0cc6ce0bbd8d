#pragma once

#include "lab/link/release_queue.hpp"
#include "lab/link/stage.hpp"

/// Who is told what became of a packet: the stages that it met, and those that changed it.
namespace withstand::lab::link {

/// It waits from now on.
void count_in_flight(const Plan& plan, const Passage& passage);
/// It waits no more; what became of it is counted elsewhere.
void count_out_of_flight(const Plan& plan, const Passage& passage);
/// It went lost behind these stages.
void count_dropped(const Plan& plan, const Passage& passage);
/// It was written to the receiver's interface as these bytes; `late`: behind one that was sent after it.
void count_delivered(const Plan& plan, const Passage& passage, FrameView frame, core::Instant written, bool late);

}  // namespace withstand::lab::link
