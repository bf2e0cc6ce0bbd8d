#include <algorithm>

#include "lab/link/checksum.hpp"
#include "lab/link/stream/streams.hpp"

/// Pieces of a stream: how large, how far apart, and what waits for its time.
namespace withstand::lab::link::stream {
namespace {

using Action = core::StreamSettings::Action;

/// What makes segments wait shows when they do; cutting shows when something is cut.
bool paces(Action action) { return action == Action::bandwidth || action == Action::slow_close; }

void note_cut(const StreamConnection& connection, bool up) {
  for (const auto& role : connection.roles) {
    const core::StreamSettings& settings = role->stage->settings;
    if (settings.action == Action::slice && role->stage->active && role->chosen && settings.acts_on(up))
      role->struck = true;
  }
}

/// Payload of one packet on the wire, where the frame says; 0: it is one packet.
std::uint32_t load_gso_size(FrameView frame) { return load<os::VnetHeader>(frame.data()).gso_size; }

}  // namespace

/// What the impairments of a connection ask of the payload of one direction.
Streams::Pace Streams::pace_of(const StreamConnection& connection, bool up, std::uint32_t left) {
  Pace pace{.piece = left};
  for (const auto& role : connection.roles) {
    const core::StreamSettings& settings = role->stage->settings;
    if (!role->stage->active || !role->chosen || !settings.acts_on(up)) continue;
    if (settings.action == Action::slow_close) pace.end_delay = std::max(pace.end_delay, settings.delay);
    if (settings.action == Action::slice) {
      const std::uint64_t ordinal = connection.ways[up ? 0 : 1].pieces;
      const auto drawn =
          static_cast<std::int64_t>(role->on->draws.within(connection.key)
                                        .within(up ? 1 : 2)
                                        .below(ordinal, static_cast<std::uint64_t>(2 * settings.variation + 1)));
      pace.piece =
          std::min<std::uint32_t>(pace.piece, static_cast<std::uint32_t>(settings.size - settings.variation + drawn));
      pace.gap = std::max(pace.gap, settings.delay);
      pace.paces = true;
    }
    if (settings.action == Action::bandwidth) {
      const std::int64_t rate = settings.bits_per_second;
      pace.slowest = pace.slowest == 0 ? rate : std::min(pace.slowest, rate);
      pace.paces = true;
    }
  }
  return pace;
}

/// Cuts and spaces the payload as it is asked, the end of the stream too.
void Streams::pace(const Ref& connection, bool up, const Segment& segment, Frame frame, core::Instant now) {
  Way& way = connection->way(up);
  const Pace first = pace_of(*connection, up, segment.length);
  const bool late_end = segment.is(Segment::fin) && first.end_delay.count() > 0;
  const bool carries = segment.length > 0 || segment.is(Segment::fin);
  const bool held = way.orders && !way.orders->holds.empty();
  // An acknowledgement says nothing of what waits.
  if (!carries || (!first.paces && !late_end && !held && way.waiting.empty())) {
    take_on(connection, up, segment, frame, now, carries);
    return;
  }
  // Sent again while it waits here: what has left may be lost, and goes on; the rest will leave in its turn.
  if (segment.length > 0 && !way.waiting.empty() && way.at(segment.data_end()) <= way.position) {
    const Position left = way.waiting.front().at - way.at(segment.data());
    if (left <= 0) return;
    const auto part = static_cast<std::uint32_t>(std::min<Position>(left, segment.length));
    return go(*connection, up, Frame(buffer_).first(cut(frame, segment, 0, part, buffer_)));
  }
  Segment data = segment;
  if (late_end) data.flags = static_cast<std::uint8_t>(data.flags & ~Segment::fin);
  const std::uint32_t mss = load_gso_size(frame);
  for (std::uint32_t done = 0; done < segment.length;) {
    const Pace asked = pace_of(*connection, up, segment.length - done);
    std::uint32_t piece = std::max<std::uint32_t>(asked.piece, 1);
    if (asked.slowest > 0 && mss > 0) piece = std::min(piece, mss);
    if (held) piece = way.orders->held_alike(way.at(segment.data() + done), piece);
    const std::size_t size = cut(frame, data, done, piece, buffer_);
    const core::Instant due = std::max(now, way.free_at);
    auto gap = asked.gap;
    if (asked.slowest > 0)
      gap = std::max(gap, std::chrono::nanoseconds(static_cast<std::int64_t>(piece) * 8'000'000'000 / asked.slowest));
    if (const auto part = segment_of(Frame(buffer_).first(size)))
      if (take_on(connection, up, *part, Frame(buffer_).first(size), due)) way.free_at = due + gap;
    if (asked.piece < segment.length - done) note_cut(*connection, up);
    ++way.pieces;
    done += piece;
  }
  if (!late_end && segment.length > 0) return;
  const std::size_t size = only_fin(frame, segment, buffer_);
  if (const auto end = segment_of(Frame(buffer_).first(size)))
    take_on(connection, up, *end, Frame(buffer_).first(size), std::max(now + first.end_delay, way.free_at));
}

/// Sends a piece on, now or when it is due and all before it have left. False: it went lost, since too much waits.
bool Streams::take_on(const Ref& connection, bool up, const Segment& part, Frame frame, core::Instant paced,
                      bool waits) {
  Way& way = connection->way(up);
  const Position at = way.at(part.data());
  const core::Instant due = waits && way.orders ? std::max(paced, way.orders->held_until(at)) : paced;
  const bool later = waits && (due > now_ || !way.waiting.empty());
  const bool slowed = later && (paced > now_ || !way.orders);
  for (const auto& role : connection->roles) {
    if (!role->chosen || !role->stage->active || !later) continue;
    if (way.waiting_bytes + part.length > most_waiting) ++role->account.dropped;
    if (slowed && paces(role->stage->settings.action) && role->stage->settings.acts_on(up)) role->struck = true;
  }
  if (later && way.waiting_bytes + part.length > most_waiting) return false;
  if (const Position beyond = way.at(part.data_end()); beyond > way.position) {
    way.next = part.data_end();
    way.position = beyond;
  }
  if (!later) {
    if (waits) note_pace(*connection, up);
    go(*connection, up, frame);
    return true;
  }
  if (due > paced) way.held_until = std::max(way.held_until, due);
  way.waiting.push_back({due, paced, at, {frame.begin(), frame.end()}});
  way.waiting_bytes += part.length;
  if (way.waiting.size() == 1) arm(connection, up);
  return true;
}

/// Who makes pieces of this direction, or lets them wait, for captures.
void Streams::note_pace(const StreamConnection& connection, bool up) {
  for (const auto& role : connection.roles) {
    const core::StreamSettings& settings = role->stage->settings;
    if (!role->stage->active || !role->struck || !settings.acts_on(up)) continue;
    if (settings.action == Action::slice || paces(settings.action))
      exit_.note(ruling(role->stage->author, Ruling::What::paced));
  }
  const Way& way = connection.ways[up ? 0 : 1];
  if (way.orders)
    for (const Orders::Hold& hold : way.orders->holds)
      if (hold.author != nullptr) exit_.note(ruling(*hold.author, Ruling::What::paced));
}

/// Sends on what waits in one direction and is due by then.
void Streams::let_go(StreamConnection& connection, bool up, core::Instant until) {
  Way& way = connection.way(up);
  while (!way.waiting.empty() && way.waiting.front().due <= until) {
    Way::Piece piece = std::move(way.waiting.front());
    way.waiting.pop_front();
    if (piece.frame.empty()) return strike_stop(connection, up);
    if (const auto segment = segment_of(piece.frame)) way.waiting_bytes -= segment->length;
    note_pace(connection, up);
    go(connection, up, piece.frame);
  }
}

void Streams::arm(const Ref& connection, bool up) {
  Way& way = connection->way(up);
  way.armed = way.waiting.front().due;
  due_.push({way.armed, connection, up, nullptr});
}

void Streams::release(core::Instant now) {
  now_ = now;
  for (int rounds = 0; rounds < 64 && !due_.empty() && due_.top().when <= now; ++rounds) {
    const Due due = due_.top();
    due_.pop();
    const Ref connection = due.connection.lock();
    if (!connection) continue;
    if (due.strikes) {
      Role* role = due.strikes->active ? connection->role(*due.strikes) : nullptr;
      if (role != nullptr) strike(*connection, *role);
      continue;
    }
    if (connection->way(due.up).armed != due.when) continue;  // another came before
    let_go(*connection, due.up, now);
    if (!connection->way(due.up).waiting.empty()) arm(connection, due.up);
  }
}

}  // namespace withstand::lab::link::stream
