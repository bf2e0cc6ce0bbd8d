#include "lab/link/accounting.hpp"

#include <algorithm>
#include <bit>

namespace withstand::lab::link {
namespace {

using Kind = core::Impairment::Kind;

/// Calls `tell` with each stage that `mask` names.
template <class Tell>
void for_each(const Plan& plan, std::uint64_t mask, const Tell& tell) {
  for (; mask != 0; mask &= mask - 1) tell(*plan[static_cast<std::size_t>(std::countr_zero(mask))]);
}

void add(const Plan& plan, const Passage& passage, std::uint64_t Outcome::*where, std::uint64_t packets) {
  for_each(plan, passage.met, [&](Stage& stage) { stage.egress.all.*where += packets; });
  for_each(plan, passage.changed, [&](Stage& stage) { stage.egress.changed.*where += packets; });
}

bool is_marked(FrameView frame) {
  const auto header = packet_header(frame);
  return header && congestion_marked(frame, *header);
}

/// What was done counts when it is seen in the bytes that leave, where it can be.
bool shows(const Stage& stage, const Passage& passage, FrameView frame) {
  if (stage.settings.kind == Kind::corrupt) return digest(frame) != passage.digest;
  return stage.settings.kind != Kind::loss || is_marked(frame);
}

/// How long it took, for a stage that delays.
void time_passage(Stage& stage, const Passage& passage, FrameView frame, core::Instant written) {
  stage.egress.delay.add((written - passage.read).count(), passage.packets);
  stage.egress.drawn.add(passage.drawn.count(), passage.packets);
  stage.egress.scheduled_sum += (passage.due - passage.read).count() * passage.packets;
  stage.egress.trace.add(passage.drawn, passage.due - passage.read, written - passage.read);
  // What a rate that ended sent on to this one comes on top of what this one lets through.
  if (stage.settings.kind != Kind::rate || passage.read < stage.begun) return;
  const auto each = static_cast<std::uint32_t>((frame.size() - os::vnet_header_bytes) / passage.packets);
  stage.egress.drain.add(passage.read, written, passage.packets * wire_bytes(stage.settings.settings.rate, each),
                         passage.waited);
  if (passage.marked && is_marked(frame)) stage.egress.marked += passage.packets;
}

/// What is seen in the bytes themselves.
void look_at(Stage& stage, const Passage& passage, FrameView frame) {
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
  for_each(plan, passage.met, [&](Stage& stage) {
    const Kind kind = stage.settings.kind;
    stage.egress.all.delivered += passage.packets;
    look_at(stage, passage, frame);
    if (late) stage.egress.reordered += passage.packets;
    if (kind == Kind::rate || kind == Kind::latency || kind == Kind::reorder)
      time_passage(stage, passage, frame, written);
  });
  for_each(plan, passage.changed, [&](Stage& stage) {
    if (shows(stage, passage, frame)) stage.egress.changed.delivered += passage.packets;
  });
}

}  // namespace withstand::lab::link
