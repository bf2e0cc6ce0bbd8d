#include "lab/link/accounting.hpp"

#include <algorithm>
#include <bit>

namespace withstand::lab::link {
namespace {

using Kind = core::Impairment::Kind;

/// Calls `tell` with each stage that `mask` names, and its index.
template <class Tell>
void for_each(const Plan& plan, std::uint64_t mask, const Tell& tell) {
  for (; mask != 0; mask &= mask - 1) {
    const auto index = static_cast<std::size_t>(std::countr_zero(mask));
    tell(*plan[index], index);
  }
}

void add(const Plan& plan, const Passage& passage, std::uint64_t Outcome::*where, std::uint64_t packets) {
  for_each(plan, passage.met, [&](Stage& stage, std::size_t) { stage.egress.all.*where += packets; });
  for_each(plan, passage.changed, [&](Stage& stage, std::size_t) { stage.egress.changed.*where += packets; });
}

bool is_marked(FrameView frame) {
  const auto header = packet_header(frame);
  return header && congestion_marked(frame, *header);
}

/// What was done counts when it is seen in the bytes that leave, where it can be: those that were made of it, and no
/// others, are damaged ones; whether a damaged one bears a mark, its own bits do not tell.
bool shows(const Stage& stage, const Passage& passage, FrameView frame) {
  if (stage.settings.kind == Kind::corrupt) return digest(frame) == passage.digest;
  return stage.settings.kind != Kind::loss || (passage.damaged ? passage.marks != 0 : is_marked(frame));
}

/// What one stage had to do with how long a packet took.
struct Part {
  std::chrono::nanoseconds own{};     ///< what it asked for
  std::chrono::nanoseconds behind{};  ///< what came on top behind it: other stages, and that order was kept
  bool waited = false;
};
Part part_of(const Passage& passage, std::size_t stage) {
  std::chrono::nanoseconds up_to{};
  for (std::size_t i = 0; i < passage.own_count; ++i) {
    up_to += passage.owns[i].delay;
    if (passage.owns[i].stage == stage)
      return {passage.owns[i].delay, passage.due - passage.read - up_to, passage.owns[i].waited};
  }
  return {passage.drawn, {}, true};  // of too many only the sum is known
}

/// How long it took, for a stage that delays: without what the other stages asked for.
void time_passage(Stage& stage, std::size_t index, const Passage& passage, FrameView frame, core::Instant written) {
  const Part part = part_of(passage, index);
  const std::chrono::nanoseconds others = passage.drawn - part.own, asked = passage.due - passage.read - others,
                                 took = written - passage.read - others;
  stage.egress.delay.add(took.count(), passage.packets);
  stage.egress.drawn.add(part.own.count(), passage.packets);
  stage.egress.scheduled_sum += asked.count() * passage.packets;
  stage.egress.trace.add(part.own, asked, took);
  // What a rate that ended sent on to this one comes on top of what this one lets through.
  if (stage.settings.kind != Kind::rate || passage.read < stage.begun) return;
  const auto each = static_cast<std::uint32_t>((frame.size() - os::vnet_header_bytes) / passage.packets);
  stage.egress.drain.add(passage.read, written - part.behind,
                         passage.packets * wire_bytes(stage.settings.settings.rate, each), part.waited,
                         passage.sequence, passage.packets);
  const bool marked = (passage.marks & (std::uint64_t{1} << index)) != 0;
  if (marked && (passage.damaged || is_marked(frame))) stage.egress.marked += passage.packets;
}

/// What is seen in the bytes themselves.
void look_at(Stage& stage, const Passage& passage, FrameView frame) {
  if (passage.damaged) return;
  if (stage.settings.kind == Kind::mtu) {
    const auto super = super_packet(frame);
    const std::size_t largest =
        super ? super->headers + std::min(super->segment, super->payload) : frame.size() - os::vnet_header_bytes;
    stage.egress.largest = std::max(stage.egress.largest, static_cast<std::uint32_t>(largest));
  } else if (stage.settings.kind == Kind::ttl) {
    if (const auto header = packet_header(frame))
      stage.egress.least_hops =
          std::min<std::uint32_t>(stage.egress.least_hops, passage.time_to_live - time_to_live(frame, *header));
  }
}

}  // namespace

void count_in_flight(const Plan& plan, const Passage& passage) {
  add(plan, passage, &Outcome::in_flight, passage.packets);
}

void count_out_of_flight(const Plan& plan, const Passage& passage) {
  add(plan, passage, &Outcome::in_flight, -std::uint64_t{passage.packets});
}

void count_dropped(const Plan& plan, const Passage& passage) {
  add(plan, passage, &Outcome::dropped_later, passage.packets);
}

void count_delivered(const Plan& plan, const Passage& passage, FrameView frame, core::Instant written, bool late) {
  for_each(plan, passage.met, [&](Stage& stage, std::size_t index) {
    const Kind kind = stage.settings.kind;
    stage.egress.all.delivered += passage.packets;
    look_at(stage, passage, frame);
    if (late) stage.egress.reordered += passage.packets;
    if (kind == Kind::rate || kind == Kind::latency || kind == Kind::reorder)
      time_passage(stage, index, passage, frame, written);
  });
  for_each(plan, passage.changed, [&](Stage& stage, std::size_t) {
    if (shows(stage, passage, frame)) stage.egress.changed.delivered += passage.packets;
  });
}

}  // namespace withstand::lab::link
