#include "lab/link/forwarder.hpp"

#include <algorithm>
#include <cerrno>
#include <unistd.h>

#include "os/check.hpp"

namespace withstand::lab::link {
namespace {

using Kind = core::Impairment::Kind;

// A burst ends after this much, so that a busy sender delays others' due packets by no more than about 30 µs.
constexpr int burst_frames = 64;
constexpr std::size_t burst_bytes = std::size_t{128} << 10;

// A link's queue holds what it can plausibly carry in its delay: 5 Gbit/s, which is what a TCP stream reaches here,
// and never less than a few full TCP windows. All queues together are bounded for the machine's sake.
constexpr std::size_t bytes_per_second = 625'000'000;
constexpr std::size_t least_limit = std::size_t{8} << 20, most_limit = std::size_t{128} << 20,
                      total_limit = std::size_t{384} << 20;

std::size_t queue_limit(const Plan& plan) {
  const double seconds = std::chrono::duration<double>(longest_delay(plan)).count();
  return std::clamp(static_cast<std::size_t>(seconds * static_cast<double>(bytes_per_second)), least_limit, most_limit);
}

}  // namespace

Forwarder::Forwarder(const std::vector<NodeAddresses>& addresses, std::vector<os::Fd> tuns)
    : addresses_(addresses),
      links_(addresses.size() * addresses.size()),
      read_buffer_(frame_capacity),
      slice_buffer_(frame_capacity) {
  for (os::Fd& tun : tuns) ports_.push_back({.tun = std::move(tun), .counters = {}});
}

void Forwarder::read_burst(core::NodeId from) {
  Port& port = ports_[from];
  std::size_t bytes = 0;
  for (int frames = 0; frames < burst_frames && bytes < burst_bytes; ++frames) {
    const auto length = os::retry([&] { return ::read(port.tun.get(), read_buffer_.data(), read_buffer_.size()); });
    if (length < 0 && errno == EAGAIN) return;
    os::check("read from a TUN device", length);
    ++port.counters.read;
    bytes += static_cast<std::size_t>(length);
    forward(from, Frame(read_buffer_).first(static_cast<std::size_t>(length)));
  }
}

void Forwarder::forward(core::NodeId from, Frame frame) {
  const auto to = addresses_.destination(frame);
  if (!to || *to == from) {
    ++counters_.unroutable;
    return;
  }
  const core::Link link{from, *to};
  if (state(link).special) {
    impair(link, frame);
  } else if (!write(*to, frame)) {
    counters_.write_drops += wire_packets(frame);
  }
}

void Forwarder::impair(core::Link link, FrameView frame) {
  const auto plan = state(link).plan;
  Passage passage{.link = link, .plan = plan.get(), .read = core::now()};
  if (plan && state(link).segments) {
    if (const auto super = super_packet(frame); super && super->packets() > 1) return segment(passage, frame, *super);
  }
  passage.packets = static_cast<std::uint32_t>(wire_packets(frame));
  if (plan) {
    const auto delay = decide(*plan, passage.packets);
    if (!delay) return;
    passage.drawn = *delay;
  }
  pass_on(passage, frame);
}

/// Decides on every packet of a super-packet; neighbours that share their fate travel on together.
void Forwarder::segment(const Passage& passage, FrameView frame, const SuperPacket& super) {
  const std::size_t packets = super.packets();
  Passage run = passage;
  run.packets = 0;
  const auto flush = [&](std::size_t end) {
    if (run.packets == 0) return;
    if (run.packets == packets) return pass_on(run, frame);
    const std::size_t size = slice(frame, super, end - run.packets, run.packets, slice_buffer_);
    pass_on(run, FrameView(slice_buffer_).first(size));
  };
  for (std::size_t i = 0; i < packets; ++i) {
    const auto delay = decide(*passage.plan, 1);
    if (delay && run.packets > 0 && *delay == run.drawn) {
      ++run.packets;
      continue;
    }
    flush(i);
    run.packets = delay ? 1 : 0;
    run.drawn = delay.value_or(std::chrono::nanoseconds(0));
  }
  flush(packets);
}

void Forwarder::pass_on(Passage passage, FrameView frame) {
  const LinkState& link = state(passage.link);
  passage.due = passage.read + passage.drawn;
  if (link.queued > 0) passage.due = std::max(passage.due, link.last_due);
  if (link.queued == 0 && passage.drawn.count() == 0) {
    deliver(passage, frame);
  } else {
    enqueue(passage, frame);
  }
}

void Forwarder::enqueue(const Passage& passage, FrameView frame) {
  LinkState& link = state(passage.link);
  if (link.queued_bytes + frame.size() > link.limit || queued_bytes_ + frame.size() > total_limit) {
    counters_.queue_drops += passage.packets;
    if (passage.plan != nullptr)
      for (const auto& stage : *passage.plan) stage->egress.dropped_later += passage.packets;
    return;
  }
  Parcel parcel{.link = passage.link,
                .plan = link.plan,
                .read = passage.read,
                .due = passage.due,
                .drawn = passage.drawn,
                .packets = passage.packets,
                .size = static_cast<std::uint32_t>(frame.size()),
                .bytes = std::make_unique_for_overwrite<std::byte[]>(frame.size())};
  std::copy(frame.begin(), frame.end(), parcel.bytes.get());
  if (parcel.plan)
    for (const auto& stage : *parcel.plan) stage->egress.in_flight += passage.packets;
  ++link.queued;
  link.queued_bytes += frame.size();
  queued_bytes_ += frame.size();
  link.last_due = passage.due;
  queue_.push(std::move(parcel));
}

void Forwarder::release() {
  for (int parcels = 0; parcels < burst_frames && queue_.next_due() <= core::now(); ++parcels) {
    const Parcel parcel = queue_.pop();
    LinkState& link = state(parcel.link);
    --link.queued;
    link.queued_bytes -= parcel.size;
    queued_bytes_ -= parcel.size;
    link.special = link.plan || link.queued > 0 || !link.partitions.empty();
    if (parcel.plan)
      for (const auto& stage : *parcel.plan) stage->egress.in_flight -= parcel.packets;
    deliver({parcel.link, parcel.plan.get(), parcel.read, parcel.due, parcel.drawn, parcel.packets}, parcel.frame());
  }
}

bool Forwarder::write(core::NodeId to, FrameView frame) {
  const auto written = os::retry([&] { return ::write(ports_[to].tun.get(), frame.data(), frame.size()); });
  if (written < 0) return false;  // the interface is down, or the kernel found the packet malformed
  ++ports_[to].counters.written;
  return true;
}

void Forwarder::deliver(const Passage& passage, FrameView frame) {
  if (write(passage.link.to, frame)) {
    witness(passage, core::now());
    return;
  }
  counters_.write_drops += passage.packets;
  if (passage.plan != nullptr)
    for (const auto& stage : *passage.plan) stage->egress.dropped_later += passage.packets;
}

/// Sees a packet that was really written. Partitions are judged by time and not by what was decided: a packet read
/// during the life of one must not come out.
void Forwarder::witness(const Passage& passage, core::Instant written) {
  if (passage.due != passage.read) {
    counters_.lateness.add((written - passage.due).count());
    ++counters_.queued;
    if (written - passage.due > promised_lateness(passage.due - passage.read)) ++counters_.late;
  }
  if (passage.plan != nullptr) {
    for (const auto& stage : *passage.plan) {
      if (stage->settings.kind == Kind::partition) continue;
      stage->egress.delivered += passage.packets;
      if (stage->settings.kind != Kind::latency) continue;
      stage->egress.delay.add((written - passage.read).count(), passage.packets);
      stage->egress.scheduled_sum += (passage.due - passage.read).count() * passage.packets;
      stage->egress.drawn_sum += passage.drawn.count() * passage.packets;
    }
  }
  for (const auto& partition : state(passage.link).partitions)
    if (passage.read >= partition->added && passage.read < partition->removed)
      partition->egress.delivered += passage.packets;
}

void Forwarder::replan(core::Link link, Plan plan) {
  LinkState& changed = state(link);
  // Ended partitions are watched until the last packet that was waiting when they ended has left.
  if (changed.queued == 0)
    std::erase_if(changed.partitions, [](const auto& stage) { return stage->removed != core::Instant::max(); });
  changed.segments = needs_packets(plan);
  changed.limit = std::max(changed.queued > 0 ? changed.limit : 0, queue_limit(plan));
  changed.plan = plan.empty() ? nullptr : std::make_shared<const Plan>(std::move(plan));
  changed.special = changed.plan || changed.queued > 0 || !changed.partitions.empty();
}

void Forwarder::add(const StageSettings& settings, std::span<const StagedLink> links) {
  const core::Instant now = core::now();
  Stages& stages = impairments_[settings.handle];
  for (const StagedLink& staged : links) {
    auto stage = std::make_shared<Stage>();
    stage->settings = settings;
    stage->draws = staged.draws;
    stage->added = now;
    stages.emplace_back(staged.link, stage);
    LinkState& link = state(staged.link);
    if (settings.kind == Kind::partition) link.partitions.push_back(stage);
    Plan plan = link.plan ? *link.plan : Plan{};
    const auto place =
        std::find_if(plan.begin(), plan.end(), [&](const auto& other) { return other->settings.kind > settings.kind; });
    plan.insert(place, std::move(stage));
    replan(staged.link, std::move(plan));
  }
}

void Forwarder::remove(std::uint64_t handle) {
  const auto found = impairments_.find(handle);
  if (found == impairments_.end()) return;
  const core::Instant now = core::now();
  for (const auto& [link, stage] : found->second) {
    if (stage->removed != core::Instant::max()) continue;
    stage->removed = now;
    Plan plan = *state(link).plan;
    std::erase(plan, stage);
    replan(link, std::move(plan));
  }
}

const Forwarder::Stages* Forwarder::stages(std::uint64_t handle) const {
  const auto found = impairments_.find(handle);
  return found == impairments_.end() ? nullptr : &found->second;
}

}  // namespace withstand::lab::link
