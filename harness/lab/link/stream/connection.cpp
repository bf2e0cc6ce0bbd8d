#include "lab/link/stream/connection.hpp"

#include <algorithm>
#include <utility>

namespace withstand::lab::link::stream {
namespace {

using Action = core::StreamSettings::Action;
using core::StreamEffect;

/// The smaller of two times of which 0 means "none".
std::int64_t least(std::int64_t one, std::int64_t other) {
  if (one == 0 || other == 0) return std::max(one, other);
  return std::min(one, other);
}

void see_data(StreamConnection& connection, Role& role, bool up, const Segment& segment) {
  const std::size_t index = up ? 0 : 1;
  const Position end = connection.ways[index].at(segment.data_end());
  if (end > role.cut[index])
    role.account.leaked_bytes += static_cast<std::uint64_t>(std::min<Position>(segment.length, end - role.cut[index]));
  if (!role.stage->settings.acts_on(up)) return;
  StreamEffect& account = role.account;
  account.delivered_bytes += segment.length;
  // What was on its way before is none of its pieces; nor are copies, or what came before.
  if (end > role.met[index]) account.largest_piece = std::max<std::uint64_t>(account.largest_piece, segment.length);
  if (end <= std::max(role.met[index], role.arrived[index])) return;
  role.arrived[index] = end;
  ++account.pieces;
}

void see_end(StreamConnection& connection, Role& role, bool up, core::Instant written) {
  if (std::exchange(role.end_arrived[up ? 0 : 1], true)) return;
  ++(up ? role.account.ended_server : role.account.ended_client);
  const Way& way = connection.way(up);
  if (!role.stage->settings.acts_on(up) || way.end_sent == core::Instant{}) return;
  const std::int64_t took = (written - way.end_sent).count();
  role.account.least_close_ns = least(role.account.least_close_ns, std::max<std::int64_t>(took, 1));
  role.account.mean_close_ns += took;  // the sum, until it is told
  ++role.account.closes;
}

/// How many connections are open, as the ends can know it.
void see_state(const StreamConnection& connection, Role& role, bool up, const Segment& segment) {
  if (segment.opens() && up && role.opening) role.account.opened = 1;
  const bool is_open = role.accepted || (!up && segment.accepts());
  const bool over = segment.is(Segment::rst) || (role.end_arrived[0] && role.end_arrived[1]);
  if (is_open && !role.accepted && !connection.closed) {
    role.accepted = true;
    role.on->most_accepted = std::max(role.on->most_accepted, ++role.on->accepted);
  } else if (role.accepted && over) {
    role.accepted = false;
    --role.on->accepted;
  }
}

}  // namespace

Role* StreamConnection::role(const Stage& stage) const {
  const auto found =
      std::find_if(roles.begin(), roles.end(), [&](const auto& one) { return one->stage.get() == &stage; });
  return found == roles.end() ? nullptr : found->get();
}

void fold(StreamEffect& total, const StreamEffect& one) {
  for (auto sum : {&StreamEffect::connections,  &StreamEffect::chosen,          &StreamEffect::struck,
                   &StreamEffect::opening,      &StreamEffect::opened,          &StreamEffect::told_client,
                   &StreamEffect::told_server,  &StreamEffect::ended_client,    &StreamEffect::ended_server,
                   &StreamEffect::sent_bytes,   &StreamEffect::delivered_bytes, &StreamEffect::held_back,
                   &StreamEffect::leaked_bytes, &StreamEffect::pieces,          &StreamEffect::waited,
                   &StreamEffect::busy_bytes,   &StreamEffect::alone_bytes,     &StreamEffect::dropped,
                   &StreamEffect::closes,       &StreamEffect::refused,         &StreamEffect::untracked})
    total.*sum += one.*sum;
  total.largest_piece = std::max(total.largest_piece, one.largest_piece);
  total.busy_ns += one.busy_ns;
  total.alone_ns += one.alone_ns;
  total.mean_close_ns += one.mean_close_ns;
  total.least_gap_ns = least(total.least_gap_ns, one.least_gap_ns);
  total.least_close_ns = least(total.least_close_ns, one.least_close_ns);
}

StreamEffect account_of(const Role& role) {
  StreamEffect account = role.account;
  account.connections = 1;
  if (!role.chosen) return account;
  account.chosen = 1;
  account.struck = role.struck ? 1 : 0;
  account.opening = role.opening ? 1 : 0;
  account.told_client = account.told_client > 0 ? 1 : 0;
  account.told_server = account.told_server > 0 ? 1 : 0;
  account.refused = role.turned_away && account.opened == 0 ? 1 : 0;
  return account;
}

void released(StreamConnection& connection, bool up, const Way::Piece& piece, core::Instant when) {
  const std::size_t index = up ? 0 : 1;
  const Way& way = connection.ways[index];
  const auto paces = [&](const auto& role) {
    const core::StreamSettings& settings = role->stage->settings;
    return role->chosen && role->stage->active && settings.acts_on(up) &&
           (settings.action == Action::slice || settings.action == Action::bandwidth);
  };
  const auto pacing = std::count_if(connection.roles.begin(), connection.roles.end(), paces);
  for (const auto& role : connection.roles) {
    if (!paces(role)) continue;
    Role::Left& last = role->left[index];
    // What an order held says nothing of pieces and rates.
    const bool ordered = way.orders && way.orders->held_until(piece.at) > last.when;
    if (piece.length > 0 && (last.backlog || piece.read <= last.when) && !ordered) {
      StreamEffect& account = role->account;
      const std::int64_t gap = (when - last.when).count();
      account.least_gap_ns = least(account.least_gap_ns, std::max<std::int64_t>(gap, 1));
      ++account.waited;
      account.busy_bytes += last.bytes;
      account.busy_ns += gap;
      if (pacing == 1) {
        account.alone_bytes += last.bytes;
        account.alone_ns += gap;
      }
    }
    if (piece.length > 0) last = {.when = when, .bytes = piece.length, .backlog = !way.idle()};
  }
}

void witness(StreamConnection& connection, bool up, const Segment& segment, core::Instant written) {
  for (const auto& role : connection.roles) {
    if (!role->chosen || !role->stage->active) continue;
    // Before both ends have agreed there is nothing to abort: it is a refusal, the server's own or a fault's.
    if (segment.is(Segment::rst) && (connection.established || role->turned_away) && !role->overruled)
      ++(up ? role->account.told_server : role->account.told_client);
    if (segment.length > 0) see_data(connection, *role, up, segment);
    if (segment.is(Segment::fin)) see_end(connection, *role, up, written);
    see_state(connection, *role, up, segment);
  }
}

}  // namespace withstand::lab::link::stream
