#include <algorithm>

#include "lab/link/checksum.hpp"
#include "lab/link/stream/streams.hpp"

/// Pieces of a stream: how large, how far apart, and what waits for its time.
namespace withstand::lab::link::stream {
namespace {

using Action = core::StreamSettings::Action;

/// Payload of one packet on the wire, where the frame says; 0: it is one packet.
std::uint32_t load_gso_size(FrameView frame) { return load<os::VnetHeader>(frame.data()).gso_size; }

std::chrono::nanoseconds time_for(std::uint32_t bytes, std::int64_t bits_per_second) {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(bytes) * 8'000'000'000 / bits_per_second);
}

/// Behind what of a part that begins at `at` is about to be sent again anyway.
Position covered(const Way& way, Position at) {
  const auto behind = way.again.upper_bound(at);
  return behind == way.again.begin() ? at : std::max(at, std::prev(behind)->first + std::prev(behind)->second.length);
}

}  // namespace

/// What the impairments of a connection ask of one direction. Delays add up; of rates, the lowest is what is left.
Streams::Pace Streams::pace_of(const StreamConnection& connection, bool up) {
  Pace pace;
  for (const auto& role : connection.roles) {
    const core::StreamSettings& settings = role->stage->settings;
    if (!role->stage->active || !role->chosen || !settings.acts_on(up)) continue;
    if (settings.action == Action::slow_close) pace.end_delay += settings.delay;
    if (settings.action == Action::slice) pace.gap += settings.delay;
    if (settings.action == Action::bandwidth)
      pace.slowest = pace.slowest == 0 ? settings.bits_per_second : std::min(pace.slowest, settings.bits_per_second);
    pace.paces = pace.paces || settings.action == Action::slice || settings.action == Action::bandwidth;
  }
  return pace;
}

/// When the next piece may leave.
core::Instant Streams::Pace::behind(const Way& way) const {
  if (way.left_bytes == 0) return way.left_at;
  return way.left_at + std::max(gap, slowest > 0 ? time_for(way.left_bytes, slowest) : std::chrono::nanoseconds(0));
}

/// Bytes of the next piece, of so many that are left. Who makes it smaller than those has cut.
std::uint32_t Streams::piece_of(const StreamConnection& connection, bool up, std::uint32_t left, bool again) {
  const Way& way = connection.ways[up ? 0 : 1];
  std::uint32_t piece = left;
  Role* cutter = nullptr;
  for (const auto& role : connection.roles) {
    const core::StreamSettings& settings = role->stage->settings;
    if (!role->stage->active || !role->chosen || !settings.acts_on(up) || settings.action != Action::slice) continue;
    const auto draws = role->on->draws.within(connection.key).within((up ? 1U : 2U) + (again ? 2U : 0U));
    const auto drawn = static_cast<std::int64_t>(
        draws.below(again ? way.again_cut : way.pieces, static_cast<std::uint64_t>(2 * settings.variation + 1)));
    const auto size = std::max<std::int64_t>(1, settings.size - settings.variation + drawn);
    if (size >= piece) continue;
    piece = static_cast<std::uint32_t>(size);
    cutter = role.get();
  }
  if (cutter != nullptr) cutter->struck = true;
  return piece;
}

core::Instant Streams::due_of(const StreamConnection& connection, bool up, const Way::Piece& piece, bool again) {
  const Way& way = connection.ways[up ? 0 : 1];
  if (piece.frame.empty()) return piece.read;
  const Pace pace = pace_of(connection, up);
  core::Instant due = std::max(piece.read, piece.length > 0 ? pace.behind(way) : way.left_at);
  if (again) return due;
  if (piece.ends) due = std::max(due, piece.read + pace.end_delay);
  return way.orders ? std::max(due, way.orders->held_until(piece.at)) : due;
}

/// Those strike that hold a piece longer than all others do; a slice does when it cuts.
void Streams::blame(const StreamConnection& connection, bool up, const Way::Piece& piece, core::Instant due) {
  if (due <= piece.read) return;
  const Way& way = connection.ways[up ? 0 : 1];
  const Pace pace = pace_of(connection, up);
  for (const auto& role : connection.roles) {
    const core::StreamSettings& settings = role->stage->settings;
    if (!role->chosen || !role->stage->active || !settings.acts_on(up)) continue;
    core::Instant asked{};
    if (settings.action == Action::slow_close && piece.ends) asked = piece.read + pace.end_delay;
    if (settings.action == Action::bandwidth && piece.length > 0)
      asked = way.left_at + time_for(way.left_bytes, settings.bits_per_second);
    if (asked == due) role->struck = true;
  }
}

/// Cuts and spaces the payload as it is asked, the end of the stream too.
void Streams::pace(const Ref& connection, bool up, const Segment& segment, Frame frame) {
  Way& way = connection->way(up);
  const Pace asked = pace_of(*connection, up);
  const bool ends = segment.is(Segment::fin), carries = segment.length > 0 || ends;
  const bool held = way.orders && !way.orders->holds.empty();
  const Position begin = way.at(segment.data()), end = way.at(segment.data_end());
  // An acknowledgement says nothing of what waits.
  if (!carries || (!asked.paces && !(ends && asked.end_delay.count() > 0) && !held && way.idle())) {
    if (end > way.position) {
      way.next = segment.data_end();
      way.position = end;
    }
    if (ends) way.end_left = true;
    if (carries) note_pace(*connection, up);
    return go(*connection, up, frame);
  }
  // Of what is sent again, what has left may be lost, and goes again, in pieces too; what waits will leave in its turn.
  const auto place = [&](Position at) {
    return static_cast<std::uint32_t>(std::clamp<Position>(at - begin, 0, segment.length));
  };
  const std::uint32_t left = place(way.left()), known = place(way.position);
  take_apart(connection, up, segment, frame, 0, left, true);
  take_apart(connection, up, segment, frame, known, segment.length, false);
  if (ends && !way.end_waits) take_end(connection, up, segment, frame);
}

/// Bytes `first` to `end` of a segment's payload, in pieces.
void Streams::take_apart(const Ref& connection, bool up, const Segment& segment, Frame frame, std::uint32_t first,
                         std::uint32_t end, bool again) {
  Way& way = connection->way(up);
  Segment data = segment;
  data.flags = static_cast<std::uint8_t>(data.flags & ~Segment::fin);
  const std::uint32_t mss = load_gso_size(frame);
  const bool slow = pace_of(*connection, up).slowest > 0;
  for (std::uint32_t done = first; done < end;) {
    const Position at = way.at(segment.data() + done);
    if (again) {
      if (const Position behind = covered(way, at); behind > at) {
        done += static_cast<std::uint32_t>(std::min<Position>(behind - at, end - done));
        continue;
      }
    }
    std::uint32_t piece = piece_of(*connection, up, end - done, again);
    if (slow && mss > 0) piece = std::min(piece, mss);
    if (!again && way.orders) piece = way.orders->held_alike(at, piece);
    ++(again ? way.again_cut : way.pieces);
    take_on(connection, up, Frame(buffer_).first(cut(frame, data, done, piece, buffer_)), again);
    done += piece;
  }
}

/// The end of the stream, which comes behind all of it; sent again behind what has left of it.
void Streams::take_end(const Ref& connection, bool up, const Segment& segment, Frame frame) {
  const bool again = connection->way(up).end_left;
  take_on(connection, up, Frame(buffer_).first(only_fin(frame, segment, buffer_)), again);
}

/// Sends a piece on, now or when it is due and all before it have left.
void Streams::take_on(const Ref& connection, bool up, Frame frame, bool again) {
  const auto part = segment_of(frame);
  if (!part) return;
  Way& way = connection->way(up);
  Way::Piece piece{.read = now_,
                   .at = way.at(part->data()),
                   .length = part->length,
                   .ends = part->length == 0,
                   .frame = {frame.begin(), frame.end()}};
  const core::Instant due = due_of(*connection, up, piece, again);
  const bool at_once = due <= now_ && (again ? way.again.empty() : way.idle());
  if (!at_once && way.waiting_bytes + piece.length > most_waiting) {
    for (const auto& role : connection->roles)
      if (role->chosen && role->stage->active) ++role->account.dropped;
    return;
  }
  if (const Position beyond = way.at(part->data_end()); beyond > way.position) {
    way.next = part->data_end();
    way.position = beyond;
  }
  if (at_once) return leave(*connection, up, piece, due, frame);
  const bool first = again || way.idle();
  way.waiting_bytes += piece.length;
  way.end_waits = way.end_waits || (piece.ends && !again);
  if (again)
    way.again.emplace(piece.at, std::move(piece));
  else
    way.waiting.push_back(std::move(piece));
  if (first) arm(connection, up);
}

/// A piece leaves in its turn.
void Streams::leave(StreamConnection& connection, bool up, const Way::Piece& piece, core::Instant due, Frame frame) {
  Way& way = connection.way(up);
  if (piece.ends) {
    way.end_waits = false;
    way.end_left = true;
  } else {
    way.left_at = std::min(due, now_);
    way.left_bytes = piece.length;
  }
  const bool in_turn = due <= now_;
  if (in_turn) released(connection, up, piece, now_);
  for (const auto& role : connection.roles)
    if (!in_turn) role->left[up ? 0 : 1] = {};
  note_pace(connection, up);
  go(connection, up, frame);
}

/// Who makes pieces of this direction, or lets them wait, for captures.
void Streams::note_pace(const StreamConnection& connection, bool up) {
  for (const auto& role : connection.roles) {
    const core::StreamSettings& settings = role->stage->settings;
    if (!role->stage->active || !role->struck || !settings.acts_on(up)) continue;
    if (settings.action == Action::slice || settings.action == Action::bandwidth ||
        settings.action == Action::slow_close)
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
  while (!way.idle()) {
    const bool again = !way.again.empty();
    const core::Instant due = due_of(connection, up, way.first(), again);
    if (due > until) return;
    Way::Piece piece = std::move(again ? way.again.begin()->second : way.waiting.front());
    if (again)
      way.again.erase(way.again.begin());
    else
      way.waiting.pop_front();
    way.waiting_bytes -= piece.length;
    if (piece.frame.empty()) return strike_stop(connection, up);
    if (due <= now_) blame(connection, up, piece, due);
    leave(connection, up, piece, due, piece.frame);
  }
}

void Streams::arm(const Ref& connection, bool up) {
  Way& way = connection->way(up);
  way.armed = due_of(*connection, up, way.first(), !way.again.empty());
  blame(*connection, up, way.first(), way.armed);
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
    if (!connection->way(due.up).idle()) arm(connection, due.up);
  }
}

}  // namespace withstand::lab::link::stream
