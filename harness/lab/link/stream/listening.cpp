#include <algorithm>
#include <stdexcept>

#include "lab/link/stream/streams.hpp"

/// What is ordered of a connection by whoever reads what it says, carried out.
namespace withstand::lab::link::stream {

/// False: the segment goes no further.
bool Streams::listen(const Ref& connection, bool up, const Segment& segment, FrameView frame) {
  if (!connection->talk) return true;
  const auto hearing = ears_->hear(*connection, up, segment, frame, now_);
  if (hearing.reordered) reschedule(connection, up, now_);
  return !hearing.early;
}

/// Whether a segment reaches beyond where nothing may pass, and before anybody else strikes; then so much of it may.
bool Streams::stops(StreamConnection& connection, bool up, const Segment& segment, std::uint32_t& allowed,
                    Role*& striker) {
  const Way& way = connection.way(up);
  if (!way.orders || way.orders->stop.at == nowhere || segment.is(Segment::rst)) return false;
  const Position stop = way.orders->stop.at, end = way.at(segment.data_end());
  if (end <= stop) return false;
  const auto room = static_cast<std::uint32_t>(
      std::clamp<Position>(stop - way.at(segment.data()), 0, static_cast<Position>(segment.length)));
  if (striker != nullptr && allowed < room) return false;
  http::Inspector::kept_back(connection, up, segment.length - room);
  allowed = room;
  striker = nullptr;
  return true;
}

void Streams::reach_stop(StreamConnection& connection, bool up) {
  Way& way = connection.way(up);
  Orders::Stop& stop = way.orders->stop;
  if (stop.how == Orders::Stop::How::swallow || stop.due) return;
  if (way.idle()) return strike_stop(connection, up);
  stop.due = true;
  way.waiting.push_back({.read = now_, .at = stop.at, .frame = {}});
}

void Streams::strike_stop(StreamConnection& connection, bool up) {
  if (connection.dead || connection.closed) return;
  const Orders::Stop stop = std::exchange(connection.way(up).orders->stop, {});
  http::Inspector::struck(connection, up);
  if (stop.how == Orders::Stop::How::abort)
    return abort(connection, *stop.author, stop.client_is_told, stop.server_is_told);
  end_stream(connection, *stop.author, up);
}

/// The reader of a direction sees its end, the writer an abort.
void Streams::end_stream(StreamConnection& connection, const Author& by, bool up) {
  let_go(connection, up, core::Instant::max());
  const Way &ended = connection.way(up), &other = connection.way(!up);
  send(connection.link(up), by, up ? connection.up : connection.up.back(), ended.next, other.next,
       Segment::fin | Segment::ack);
  abort(connection, by, up, !up);
}

/// What it acknowledges is true; what it says is not heard.
void Streams::only_acknowledge(StreamConnection& connection, bool up, Segment segment, FrameView frame,
                               const Author& by) {
  segment.sequence = connection.way(up).next;
  segment.flags = static_cast<std::uint8_t>(segment.flags & ~(Segment::fin | Segment::psh));
  const std::size_t size = cut(frame, segment, 0, 0, buffer_);
  exit_.note(ruling(by, Ruling::What::muted));
  exit_.go_on(connection.link(up), Frame(buffer_).first(size));
}

/// Orders have changed: what waits leaves when it now may.
void Streams::reschedule(const Ref& connection, bool up, core::Instant now) {
  Way& way = connection->way(up);
  if (way.idle()) return;
  let_go(*connection, up, now);
  if (!way.idle()) arm(connection, up);
}

/// A segment leaves, once or again.
void Streams::go(StreamConnection& connection, bool up, Frame frame) {
  Way& way = connection.way(up);
  const bool rewrites = way.orders && !way.orders->rewrites.empty();
  const auto segment = rewrites || !connection.roles.empty() || way.orders ? segment_of(frame) : std::nullopt;
  if (segment) raise_timestamp(frame, *segment, way.newest_stamp);
  if (segment && rewrites) {
    const Position begin = way.at(segment->data()), end = begin + segment->length;
    for (const Orders::Rewrite& rewrite : way.orders->rewrites) {
      const Position first = std::max(begin, rewrite.at),
                     last = std::min<Position>(end, rewrite.at + static_cast<Position>(rewrite.bytes.size()));
      if (first >= last) continue;
      const auto part =
          std::span(rewrite.bytes)
              .subspan(static_cast<std::size_t>(first - rewrite.at), static_cast<std::size_t>(last - first));
      if (rewrite.author != nullptr) exit_.note(ruling(*rewrite.author, Ruling::What::rewritten));
      overwrite(frame, *segment, static_cast<std::uint32_t>(first - begin), part);
    }
  }
  exit_.go_on(connection.link(up), frame);
}

void Streams::add_http(std::uint64_t handle, const core::HttpSettings& settings, const core::HttpMatch& match,
                       const std::vector<StagedLink>& links, const std::string& fault) {
  if (!ears_) throw std::logic_error("link fabric: HTTP is not read");
  ears_->add(handle, settings, match, links, fault);
  for (const auto& [key, connection] : connections_)
    if (connection->talk) ears_->introduce(*connection, handle);
}

bool Streams::remove_http(std::uint64_t handle, core::Instant now) {
  const void* by = ears_ ? ears_->end(handle) : nullptr;
  if (by == nullptr) return false;
  now_ = now;
  for (const auto& [key, connection] : connections_) {
    if (!connection->talk) continue;
    for (const bool up : {true, false}) {
      http::Inspector::take_back(*connection, up, by, now);
      reschedule(connection, up, now);
    }
  }
  return true;
}

}  // namespace withstand::lab::link::stream
