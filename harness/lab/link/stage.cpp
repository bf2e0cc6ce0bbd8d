#include "lab/link/stage.hpp"

#include <algorithm>
#include <netinet/in.h>
#include <stdexcept>
#include <utility>

namespace withstand::lab::link {
namespace {

using Kind = core::Impairment::Kind;
using std::chrono::nanoseconds;

Stage::Model model_of(const StageSettings& wanted, const core::DrawStream& draws, core::Instant now,
                      const Table& table) {
  const core::LinkSettings& settings = wanted.settings;
  switch (wanted.kind) {
    case Kind::partition:
      if (settings.flap.flaps()) return FlapModel(settings.flap, draws, now);
      return {};
    case Kind::mtu:
    case Kind::ttl:
      return {};
    case Kind::loss:
      return LossModel(settings.loss);
    case Kind::duplicate:
    case Kind::corrupt:
    case Kind::reorder:
      return ChoiceModel(settings.choice);
    case Kind::rate:
      return std::make_unique<RateModel>(settings.rate, draws, now, table);
    case Kind::latency:
      return DelayModel(settings.delay, table);
  }
  throw std::logic_error("link fabric: an impairment of no known kind");
}

bool matches(const core::Match& match, const PacketHeader* header) {
  using State = core::Match::State;
  if (match.everything()) return true;
  if (header == nullptr) return false;
  const bool icmp6 = match.protocol == IPPROTO_ICMP && header->ipv6 && header->protocol == IPPROTO_ICMPV6;
  if (match.protocol != 0 && match.protocol != header->protocol && !icmp6) return false;
  if (match.port != 0 && !header->has(match.port)) return false;
  if (match.state == State::any || header->protocol != IPPROTO_TCP) return true;
  const bool opening = (header->tcp_flags & (PacketHeader::syn | PacketHeader::ack)) == PacketHeader::syn;
  return opening == (match.state == State::fresh);
}

/// The packet is one of those that the stage is about, so it has a say.
bool meets(Stage& stage, const PacketFacts& packet) {
  const core::LinkSettings& settings = stage.settings.settings;
  if (!matches(settings.match, packet.header)) return false;
  switch (stage.settings.kind) {
    case Kind::partition:
      return !settings.flap.flaps() || std::get<FlapModel>(stage.model).down(packet.read);
    case Kind::corrupt:
      return packet.header != nullptr &&
             (settings.corrupt.where != core::CorruptSettings::Where::payload || packet.has_payload);
    case Kind::ttl:
      return packet.header != nullptr;
    default:
      return true;
  }
}

bool chosen(Stage& stage, const Stage::Draw& draw) {
  return std::get<ChoiceModel>(stage.model).next(draw.stream, draw.ordinal);
}

void shape(Stage& stage, const PacketFacts& packet, std::uint64_t bit, Fate& fate) {
  // So far only other rates have delayed it, which keep order: it comes here when it leaves them.
  const core::Instant comes = packet.read + fate.ordered;
  const auto departure = std::get<std::unique_ptr<RateModel>>(stage.model)->offer(comes, packet.bytes);
  if (!departure) {
    fate.dropped = true;
    return;
  }
  fate.ordered += departure->leaves - comes;
  if (departure->leaves - comes >= core::least_wait) fate.changed |= bit;
  fate.waited = fate.waited || departure->waited;
  fate.marked = fate.marked || departure->marked;
}

void delay(Stage& stage, const PacketFacts& packet, Fate& fate) {
  const Stage::Draw draw = stage.next(packet);
  const nanoseconds drawn = std::get<DelayModel>(stage.model).next(draw.stream, draw.ordinal);
  (stage.settings.settings.delay.reorders ? fate.loose : fate.ordered) += drawn;
}

/// Only every gap-th packet may be chosen; the draw is made for each, so that the gap changes no other decision.
void reorder(Stage& stage, const PacketFacts& packet, std::uint64_t bit, Fate& fate) {
  const core::ReorderSettings& settings = stage.settings.settings.reorder;
  const Stage::Draw draw = stage.next(packet);
  const bool turn = settings.gap <= 1 || (draw.ordinal + 1) % static_cast<std::uint64_t>(settings.gap) == 0;
  const bool hit = chosen(stage, draw) && turn;
  if (hit) fate.changed |= bit;
  if (hit != settings.chosen_overtake) fate.loose += settings.hold;
}

void corrupt(Stage& stage, const PacketFacts& packet, std::size_t index, Fate& fate) {
  const Stage::Draw draw = stage.next(packet);
  if (!chosen(stage, draw) || fate.corruption_count == Fate::most_corruptions) return;
  fate.changed |= std::uint64_t{1} << index;
  // A stream for the bits of this packet, beside the one that chose it.
  fate.corruptions[fate.corruption_count++] = {static_cast<std::uint8_t>(index),
                                               draw.stream.within(1).bits(draw.ordinal)};
}

/// One stage's say on one packet or copy. Copies are appended.
void pass(Stage& stage, std::size_t index, const PacketFacts& packet, std::vector<Fate>& fates, std::size_t which) {
  Fate& fate = fates[which];
  const std::uint64_t bit = std::uint64_t{1} << index;
  const core::LinkSettings& settings = stage.settings.settings;
  switch (stage.settings.kind) {
    case Kind::partition:
      fate.dropped = true;
      return;
    case Kind::mtu:
      fate.dropped = packet.bytes > static_cast<std::uint64_t>(settings.mtu);
      return;
    case Kind::ttl:
      fate.dropped = packet.time_to_live <= fate.hops + settings.hops;
      fate.hops = static_cast<std::uint8_t>(std::min<std::int64_t>(255, fate.hops + settings.hops));
      return;
    case Kind::loss: {
      const Stage::Draw draw = stage.next(packet);
      const bool hit = std::get<LossModel>(stage.model).lost(draw.stream, draw.ordinal);
      const bool mark = hit && settings.loss.mark && packet.can_be_marked;
      fate.dropped = hit && !mark;
      fate.marked = fate.marked || mark;
      if (mark) fate.changed |= bit;
      return;
    }
    case Kind::duplicate: {
      if (!chosen(stage, stage.next(packet))) return;
      Fate copy = fate;
      copy.copy_of = static_cast<std::int8_t>(index);
      copy.met = 0;
      copy.changed = bit;
      for (std::int64_t i = 0; i < settings.copies; ++i) fates.push_back(copy);
      return;
    }
    case Kind::corrupt:
      return corrupt(stage, packet, index, fate);
    case Kind::rate:
      return shape(stage, packet, bit, fate);
    case Kind::latency:
      return delay(stage, packet, fate);
    case Kind::reorder:
      return reorder(stage, packet, bit, fate);
  }
}

}  // namespace

Stage::Stage(std::shared_ptr<const StageSettings> wanted, const core::DrawStream& stream, core::Instant now,
             const Table& table)
    : shared_(std::move(wanted)),
      settings(*shared_),
      draws(stream),
      model(model_of(settings, stream, now, table)),
      added(now) {
  if (std::holds_alternative<FlapModel>(model))
    watch_ = std::make_unique<FlapModel>(settings.settings.flap, draws, now);
}

bool Stage::draws_by_connection() const {
  if (const auto* loss = std::get_if<LossModel>(&model)) return !loss->has_memory();
  if (const auto* choice = std::get_if<ChoiceModel>(&model)) return !choice->has_memory();
  if (const auto* delay = std::get_if<DelayModel>(&model))
    return !delay->has_memory() && settings.settings.delay.jitter.count() > 0;
  return false;
}

Stage::Draw Stage::next(const PacketFacts& packet) {
  if (!packet.connection || !draws_by_connection())
    return {draws, std::exchange(next_draw, next_draw + packet.packets)};
  const auto& [key, index] = *packet.connection;
  if (index >= drawn.size()) drawn.resize(std::max<std::size_t>(index + 1, drawn.size() * 2));
  Drawn& own = drawn[index];
  own.key = key;
  return {draws.within(key), std::exchange(own.count, own.count + packet.packets)};
}

bool Stage::forbids(core::Instant read, FrameView frame) {
  if (read < added || read >= removed || (watch_ && !watch_->down(read))) return false;
  const core::Match& match = settings.settings.match;
  if (match.everything()) return true;
  const auto header = packet_header(frame);
  return header && matches(match, &*header);
}

void Stage::begin_anew(core::Instant now) {
  auto* rate = std::get_if<std::unique_ptr<RateModel>>(&model);
  if (rate == nullptr) return;
  (*rate)->begin_anew(now);
  begun = now;
}

core::LinkEffect Stage::effect(core::Link link, core::Instant now) {
  const auto packets = static_cast<std::int64_t>(egress.delay.count());
  core::LinkEffect effect{.link = link,
                          .offered = offered,
                          .sent = sent,
                          .refused = offered - std::min(offered, egress.all.sum()),
                          .dropped_later = egress.all.dropped_later,
                          .in_flight = egress.all.in_flight,
                          .delivered = egress.all.delivered,
                          .changed_delivered = egress.changed.delivered,
                          .changed_dropped_later = egress.changed.dropped_later,
                          .changed_in_flight = egress.changed.in_flight,
                          .reordered = egress.reordered,
                          .marked = egress.marked,
                          .largest = egress.largest,
                          .least_hops_taken = egress.all.delivered > 0 ? egress.least_hops : 0,
                          .delayed = egress.delay.count(),
                          .delay_mean_ns = egress.delay.mean(),
                          .delay_sd_ns = egress.delay.deviation(),
                          .delay_min_ns = egress.delay.min(),
                          .delay_max_ns = egress.delay.max(),
                          .delay_p50_ns = egress.delay.quantile(0.5),
                          .delay_p99_ns = egress.delay.quantile(0.99),
                          .requested_mean_ns = packets == 0 ? 0 : egress.scheduled_sum / packets,
                          .drawn_mean_ns = egress.drawn.mean(),
                          .drawn_sd_ns = egress.drawn.deviation()};
  egress.drain.fill(effect);
  egress.trace.fill(effect);
  if (const auto* rate = std::get_if<std::unique_ptr<RateModel>>(&model)) effect.queue_bytes = (*rate)->queue_bytes();
  if (watch_) effect.times_down = watch_->times_down(std::min(now, removed));
  return effect;
}

bool needs_packets(const Plan& plan) {
  return std::any_of(plan.begin(), plan.end(), [](const auto& stage) {
    const Kind kind = stage->settings.kind;
    if (kind == Kind::latency) {
      const auto& delay = stage->settings.settings.delay;
      return delay.reorders || delay.distribution == core::DelaySettings::Distribution::recorded;
    }
    return kind != Kind::partition && kind != Kind::ttl;
  });
}

bool needs_connections(const Plan& plan) {
  return std::any_of(plan.begin(), plan.end(), [](const auto& stage) { return stage->draws_by_connection(); });
}

bool keeps_order(const Stage& stage) {
  return stage.settings.kind == Kind::rate ||
         (stage.settings.kind == Kind::latency && !stage.settings.settings.delay.reorders);
}

bool corrupts(const Plan& plan) {
  return std::any_of(plan.begin(), plan.end(), [](const auto& stage) { return stage->settings.kind == Kind::corrupt; });
}

nanoseconds longest_delay(const Plan& plan) {
  nanoseconds sum{};
  for (const auto& stage : plan) {
    if (const auto* model = std::get_if<DelayModel>(&stage->model)) sum += model->longest();
    if (stage->settings.kind == Kind::reorder) sum += stage->settings.settings.reorder.hold;
  }
  return sum;
}

std::uint64_t size_queues(const Plan& plan) {
  const nanoseconds delay = longest_delay(plan);
  std::uint64_t bytes = 0;
  for (const auto& stage : plan) {
    auto* model = std::get_if<std::unique_ptr<RateModel>>(&stage->model);
    if (model == nullptr) continue;
    (*model)->size_queue(delay);
    bytes += (*model)->queue_bytes();
  }
  return bytes;
}

void decide(const Plan& plan, const PacketFacts& packet, std::vector<Fate>& fates) {
  fates.assign(1, Fate{});
  for (std::size_t index = 0; index < plan.size(); ++index) {
    Stage& stage = *plan[index];
    stage.sent += packet.packets;
    // Copies made by this stage come behind those that it is asked about.
    const std::size_t count = fates.size();
    for (std::size_t which = 0; which < count; ++which) {
      if (fates[which].dropped || !meets(stage, packet)) continue;
      stage.offered += packet.packets;
      pass(stage, index, packet, fates, which);
      if (!fates[which].dropped) fates[which].met |= std::uint64_t{1} << index;
    }
  }
  // What a stage refused was never through it; the stages before see that something behind them took it.
  for (const Fate& fate : fates) {
    if (!fate.dropped) continue;
    for (std::size_t index = 0; index < plan.size(); ++index) {
      const std::uint64_t bit = std::uint64_t{1} << index;
      if ((fate.met & bit) != 0) plan[index]->egress.all.dropped_later += packet.packets;
      if ((fate.changed & bit) != 0) plan[index]->egress.changed.dropped_later += packet.packets;
    }
  }
}

}  // namespace withstand::lab::link
