#include "lab/link/forwarder.hpp"

#include <algorithm>
#include <cerrno>
#include <unistd.h>

#include "lab/link/accounting.hpp"
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
  const double delayed = seconds * static_cast<double>(bytes_per_second);
  // Rates bound their own queues, which count less per packet than is kept here.
  return 2 * size_queues(plan) + static_cast<std::size_t>(std::clamp<double>(delayed, least_limit, most_limit));
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

void Forwarder::set_capture(Capture* capture) {
  capture_ = capture;
  for (LinkState& link : links_) link.special = is_special(link);
}

bool Forwarder::is_special(const LinkState& link) const {
  return link.plan || link.queued > 0 || !link.partitions.empty() || capture_ != nullptr;
}

std::optional<core::Link> Forwarder::route(core::NodeId from, FrameView frame) {
  const auto to = addresses_.destination(frame);
  if (!to || *to == from) {
    ++counters_.unroutable;
    return {};
  }
  const core::Link link{from, *to};
  // Numbered when they are opened, impaired or not: an impairment that begins later finds them in that order.
  if (opens_or_ends_connection(frame))
    if (const auto header = packet_header(frame)) connections_.see(link, *header, frame);
  return link;
}

void Forwarder::forward(core::NodeId from, Frame frame) {
  const auto link = route(from, frame);
  if (!link) return;
  if (streams_) return streams_->meet(*link, frame, core::now(), connections_);
  go_on(*link, frame);
}

void Forwarder::go_on(core::Link link, Frame frame) {
  if (state(link).special) {
    impair(link, frame, core::now());
  } else if (!write(link, frame)) {
    counters_.write_drops += wire_packets(frame);
  }
  noted_.clear();
}

void Forwarder::stopped(core::Link link, FrameView frame, const Ruling& why) {
  const auto packets = static_cast<std::uint32_t>(wire_packets(frame));
  const CaptureEntry entry(capture_, link, core::now(), frame, {0, packets, packets});
  tell(std::span(&why, 1), 0);
}

void Forwarder::note(const Ruling& ruling) {
  if (capture_ != nullptr) noted_.push_back(ruling);
}

void Forwarder::offer(core::NodeId from, Frame frame, core::Instant read) {
  if (const auto link = route(from, frame)) impair(*link, frame, read);
}

void Forwarder::impair(core::Link at, Frame frame, core::Instant read) {
  LinkState& link = state(at);
  Passage passage{.link = at, .read = read, .sequence = link.sequence};
  if (!link.plan) {
    passage.packets = static_cast<std::uint32_t>(wire_packets(frame));
    link.sequence += passage.packets;
    const CaptureEntry entry(capture_, passage.link, read, frame, {0, passage.packets, passage.packets});
    tell(noted_, 0);
    return pass_on(passage, {}, frame);
  }
  const auto header = packet_header(frame);
  PacketFacts facts{.read = passage.read, .bytes = static_cast<std::uint32_t>(frame.size() - os::vnet_header_bytes)};
  if (header) {
    facts.header = &*header;
    facts.time_to_live = passage.time_to_live = time_to_live(frame, *header);
    facts.has_payload = header->payload < facts.bytes;
    facts.can_be_marked = can_be_marked(frame, *header);
    facts.is_marked = congestion_marked(frame, *header);
    if (link.connections) facts.connection = connections_.of(at, *header);
  }
  if (link.segments) {
    if (const auto super = super_packet(frame); super && super->packets() > 1)
      return segment(link, facts, passage, frame, *super);
  }
  facts.packets = static_cast<std::uint32_t>(wire_packets(frame));
  whole(link, facts, passage, frame);
}

/// One packet, or several that nobody asks to be told apart.
void Forwarder::whole(LinkState& link, const PacketFacts& facts, Passage passage, Frame frame) {
  link.sequence += passage.packets = facts.packets;
  decide(*link.plan, facts, fates_, rulings());
  for (std::size_t which = 0; which < fates_.size(); ++which) {
    const Fate& fate = fates_[which];
    const CaptureEntry entry(capture_, passage.link, passage.read, frame, {0, facts.packets, facts.packets});
    tell(noted_, 0);
    tell(rulings_, which);
    if (fate.dropped) continue;
    // What is done to one copy must not show in the next.
    const Frame own = fates_.size() == 1 ? frame : Frame(slice_buffer_).first(frame.size());
    if (own.data() != frame.data()) std::copy(frame.begin(), frame.end(), own.begin());
    let_through(fate, passage, facts.header, own);
  }
}

/// Decides on every packet of a super-packet; neighbours that share their fate travel on together.
void Forwarder::segment(LinkState& link, PacketFacts facts, Passage passage, Frame frame, const SuperPacket& super) {
  const std::size_t packets = super.packets();
  Fate shared;
  std::vector<Ruling> shared_rulings;
  std::size_t count = 0;  // neighbours that share it, up to the packet at hand
  const auto emit = [&](const Fate& fate, std::span<const Ruling> told, std::size_t which, std::size_t first,
                        std::size_t several) {
    if (fate.dropped && capture_ == nullptr) return;
    Passage own = passage;
    own.sequence += first;
    own.packets = static_cast<std::uint32_t>(several);
    const Frame part =
        several == packets ? frame : Frame(slice_buffer_).first(slice(frame, super, first, several, slice_buffer_));
    const CaptureEntry entry(capture_, own.link, own.read, part,
                             {static_cast<std::uint32_t>(first), own.packets, static_cast<std::uint32_t>(packets)});
    tell(noted_, 0);
    tell(told, which);
    if (!fate.dropped) let_through(fate, own, facts.header, part);
  };
  const auto flush = [&](std::size_t end) {
    if (count > 0) emit(shared, shared_rulings, 0, end - count, count);
    count = 0;
  };
  link.sequence += packets;
  for (std::size_t i = 0; i < packets; ++i) {
    const std::size_t payload = std::min(super.segment, super.payload - i * super.segment);
    facts.bytes = static_cast<std::uint32_t>(super.headers + payload);
    decide(*link.plan, facts, fates_, rulings());
    if (count > 0 && fates_.size() == 1 && shared.travels_with(fates_.front())) {
      ++count;
      continue;
    }
    flush(i);
    if (fates_.size() == 1 && fates_.front().travels_with(fates_.front())) {
      shared = fates_.front();
      shared_rulings = rulings_;
      count = 1;
      continue;
    }
    for (std::size_t which = 0; which < fates_.size(); ++which) emit(fates_[which], rulings_, which, i, 1);
  }
  flush(packets);
}

void Forwarder::tell(std::span<const Ruling> rulings, std::size_t which) {
  if (capture_ == nullptr) return;
  for (const Ruling& ruling : rulings)
    if (ruling.of == which) capture_->add(ruling);
}

/// What the link itself did.
void Forwarder::tell(Ruling::What what, std::int64_t amount) {
  if (capture_ != nullptr) capture_->add({.what = what, .amount = amount});
}

/// A fault has damaged it when its own bits make a difference: two may flip the same, and nothing is damaged then.
void Forwarder::damage(const Plan& plan, const Fate& fate, Passage& passage, const PacketHeader* header, Frame frame) {
  if (fate.corruption_count > 0) complete_checksum(frame);
  passage.digest = digest(frame);
  const std::uint64_t whole = passage.digest;
  for (std::size_t i = 0; i < fate.corruption_count; ++i) {
    const Fate::Corruption& wanted = fate.corruptions[i];
    const StageSettings& stage = plan[wanted.stage]->settings;
    const auto flipped = corrupt(frame, *header, stage.settings.corrupt, core::DrawStream{wanted.key});
    const std::uint64_t after = digest(frame);
    if (after == passage.digest) passage.changed &= ~(std::uint64_t{1} << wanted.stage);
    passage.digest = after;
    if (capture_ == nullptr) continue;
    for (std::size_t bit = 0; bit < flipped.count; ++bit)
      capture_->add({.by = &stage, .what = Ruling::What::flipped, .amount = flipped.at[bit]});
  }
  passage.damaged = passage.digest != whole;
}

/// Does to the packet what was decided, in its place, and sends it on.
void Forwarder::let_through(const Fate& fate, Passage passage, const PacketHeader* header, Frame frame) {
  const LinkState& link = state(passage.link);
  passage.met = fate.met;
  passage.changed = fate.changed;
  passage.drawn = fate.delay();
  passage.owns = fate.owns;
  passage.own_count = fate.own_count;
  passage.copy = fate.copy_of >= 0;
  if (header != nullptr) {
    if (fate.hops > 0) lower_time_to_live(frame, *header, fate.hops);
    if (fate.marks != 0 && !congestion_marked(frame, *header) && mark_congestion(frame, *header))
      passage.marks = fate.marks;
  }
  if (link.corrupts) damage(*link.plan, fate, passage, header, frame);
  pass_on(passage, fate.loose, frame);
}

void Forwarder::pass_on(Passage passage, std::chrono::nanoseconds loose, FrameView frame) {
  const LinkState& link = state(passage.link);
  passage.era = link.era;
  core::Instant ordered = passage.read + passage.drawn - loose;
  const bool held_back = link.queued_in_era > 0 && link.last_due > ordered;
  if (held_back) {
    tell(Ruling::What::in_order, (link.last_due - ordered).count());
    ordered = link.last_due;
  }
  passage.due = ordered + loose;
  // What is held back by another packet alone cannot be written before that one is.
  passage.patience = promised_lateness(passage.due - passage.read);
  if (held_back) passage.patience = std::max(passage.patience, link.last_patience);
  if (link.queued_in_era == 0 && passage.drawn.count() == 0) {
    deliver(passage, link.plan.get(), frame);
  } else {
    enqueue(passage, ordered, frame);
  }
}

void Forwarder::enqueue(const Passage& passage, core::Instant ordered, FrameView frame) {
  LinkState& link = state(passage.link);
  if (link.queued_bytes + frame.size() > link.limit || queued_bytes_ + frame.size() > total_limit) {
    counters_.queue_drops += passage.packets;
    tell(Ruling::What::no_room);
    if (link.plan) count_dropped(*link.plan, passage);
    return;
  }
  Parcel parcel;
  static_cast<Passage&>(parcel) = passage;
  parcel.plan = link.plan;
  parcel.size = static_cast<std::uint32_t>(frame.size());
  parcel.bytes = std::make_unique_for_overwrite<std::byte[]>(frame.size());
  std::copy(frame.begin(), frame.end(), parcel.bytes.get());
  if (parcel.plan) count_in_flight(*parcel.plan, passage);
  ++link.queued;
  ++link.queued_in_era;
  link.queued_bytes += frame.size();
  queued_bytes_ += frame.size();
  link.last_due = ordered;
  link.last_patience = passage.patience;
  queue_.push(std::move(parcel));
}

void Forwarder::release() {
  if (streams_ && streams_->next_due() <= core::now()) streams_->release(core::now());
  for (int parcels = 0; parcels < burst_frames && queue_.next_due() <= core::now(); ++parcels) {
    const Parcel parcel = queue_.pop();
    LinkState& link = state(parcel.link);
    --link.queued;
    if (parcel.era == link.era) --link.queued_in_era;
    link.queued_bytes -= parcel.size;
    queued_bytes_ -= parcel.size;
    link.special = is_special(link);
    if (parcel.plan) count_out_of_flight(*parcel.plan, parcel);
    deliver(parcel, parcel.plan.get(), parcel.frame());
  }
}

bool Forwarder::write(core::Link link, FrameView frame) {
  Port& port = ports_[link.to];
  const auto written = os::retry([&] { return ::write(port.tun.get(), frame.data(), frame.size()); });
  if (written < 0) {
    // EIO: the interface is down; EINVAL: the packet is malformed, as damaged ones may be (linux: drivers/net/tun.c).
    if (errno != EIO && errno != EINVAL) ++counters_.write_losses;
    return false;
  }
  ++port.counters.written;
  if (streams_ && streams_->impairs()) streams_->arrived(link, frame, core::now());
  return true;
}

void Forwarder::deliver(const Passage& passage, const Plan* plan, FrameView frame) {
  if (write(passage.link, frame)) return witness(passage, plan, frame, core::now());
  counters_.write_drops += passage.packets;
  tell(Ruling::What::not_taken);
  if (plan != nullptr) count_dropped(*plan, passage);
}

/// Sees a packet that was really written. Partitions are judged by time and not by what was decided: a packet read
/// while one was in force must not come out.
void Forwarder::witness(const Passage& passage, const Plan* plan, FrameView frame, core::Instant written) {
  LinkState& link = state(passage.link);
  if (passage.due != passage.read) {
    counters_.lateness.add((written - passage.due).count());
    ++counters_.queued;
    if (written - passage.due > passage.patience) ++counters_.late;
  }
  // That later eras overtake earlier ones is nobody's doing who jumbles packets.
  const bool compares = !passage.copy && passage.era == link.era, late = compares && passage.sequence < link.highest;
  if (compares) link.highest = std::max(link.highest, passage.sequence + passage.packets);
  if (plan != nullptr) count_delivered(*plan, passage, frame, written, late);
  for (const auto& partition : link.partitions)
    if (partition->forbids(passage.read, frame, passage.damaged)) partition->egress.all.delivered += passage.packets;
}

void Forwarder::replan(core::Link link, Plan plan) {
  LinkState& changed = state(link);
  // Ended partitions are watched until the last packet that was waiting when they ended has left.
  if (changed.queued == 0)
    std::erase_if(changed.partitions, [](const auto& stage) { return stage->removed != core::Instant::max(); });
  changed.segments = needs_packets(plan);
  changed.corrupts = corrupts(plan);
  changed.connections = needs_connections(plan);
  changed.limit = std::max(changed.queued > 0 ? changed.limit : 0, queue_limit(plan));
  changed.plan = plan.empty() ? nullptr : std::make_shared<const Plan>(std::move(plan));
  changed.special = is_special(changed);
}

void Forwarder::add(const StageSettings& settings, std::span<const StagedLink> links, const Table& table,
                    core::Instant now) {
  const auto shared = std::make_shared<const StageSettings>(settings);
  Stages& stages = impairments_[settings.handle];
  for (const StagedLink& staged : links) {
    auto stage = std::make_shared<Stage>(shared, staged.draws, now, table);
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

/// What an ended stage holds still leaves at its time, but nothing new may wait for it: neither to keep the order, nor
/// in the queues of rates behind it.
void Forwarder::begin_era(LinkState& link, const Stage& ended, core::Instant now) {
  if (!keeps_order(ended)) return;
  ++link.era;
  link.queued_in_era = 0;
  bool behind = false;
  for (const auto& stage : *link.plan) {
    if (behind) stage->begin_anew(now);
    behind = behind || stage.get() == &ended;
  }
}

void Forwarder::remove(std::uint64_t handle) {
  const auto found = impairments_.find(handle);
  if (found == impairments_.end()) return;
  const core::Instant now = core::now();
  for (const auto& [link, stage] : found->second) {
    if (stage->removed != core::Instant::max()) continue;
    stage->removed = now;
    begin_era(state(link), *stage, now);
    Plan plan = *state(link).plan;
    std::erase(plan, stage);
    replan(link, std::move(plan));
  }
}

void Forwarder::forget(std::uint64_t handle) {
  remove(handle);
  impairments_.erase(handle);
}

const Forwarder::Stages* Forwarder::stages(std::uint64_t handle) const {
  const auto found = impairments_.find(handle);
  return found == impairments_.end() ? nullptr : &found->second;
}

}  // namespace withstand::lab::link
