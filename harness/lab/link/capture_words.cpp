#include "lab/link/capture_words.hpp"

#include <fmt/format.h>

#include "lab/link/stage.hpp"

namespace withstand::lab::link {
namespace {

using Kind = core::Impairment::Kind;
using What = Ruling::What;

const char* word(Kind kind) {
  switch (kind) {
    case Kind::partition:
      return "partition";
    case Kind::mtu:
      return "mtu";
    case Kind::ttl:
      return "ttl";
    case Kind::loss:
      return "loss";
    case Kind::duplicate:
      return "duplicate";
    case Kind::corrupt:
      return "corrupt";
    case Kind::rate:
      return "rate";
    case Kind::latency:
      return "latency";
    case Kind::reorder:
      return "reorder";
  }
  return "";
}

std::string stage_of(const Ruling& ruling) { return fmt::format("{} '{}'", word(ruling.by->kind), ruling.by->fault); }

/// Exact to the nanosecond, in one unit, so that texts are easily compared.
std::string in_milliseconds(std::int64_t ns) {
  std::string text = fmt::format("{}.{:06}", ns / 1'000'000, ns % 1'000'000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + "ms";
}

std::string dropped(const Ruling& ruling) {
  const std::string by = "dropped by " + stage_of(ruling);
  const core::LinkSettings& settings = ruling.by->settings;
  switch (ruling.by->kind) {
    case Kind::mtu:
      return fmt::format("{}: it has {} bytes, and {} pass", by, ruling.amount, settings.mtu);
    case Kind::ttl:
      return fmt::format("{}: its time to live was {}, and {} routers are on the way", by, ruling.amount,
                         settings.hops);
    case Kind::rate:
      return by + ": its queue is full";
    default:
      return by;
  }
}

std::string stream_comment(const Ruling& ruling) {
  const std::string by = fmt::format("{} '{}'", ruling.author->kind, ruling.author->fault);
  switch (ruling.what) {
    case What::swallowed:
      return "dropped by " + by + ": nothing of this direction passes";
    case What::refused:
      return "dropped by " + by + ": the connection is not to be";
    case What::cut:
      return fmt::format("dropped by {} behind the first {} bytes of its payload, which go on", by, ruling.amount);
    case What::muted:
      return by + ": sent on without its payload";
    case What::paced:
      return by + ": a piece, or held back for its turn";
    case What::made:
      return "made by " + by;
    case What::rewritten:
      return by + ": says something else";
    default:
      return "dropped by " + by + ": the connection has been aborted, answered by a reset";
  }
}

std::string comment(const Ruling& ruling) {
  switch (ruling.what) {
    case What::dropped:
      return dropped(ruling);
    case What::marked:
      return stage_of(ruling) + ": congestion marked";
    case What::hops:
      return fmt::format("{}: {} taken from its time to live", stage_of(ruling), ruling.amount);
    case What::copied:
      return fmt::format("{}: {} {} made", stage_of(ruling), ruling.amount, ruling.amount == 1 ? "copy" : "copies");
    case What::copy:
      return fmt::format("copy {} of {}, made by {}", ruling.amount, ruling.by->settings.copies, stage_of(ruling));
    case What::waits:
      return fmt::format("{}: leaves after {}", stage_of(ruling), in_milliseconds(ruling.amount));
    case What::delayed:
      return fmt::format("{}: delayed {}", stage_of(ruling), in_milliseconds(ruling.amount));
    case What::held:
      return fmt::format("{}: held back {}", stage_of(ruling), in_milliseconds(ruling.amount));
    case What::flipped:
      return fmt::format("{}: flipped bit {} of byte {}", stage_of(ruling), ruling.amount % 8, ruling.amount / 8);
    case What::in_order:
      return fmt::format("waits {} more, behind the packet before it", in_milliseconds(ruling.amount));
    case What::no_room:
      return "dropped: the link's queue is full";
    case What::not_taken:
      return "dropped: the receiver's interface took it not";
    case What::early:
      return "dropped: it came before its predecessors, and HTTP is read in order";
    case What::swallowed:
    case What::refused:
    case What::cut:
    case What::muted:
    case What::paced:
    case What::made:
    case What::rewritten:
    case What::unanswered:
      return stream_comment(ruling);
  }
  return {};
}

bool same_damage(const Ruling& a, const Ruling& b) {
  return a.what == What::flipped && b.what == What::flipped && a.by == b.by;
}

std::string describe(const CapturePart& part) {
  if (part.count == part.of) return fmt::format("{} packets sent as one", part.of);
  if (part.count == 1) return fmt::format("packet {} of {} sent as one", part.first + 1, part.of);
  return fmt::format("packets {} to {} of {} sent as one", part.first + 1, part.first + part.count, part.of);
}

}  // namespace

std::vector<std::string> comments_on(const CapturePart& part, std::span<const Ruling> rulings) {
  std::vector<std::string> comments;
  if (part.of > 1) comments.push_back(describe(part));
  for (std::size_t i = 0; i < rulings.size(); ++i) {
    if (i == 0 || !same_damage(rulings[i - 1], rulings[i]))
      comments.push_back(comment(rulings[i]));
    else
      comments.back() += fmt::format(", bit {} of byte {}", rulings[i].amount % 8, rulings[i].amount / 8);
    const bool last = i + 1 == rulings.size() || !same_damage(rulings[i], rulings[i + 1]);
    if (last && rulings[i].what == What::flipped && rulings[i].by->settings.corrupt.repaired)
      comments.back() += "; checksums made right again";
  }
  return comments;
}

}  // namespace withstand::lab::link
