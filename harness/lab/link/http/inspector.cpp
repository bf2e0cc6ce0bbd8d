#include "lab/link/http/inspector.hpp"

#include <algorithm>

#include "lab/link/http/decider.hpp"

namespace withstand::lab::link::http {

using core::HttpEffect;
using core::HttpSettings;
using stream::Orders;
using stream::Position;
using stream::Segment;
using stream::StreamConnection;
using stream::Way;

namespace {

std::string_view text_of(FrameView frame, const Segment& segment) {
  const auto* bytes = frame.data() + os::vnet_header_bytes + segment.header.payload;
  return {reinterpret_cast<const char*>(bytes), segment.length};
}

/// What the receiver has got is never needed again.
void forget_acknowledged(StreamConnection& connection, bool up, const Segment& segment) {
  const Way& back = connection.way(!up);
  if (!back.orders || !segment.is(Segment::ack)) return;
  auto& rewrites = back.orders->rewrites;
  const Position known = back.at(segment.acknowledgement);
  while (!rewrites.empty() && rewrites.front().at + 3 <= known) rewrites.pop_front();
}

void see_rewrites(Orders& orders, const Way& way, const Segment& segment, FrameView frame) {
  const Position begin = way.at(segment.data()), end = begin + segment.length;
  const std::string_view text = text_of(frame, segment);
  for (Orders::Rewrite& rewrite : orders.rewrites) {
    constexpr std::uint8_t all = 0b111;
    if (rewrite.arrived == all) continue;
    for (std::uint8_t i = 0; i < 3; ++i) {
      const Position at = rewrite.at + i;
      if (at < begin || at >= end) continue;
      rewrite.arrived = static_cast<std::uint8_t>(rewrite.arrived | 1U << i);
      if (static_cast<std::uint8_t>(text[static_cast<std::size_t>(at - begin)]) != rewrite.bytes[i])
        rewrite.differed = static_cast<std::uint8_t>(rewrite.differed | 1U << i);
    }
    if (rewrite.arrived != all) continue;
    HttpEffect& account = static_cast<Stage::OnLink*>(rewrite.by)->account;
    ++(rewrite.differed == 0 ? account.rewritten : account.original);
  }
}

void see_timings(Talk::Ear& ear, Position end, core::Instant written) {
  std::erase_if(ear.timings, [&](const Talk::Timing& timing) {
    if (end <= timing.last) return false;
    const auto took = written - timing.read;
    ++timing.on->account.delayed;
    timing.on->delays.add(took.count());
    timing.on->drawn.add(timing.drawn.count());
    if (took < timing.drawn) ++timing.on->account.hasty;
    return true;
  });
}

}  // namespace

void Talk::Ear::look_at(const Orders& orders) {
  cut = orders.stop.at;
  cut_by = static_cast<Stage::OnLink*>(orders.stop.on);
  if (cut_by != nullptr && orders.stop.how == Orders::Stop::How::swallow) ++cut_by->account.acted;
}

Stage::OnLink* Stage::on(const StreamConnection& connection) {
  if (settings.port != 0 && settings.port != connection.up.destination_port) return nullptr;
  const auto found = links.find(connection.opened);
  return found == links.end() ? nullptr : &found->second;
}

Inspector::Hearing Inspector::hear(StreamConnection& connection, bool up, const Segment& segment, FrameView frame,
                                   core::Instant now) {
  Talk& talk = *connection.talk;
  forget_acknowledged(connection, up, segment);
  if (segment.length == 0) return {};
  Way& way = connection.way(up);
  Talk::Ear& ear = talk.ear(up);
  if (way.orders) way.orders->forget_before(way.position, now);
  if (!talk.conversation.goes_on()) return {};
  const Position begin = way.at(segment.data()), end = begin + segment.length;
  if (end <= ear.heard || (way.orders && way.orders->stop.at <= ear.heard)) return {};
  if (begin > ear.heard) {
    // Of a body nothing is asked.
    const Position missing = end - ear.heard, free = talk.conversation.skippable(up);
    if (free == Reader::unbounded || missing <= free) {
      talk.conversation.skip(up, missing);
      ear.heard = end;
      return {};
    }
    for (const auto& stage : active_)
      if (Stage::OnLink* on = stage->on(connection)) ++on->account.early;
    return {.early = true, .reordered = false};
  }
  Decider decider(active_, connection, up, now);
  const auto text = text_of(frame, segment).substr(static_cast<std::size_t>(ear.heard - begin));
  ear.heard += static_cast<Position>(talk.conversation.hear(up, text, decider));
  const bool withheld = !up && withhold(connection, now);
  return {.early = false, .reordered = decider.ordered() || withheld};
}

/// A status can be changed until its line has left; whether it is to be may stand at the end of the head.
bool Inspector::withhold(StreamConnection& connection, core::Instant now) {
  Way& way = connection.way(false);
  const auto until_known = [](const Orders::Hold& hold) { return hold.by == nullptr; };
  const Reader& reader = connection.talk->conversation.reader(false);
  if (!reader.in_head()) return way.orders && std::erase_if(way.orders->holds, until_known) > 0;
  const bool wanted = std::any_of(active_.begin(), active_.end(), [&](const auto& stage) {
    return stage->settings.action == HttpSettings::Action::status && stage->on(connection) != nullptr;
  });
  if (!wanted || way.left() > reader.begins() + status_place) return false;
  auto& holds = way.ordered().holds;
  if (std::none_of(holds.begin(), holds.end(), until_known))
    holds.push_back({.from = std::max(reader.begins(), way.left()), .until = now + patience, .by = nullptr});
  return false;
}

void Inspector::arrived(StreamConnection& connection, bool up, const Segment& segment, FrameView frame,
                        core::Instant written) {
  Talk& talk = *connection.talk;
  Way& way = connection.way(up);
  Talk::Ear& ear = talk.ear(up);
  const Position end = way.at(segment.data_end());
  if (segment.length > 0) {
    see_timings(ear, end, written);
    if (way.orders && !way.orders->rewrites.empty()) see_rewrites(*way.orders, way, segment, frame);
    if (ear.cut_by != nullptr && end > ear.cut)
      ear.cut_by->account.leaked_bytes += static_cast<std::uint64_t>(std::min<Position>(segment.length, end - ear.cut));
  }
  if (talk.struck == nullptr) return;
  const auto once = [](bool& flag, std::uint64_t& count) {
    if (!std::exchange(flag, true)) ++count;
  };
  HttpEffect& account = talk.struck->account;
  if (segment.is(Segment::rst))
    up ? once(talk.told_server, account.told_server) : once(talk.told_client, account.told_client);
  if (segment.is(Segment::fin))
    up ? once(talk.ended_server, account.ended_server) : once(talk.ended_client, account.ended_client);
}

void Inspector::kept_back(StreamConnection& connection, bool up, std::uint64_t bytes) {
  if (const Talk::Ear& ear = connection.talk->ear(up); ear.cut_by != nullptr) ear.cut_by->account.held_back += bytes;
}

void Inspector::struck(StreamConnection& connection, bool up) {
  interrupted(connection);
  connection.talk->struck = connection.talk->ear(up).cut_by;
  if (connection.talk->struck != nullptr) ++connection.talk->struck->account.acted;
}

void Inspector::interrupted(StreamConnection& connection) {
  for (Talk::Ear& ear : connection.talk->ears) {
    for (const Talk::Timing& timing : ear.timings) ++timing.on->account.cut_short;
    ear.timings.clear();
  }
}

void Inspector::add(std::uint64_t handle, const HttpSettings& settings, const core::HttpMatch& match,
                    const std::vector<StagedLink>& links, const std::string& fault) {
  auto stage = std::make_shared<Stage>();
  stage->author.fault = fault;
  stage->settings = settings;
  stage->match = match;
  for (const StagedLink& staged : links) {
    Stage::OnLink on{.draws = staged.draws, .model = DelayModel(settings.delay)};
    on.account.link = staged.link;
    stage->links.emplace(staged.link, std::move(on));
  }
  active_.push_back(stage);
  stages_.emplace(handle, stage);
}

void Inspector::introduce(StreamConnection& connection, std::uint64_t handle) {
  const auto found = stages_.find(handle);
  if (found == stages_.end() || connection.closed || connection.dead) return;
  if (Stage::OnLink* on = found->second->on(connection))
    count_speech(on->account, connection.talk->conversation.speech());
}

const void* Inspector::end(std::uint64_t handle) {
  const auto found = stages_.find(handle);
  if (found == stages_.end()) return nullptr;
  found->second->active = false;
  std::erase(active_, found->second);
  return found->second.get();
}

void Inspector::take_back(StreamConnection& connection, bool up, const void* by, core::Instant now) {
  Way& way = connection.way(up);
  if (!way.orders) return;
  Talk::Ear& ear = connection.talk->ear(up);
  std::erase_if(way.orders->holds, [&](const Orders::Hold& hold) { return hold.by == by; });
  const auto* stage = static_cast<const Stage*>(by);
  std::erase_if(ear.timings, [&](const Talk::Timing& timing) {
    const bool own = std::any_of(stage->links.begin(), stage->links.end(),
                                 [&](const auto& entry) { return &entry.second == timing.on; });
    if (!own || timing.read + timing.drawn <= now) return false;
    ++timing.on->account.cut_short;
    return true;
  });
  if (!way.orders->take_back([&](const Orders::Stop& stop) { return stop.by == by; })) return;
  // What has passed meanwhile cannot be stopped any more.
  if (way.orders->stop.at != stream::nowhere) way.orders->stop.at = std::max(way.orders->stop.at, way.position);
  ear.look_at(*way.orders);
  std::erase_if(way.waiting, [](const Way::Piece& piece) { return piece.frame.empty(); });
}

std::vector<HttpEffect> Inspector::effect(std::uint64_t handle) const {
  std::vector<HttpEffect> effects;
  const auto found = stages_.find(handle);
  if (found == stages_.end()) return effects;
  const bool all = found->second->settings.toxicity_ppb >= 1'000'000'000;
  for (const auto& [link, on] : found->second->links) {
    HttpEffect effect = on.account;
    effect.delay_mean_ns = on.delays.mean();
    effect.delay_p99_ns = on.delays.quantile(0.99);
    effect.delay_min_ns = on.delays.min();
    effect.drawn_mean_ns = on.drawn.mean();
    if (all) effect.decided = effect.matched;
    effects.push_back(effect);
  }
  return effects;
}

std::vector<Inspector::Met> Inspector::met(std::uint64_t handle) const {
  std::vector<Met> all;
  if (const auto found = stages_.find(handle); found != stages_.end())
    for (const auto& [link, on] : found->second->links)
      for (const auto& [key, ordinal] : on.met) all.push_back({link, key, ordinal});
  return all;
}

std::vector<core::HttpSeen> Inspector::seen(std::uint64_t handle, std::size_t count) const {
  std::vector<core::HttpSeen> all;
  if (const auto found = stages_.find(handle); found != stages_.end())
    for (const auto& [what, times] : found->second->seen) all.push_back({what, times});
  std::stable_sort(all.begin(), all.end(), [](const auto& one, const auto& other) { return one.count > other.count; });
  if (all.size() > count) all.resize(count);
  return all;
}

}  // namespace withstand::lab::link::http
