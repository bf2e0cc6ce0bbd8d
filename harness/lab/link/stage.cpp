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
    case Kind::loss:
      return !settings.loss.mark || !packet.is_marked;  // what bears a mark already can tell its sender no more
    default:
      return true;
  }
}

bool chosen(Stage& stage, const Stage::Draw& draw) {
  return std::get<ChoiceModel>(stage.model).next(draw.stream, draw.ordinal);
}

/// One stage's say on one packet or copy.
class Say {
 public:
  Say(Stage& stage, std::size_t index, const PacketFacts& packet, std::vector<Fate>& fates, std::size_t which,
      std::vector<Ruling>* rulings)
      : stage_(stage), packet_(packet), fates_(fates), which_(which), index_(index), rulings_(rulings) {}
  void pass();

 private:
  [[nodiscard]] Fate& fate() const { return fates_[which_]; }
  [[nodiscard]] std::uint64_t bit() const { return std::uint64_t{1} << index_; }
  [[nodiscard]] const core::LinkSettings& settings() const { return stage_.settings.settings; }
  void tell(Ruling::What what, std::int64_t amount = 0) const { tell_of(which_, what, amount); }
  void tell_of(std::size_t which, Ruling::What what, std::int64_t amount) const {
    if (rulings_ != nullptr)
      rulings_->push_back(
          {.by = &stage_.settings, .what = what, .of = static_cast<std::uint32_t>(which), .amount = amount});
  }
  void drop(std::int64_t amount = 0) {
    fate().dropped = true;
    tell(Ruling::What::dropped, amount);
  }
  void travel();
  void lose();
  void duplicate();
  void corrupt();
  void shape();
  void delay();
  void reorder();

  Stage& stage_;
  const PacketFacts& packet_;
  std::vector<Fate>& fates_;
  std::size_t which_, index_;
  std::vector<Ruling>* rulings_;
};

void Say::pass() {
  switch (stage_.settings.kind) {
    case Kind::partition:
      return drop();
    case Kind::mtu:
      if (packet_.bytes > static_cast<std::uint64_t>(settings().mtu)) drop(packet_.bytes);
      return;
    case Kind::ttl:
      return travel();
    case Kind::loss:
      return lose();
    case Kind::duplicate:
      return duplicate();
    case Kind::corrupt:
      return corrupt();
    case Kind::rate:
      return shape();
    case Kind::latency:
      return delay();
    case Kind::reorder:
      return reorder();
  }
}

void Say::travel() {
  const std::int64_t left = packet_.time_to_live - fate().hops;
  if (left <= settings().hops)
    drop(left);
  else
    tell(Ruling::What::hops, settings().hops);
  fate().hops = static_cast<std::uint8_t>(std::min<std::int64_t>(255, fate().hops + settings().hops));
}

void Say::lose() {
  const Stage::Draw draw = stage_.next(packet_);
  if (!std::get<LossModel>(stage_.model).lost(draw.stream, draw.ordinal)) return;
  if (!settings().loss.mark || !packet_.can_be_marked) return drop();
  fate().marks |= bit();
  fate().changed |= bit();
  tell(Ruling::What::marked);
}

/// Copies are appended; they meet only what is behind this stage.
void Say::duplicate() {
  if (!chosen(stage_, stage_.next(packet_))) return;
  Fate copy = fate();
  copy.copy_of = static_cast<std::int8_t>(index_);
  copy.met = 0;
  copy.changed = bit();
  tell(Ruling::What::copied, settings().copies);
  for (std::int64_t i = 1; i <= settings().copies && fates_.size() < 2 * core::most_copies; ++i) {
    tell_of(fates_.size(), Ruling::What::copy, i);
    fates_.push_back(copy);
  }
}

void Say::corrupt() {
  const Stage::Draw draw = stage_.next(packet_);
  if (!chosen(stage_, draw) || fate().corruption_count == Fate::most_corruptions) return;
  fate().changed |= bit();
  // A stream for the bits of this packet, beside the one that chose it.
  fate().corruptions[fate().corruption_count++] = {static_cast<std::uint8_t>(index_),
                                                   draw.stream.within(1).bits(draw.ordinal)};
}

void Say::shape() {
  // So far only other rates have delayed it, which keep order: it comes here when it leaves them.
  const core::Instant comes = packet_.read + fate().ordered;
  const auto departure = std::get<std::unique_ptr<RateModel>>(stage_.model)->offer(comes, packet_.bytes);
  if (!departure) return drop();
  const nanoseconds wait = departure->leaves - comes;
  fate().ordered += wait;
  fate().delay_by(index_, wait, departure->waited);
  if (wait >= core::least_wait) fate().changed |= bit();
  if (departure->marked) fate().marks |= bit();
  if (wait.count() > 0) tell(Ruling::What::waits, wait.count());
  if (departure->marked && packet_.can_be_marked) tell(Ruling::What::marked);
}

void Say::delay() {
  const Stage::Draw draw = stage_.next(packet_);
  const nanoseconds drawn = std::get<DelayModel>(stage_.model).next(draw.stream, draw.ordinal);
  (settings().delay.reorders ? fate().loose : fate().ordered) += drawn;
  fate().delay_by(index_, drawn);
  tell(Ruling::What::delayed, drawn.count());
}

/// Only every gap-th packet may be chosen; the draw is made for each, so that the gap changes no other decision.
void Say::reorder() {
  const core::ReorderSettings& wanted = settings().reorder;
  const Stage::Draw draw = stage_.next(packet_);
  const bool turn = wanted.gap <= 1 || (draw.ordinal + 1) % static_cast<std::uint64_t>(wanted.gap) == 0;
  const bool hit = chosen(stage_, draw) && turn;
  if (hit) fate().changed |= bit();
  const nanoseconds held = hit == wanted.chosen_overtake ? nanoseconds(0) : wanted.hold;
  fate().delay_by(index_, held);
  if (held.count() == 0) return;
  fate().loose += held;
  tell(Ruling::What::held, wanted.hold.count());
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

bool Stage::forbids(core::Instant read, FrameView frame, bool damaged) {
  if (read < added || read >= removed || (watch_ && !watch_->down(read))) return false;
  const core::Match& match = settings.settings.match;
  if (match.everything()) return true;
  if (damaged) return false;
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
      return delay.jitter.count() > 0 || delay.distribution == core::DelaySettings::Distribution::recorded;
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

void decide(const Plan& plan, const PacketFacts& packet, std::vector<Fate>& fates, std::vector<Ruling>* rulings) {
  fates.assign(1, Fate{});
  if (rulings != nullptr) rulings->clear();
  for (std::size_t index = 0; index < plan.size(); ++index) {
    Stage& stage = *plan[index];
    stage.sent += packet.packets;
    // Copies made by this stage come behind those that it is asked about.
    const std::size_t count = fates.size();
    for (std::size_t which = 0; which < count; ++which) {
      if (fates[which].dropped || !meets(stage, packet)) continue;
      stage.offered += packet.packets;
      Say(stage, index, packet, fates, which, rulings).pass();
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
