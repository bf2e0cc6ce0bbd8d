#include "lab/link/stream/streams.hpp"

#include <algorithm>
#include <array>

namespace withstand::lab::link::stream {
namespace {

using Action = core::StreamSettings::Action;

bool concerns(const core::StreamSettings& settings, const Route& up) {
  return settings.port == 0 || settings.port == up.destination_port;
}

/// Payload that has passed since the impairment met the connection, in the directions that count.
Position passed(const StreamConnection& connection, const Role& role) {
  Position sum = 0;
  for (const bool up : {true, false})
    if (role.stage->settings.acts_on(up)) sum += connection.ways[up ? 0 : 1].position - role.met[up ? 0 : 1];
  return sum;
}

bool strikes_by_bytes(Action action) {
  return action == Action::reset || action == Action::black_hole || action == Action::half_open ||
         action == Action::limit;
}

bool strikes_by_time(const core::StreamSettings& settings) {
  return settings.after_bytes == core::StreamSettings::no_bytes &&
         (settings.action == Action::reset || settings.action == Action::black_hole ||
          settings.action == Action::half_open);
}

}  // namespace

Streams::Ref Streams::find(core::Link link, const Segment& segment, FrameView frame, core::Instant now,
                           Connections& numbers) {
  const auto key = ConnectionKey::of(link, segment.header);
  const auto known = connections_.find(key);
  const bool anew = segment.opens() && known != connections_.end() &&
                    (known->second->dead || known->second->closed || !known->second->is_up(link) ||
                     (known->second->initial && *known->second->initial != segment.sequence));
  if (known != connections_.end() && !anew) {
    known->second->last_seen = now;
    return known->second;
  }
  if (known != connections_.end()) {
    forget(*known->second);
    connections_.erase(known);
  }
  if (segment.is(Segment::rst)) return nullptr;
  if (connections_.size() >= most) make_room(now);
  if (connections_.size() >= most) {
    if (segment.opens()) ++untracked_;
    return nullptr;
  }
  auto made = std::make_shared<StreamConnection>();
  // Where the opening was not seen: a service has the lower port.
  const bool up =
      segment.opens() || (!segment.accepts() && segment.header.destination_port <= segment.header.source_port);
  made->opened = up ? link : core::Link{link.to, link.from};
  made->place = key;
  made->last_seen = now;
  if (segment.opens()) {
    made->initial = segment.sequence;
    numbers.see(link, segment.header, frame);
  }
  made->key = numbers.key_of(link, segment.header);
  made->up = up ? route_of(frame, segment) : route_of(frame, segment).back();
  made->established = !segment.is(Segment::syn);
  if (ears_) made->talk = http::Inspector::begin();
  connections_.emplace(key, made);
  for (const auto& stage : active_) bring_together(made, stage, segment.opens(), now);
  return made;
}

void Streams::bring_together(const Ref& connection, const std::shared_ptr<Stage>& stage, bool opening,
                             core::Instant now) {
  const auto on = stage->links.find(connection->opened);
  if (on == stage->links.end() || connection->closed || connection->dead || !concerns(stage->settings, connection->up))
    return;
  auto role = std::make_unique<Role>();
  role->stage = stage;
  role->on = &on->second;
  role->opening = opening;
  role->chosen = on->second.draws.within(connection->key).chance(0, stage->settings.toxicity_ppb);
  role->met = {connection->ways[0].position, connection->ways[1].position};
  on->second.met.push_back(connection->key);
  const core::StreamSettings& settings = stage->settings;
  if (role->chosen && connection->established && strikes_by_time(settings))
    due_.push({now + settings.after, connection, true, stage});
  if (role->chosen && settings.action == Action::mute && opening) role->cut[1] = role->met[1];
  if (role->chosen && settings.action == Action::cap && !opening) {
    role->counted = true;
    ++role->on->open;
    role->accepted = true;
    role->on->most_accepted = std::max(role->on->most_accepted, ++role->on->accepted);
    ++role->on->found;
  }
  connection->roles.push_back(std::move(role));
}

/// Its account joins that of all.
void Streams::forget(StreamConnection& connection) {
  for (const auto& role : connection.roles) {
    fold(role->on->account, account_of(*role));
    if (role->counted) --role->on->open;
    if (role->accepted) --role->on->accepted;
  }
  connection.roles.clear();
}

void Streams::forget_ended(core::Instant now) {
  for (; !ended_.empty() && ended_.front().first + linger <= now; ended_.pop_front()) {
    const Ref connection = ended_.front().second.lock();
    if (!connection || !connection->closed) continue;
    const auto known = connections_.find(connection->place);
    if (known == connections_.end() || known->second != connection) continue;
    if (connection->waits()) {
      ended_.emplace_back(now, connection);
      continue;
    }
    forget(*connection);
    connections_.erase(known);
  }
}

/// An end that nobody sees, of an attempt that was never answered or of a host that is gone, leaves its connection
/// here. All are looked at, which takes a while: not for each of many that come.
void Streams::make_room(core::Instant now) {
  if (room_made_ != core::Instant{} && now < room_made_ + std::chrono::seconds(1)) return;
  room_made_ = now;
  for (auto it = connections_.begin(); it != connections_.end();) {
    const StreamConnection& one = *it->second;
    const bool swallows = swallower(one, true) != nullptr || swallower(one, false) != nullptr;
    const bool given_up = !swallows && now - one.last_seen > (one.established ? 12 * linger : linger);
    if (!one.closed && !one.dead && !given_up) {
      ++it;
      continue;
    }
    forget(*it->second);
    it = connections_.erase(it);
  }
}

/// Both ends have agreed on it. What is to happen to it after some time counts from here, so that a reset is one of a
/// connection and no refusal.
void Streams::establish(const Ref& connection, core::Instant now) {
  connection->established = true;
  for (const auto& role : connection->roles)
    if (role->stage->active && role->chosen && strikes_by_time(role->stage->settings))
      due_.push({now + role->stage->settings.after, connection, true, role->stage});
}

/// What a segment says of its own direction and of the other one.
void Streams::follow(StreamConnection& connection, bool up, const Segment& segment, core::Instant now) {
  Way& way = connection.way(up);
  if (!way.seen || (segment.is(Segment::syn) && way.position == 0)) {
    way.seen = true;
    way.next = segment.data();
  }
  if (segment.is(Segment::fin) && way.end_sent == core::Instant{}) way.end_sent = now;
  for (const auto& role : connection.roles) {
    if (!role->chosen || !role->stage->active) continue;
    if (role->stage->settings.acts_on(up)) role->account.sent_bytes += segment.length;
    const Position cut = role->cut[up ? 0 : 1], end = way.at(segment.data_end());
    if (segment.length > 0 && end > cut)
      role->account.held_back += static_cast<std::uint64_t>(std::min<Position>(segment.length, end - cut));
  }
}

void Streams::meet(core::Link link, Frame frame, core::Instant now, Connections& numbers) {
  now_ = now;
  forget_ended(now);
  const auto segment = segment_of(frame);
  const Ref connection = segment ? find(link, *segment, frame, now, numbers) : nullptr;
  if (!connection) return exit_.go_on(link, frame);
  const bool up = connection->is_up(link);
  if (!up && segment->accepts()) heard_.emplace(link.from, segment->header.source_port);
  follow(*connection, up, *segment, now);
  if (up && !connection->established && connection->ways[1].seen && segment->is(Segment::ack))
    establish(connection, now);
  if (connection->dead) return answer_from_nowhere(*connection, up, *segment, frame);
  if (segment->opens() && up && turned_away(*connection, *segment, frame)) return;
  if (segment->is(Segment::rst)) {
    if (connection->talk) http::Inspector::interrupted(*connection);
    let_go(*connection, up, core::Instant::max());
  }
  if (!listen(connection, up, *segment, frame)) return exit_.stopped(link, frame, {.what = Ruling::What::early});
  Role* striker = nullptr;
  std::uint32_t allowed = budget(*connection, up, *segment, striker);
  if (const Stage* by = swallower(*connection, up); by != nullptr)
    return exit_.stopped(link, frame, ruling(by->author, Ruling::What::swallowed));
  const bool stopped = stops(*connection, up, *segment, allowed, striker);
  if (striker == nullptr && !stopped) {
    pass(connection, up, *segment, frame);
  } else {
    const Author& by = striker != nullptr ? striker->stage->author : *connection->way(up).orders->stop.author;
    exit_.stopped(link, frame, ruling(by, Ruling::What::cut, allowed));
    if (allowed > 0) {
      const std::size_t size = cut(frame, *segment, 0, allowed, buffer_);
      std::vector<std::byte> part(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size));
      if (const auto first = segment_of(part)) pass(connection, up, *first, part);
    } else if (stopped) {
      only_acknowledge(*connection, up, *segment, frame, by);
    }
    if (stopped && (segment->length > 0 || segment->is(Segment::fin))) reach_stop(*connection, up);
    if (striker != nullptr) {
      striker->account.held_back +=
          segment->length - std::min(allowed, segment->length);  // follow() knew of no cut yet
      strike(*connection, *striker);
    }
  }
  note_closed(*connection, up, *segment);
}

/// Who lets nothing of this direction pass; null: nobody.
const Stage* Streams::swallower(const StreamConnection& connection, bool up) {
  for (const auto& role : connection.roles) {
    if (!role->stage->active || !role->struck) continue;
    const core::StreamSettings& settings = role->stage->settings;
    if (settings.action == Action::half_open || (settings.action == Action::black_hole && settings.acts_on(up)))
      return role->stage.get();
  }
  return nullptr;
}

std::uint32_t Streams::budget(const StreamConnection& connection, bool up, const Segment& segment,
                              Role*& striker) const {
  std::uint32_t allowed = segment.length;
  for (const auto& role : connection.roles) {
    const core::StreamSettings& settings = role->stage->settings;
    if (!role->stage->active || !role->chosen || role->struck || !strikes_by_bytes(settings.action) ||
        settings.after_bytes == core::StreamSettings::no_bytes || !settings.acts_on(up))
      continue;
    // Of what was sent before, nothing is counted again.
    const Way& way = connection.ways[up ? 0 : 1];
    const Position fresh = way.at(segment.data_end()) - way.position;
    const Position left = settings.after_bytes - passed(connection, *role);
    if (fresh < left || (fresh <= 0 && left > 0)) continue;
    const auto kept = static_cast<std::uint32_t>(
        std::clamp<Position>(segment.length - (fresh - left), 0, static_cast<Position>(allowed)));
    if (striker != nullptr && kept >= allowed) continue;
    allowed = kept;
    striker = role.get();
  }
  return allowed;
}

/// A new connection that is not to be: told so by a refusal, as from a port where nobody listens, or not at all.
bool Streams::turned_away(StreamConnection& connection, const Segment& segment, FrameView frame) {
  for (const auto& role : connection.roles) {
    const core::StreamSettings& settings = role->stage->settings;
    if (!role->stage->active || !role->chosen || !role->opening) continue;
    const bool refuses = settings.action == Action::refuse;
    const bool full = settings.action == Action::cap && !role->counted &&
                      role->on->open >= static_cast<std::uint64_t>(settings.connections);
    if (refuses || full) {
      if (!role->turned_away) ++role->on->turned_away[segment.header.destination_port];
      role->struck = role->turned_away = true;
      exit_.stopped(connection.link(true), frame, ruling(role->stage->author, Ruling::What::refused));
      if (settings.silent) return true;
      close(connection);
      send(connection.link(false), role->stage->author, connection.up.back(), 0, segment.data(),
           Segment::rst | Segment::ack);
      return true;
    }
    if (settings.action == Action::cap && !role->counted) {
      role->counted = true;
      ++role->on->open;
    }
  }
  return false;
}

void Streams::answer_from_nowhere(const StreamConnection& connection, bool up, const Segment& segment,
                                  FrameView frame) {
  exit_.stopped(connection.link(up), frame, ruling(*connection.killer, Ruling::What::unanswered));
  if (segment.is(Segment::rst) || !segment.is(Segment::ack)) return;
  send(connection.link(!up), *connection.killer, up ? connection.up.back() : connection.up, segment.acknowledgement, 0,
       Segment::rst);
}

void Streams::pass(const Ref& connection, bool up, const Segment& segment, Frame frame) {
  for (const auto& role : connection->roles) {
    const core::StreamSettings& settings = role->stage->settings;
    if (!role->stage->active || !role->chosen || settings.action != Action::mute || up || !role->opening) continue;
    if (segment.length == 0 && !segment.is(Segment::fin)) continue;
    // What it acknowledges is true; what it says is not heard.
    role->struck = true;
    return only_acknowledge(*connection, up, segment, frame, role->stage->author);
  }
  pace(connection, up, segment, frame);
}

void Streams::strike(StreamConnection& connection, Role& role) {
  if (role.struck || connection.dead || connection.closed) return;
  const core::StreamSettings& settings = role.stage->settings;
  role.struck = true;
  for (const bool up : {true, false})
    if (settings.action != Action::black_hole || settings.acts_on(up))
      role.cut[up ? 0 : 1] = connection.ways[up ? 0 : 1].position;
  switch (settings.action) {
    case Action::reset:
      return abort(connection, role.stage->author, true, true);
    case Action::half_open:
      // The other end never hears of it, however late it says more: so it is followed on, as long as this lasts.
      tell_of_abort(connection, role.stage->author, !settings.server_is_told, settings.server_is_told);
      return give_up_places(connection);
    case Action::limit:
      return end_stream(connection, role.stage->author, settings.acts_on(true));
    default:
      return;
  }
}

/// Tells the client's end, the server's or both that the other has aborted.
void Streams::tell_of_abort(StreamConnection& connection, const Author& killer, bool client, bool server) {
  for (const bool up : {true, false}) {
    let_go(connection, up, core::Instant::max());
    const Way &way = connection.way(up), &other = connection.way(!up);
    const bool told = up ? server : client;
    if (told && other.seen)
      send(connection.link(up), killer, up ? connection.up : connection.up.back(), way.seen ? way.next : 0, other.next,
           Segment::rst | Segment::ack);
  }
}

void Streams::abort(StreamConnection& connection, const Author& killer, bool client, bool server) {
  for (const auto& role : connection.roles)
    if (role->struck && role->stage->settings.action == Action::half_open) role->overruled = true;
  tell_of_abort(connection, killer, client, server);
  connection.dead = true;
  connection.killer = &killer;
  close(connection);
}

void Streams::note_closed(StreamConnection& connection, bool up, const Segment& segment) {
  if (segment.is(Segment::fin)) connection.way(up).ended = true;
  if (segment.is(Segment::rst) || (connection.ways[0].ended && connection.ways[1].ended)) close(connection);
}

void Streams::close(StreamConnection& connection) {
  if (!connection.closed)
    if (const auto known = connections_.find(connection.place); known != connections_.end())
      ended_.emplace_back(now_, known->second);
  connection.closed = true;
  give_up_places(connection);
}

/// It counts no longer as one that is open.
void Streams::give_up_places(StreamConnection& connection) {
  for (const auto& role : connection.roles)
    if (role->counted) {
      role->counted = false;
      --role->on->open;
    }
}

void Streams::send(core::Link link, const Author& by, const Route& route, std::uint32_t sequence,
                   std::uint32_t acknowledgement, std::uint8_t flags) {
  exit_.note(ruling(by, Ruling::What::made));
  std::array<std::byte, 128> room{};
  const std::size_t size = forge(route, sequence, acknowledgement, flags, room);
  exit_.go_on(link, Frame(room).first(size));
}

void Streams::arrived(core::Link link, FrameView frame, core::Instant written) {
  const auto segment = segment_of(frame);
  if (!segment) return;
  const auto known = connections_.find(ConnectionKey::of(link, segment->header));
  if (known == connections_.end()) return;
  StreamConnection& connection = *known->second;
  witness(connection, connection.is_up(link), *segment, written);
  if (connection.talk) http::Inspector::arrived(connection, connection.is_up(link), *segment, frame, written);
}

void Streams::add(std::uint64_t handle, const core::StreamSettings& settings, const std::vector<StagedLink>& links,
                  core::Instant now, const std::string& fault) {
  auto stage = std::make_shared<Stage>();
  stage->author.fault = fault;
  stage->settings = settings;
  for (const StagedLink& staged : links) {
    Stage::OnLink on{.draws = staged.draws, .account = {}};
    on.account.link = staged.link;
    stage->links.emplace(staged.link, std::move(on));
  }
  active_.push_back(stage);
  stages_.emplace(handle, stage);
  for (const auto& [key, connection] : connections_) bring_together(connection, stage, false, now);
  release(now);
}

bool Streams::remove(std::uint64_t handle, core::Instant now) {
  const auto found = stages_.find(handle);
  if (found == stages_.end()) return remove_http(handle, now);
  now_ = now;
  Stage& ended = *found->second;
  if (!ended.active) return true;
  ended.active = false;
  std::erase(active_, found->second);
  for (const auto& [key, connection] : connections_) {
    Role* role = connection->role(ended);
    if (role == nullptr) continue;
    for (const bool up : {true, false}) {
      Way& way = connection->way(up);
      if (!way.idle()) way.left_at = now;  // what others ask counts from here
      reschedule(connection, up, now);
    }
    fold(role->on->account, account_of(*role));
    std::erase_if(connection->roles, [&](const auto& one) { return one.get() == role; });
  }
  return true;
}

std::vector<core::StreamEffect> Streams::effect(std::uint64_t handle) const {
  const auto found = stages_.find(handle);
  if (found == stages_.end()) return {};
  const Stage& stage = *found->second;
  std::map<core::Link, core::StreamEffect> sums;
  for (const auto& [link, on] : stage.links) {
    core::StreamEffect& sum = sums[link] = on.account;
    sum.link = link;
    sum.most_open = on.most_accepted;
    sum.found_open = on.found;
    sum.untracked = untracked_;
    for (const auto& [port, times] : on.turned_away)
      if (heard_.count({link.to, port}) == 0) sum.unheard += times;
  }
  for (const auto& [key, connection] : connections_)
    if (const Role* role = connection->role(stage)) fold(sums.at(connection->opened), account_of(*role));
  std::vector<core::StreamEffect> effects;
  for (auto& [link, sum] : sums) {
    if (sum.closes > 0) sum.mean_close_ns /= static_cast<std::int64_t>(sum.closes);
    effects.push_back(sum);
  }
  return effects;
}

std::vector<std::pair<core::Link, std::uint64_t>> Streams::met(std::uint64_t handle) const {
  std::vector<std::pair<core::Link, std::uint64_t>> all;
  if (const auto found = stages_.find(handle); found != stages_.end())
    for (const auto& [link, on] : found->second->links)
      for (const std::uint64_t key : on.met) all.emplace_back(link, key);
  return all;
}

}  // namespace withstand::lab::link::stream
