#include <algorithm>

#include <fmt/format.h>

#include "network/evidence_rows.hpp"
#include "network/stream_injection.hpp"
#include "spec/units.hpp"

/// What one link's account says of each action. A connection that was not hit proves nothing and blames nothing.
namespace withstand::faults {
namespace {

using core::EvidenceRow;
using core::StreamEffect;
using core::StreamSettings;
using std::chrono::nanoseconds;
using Action = StreamSettings::Action;
using Judgement = EvidenceRow::Judgement;

struct Finding {
  std::string requested, measured;
  bool effective = false;  ///< it did what it is for
  bool wrong = false;      ///< it did not do what was asked
};

std::string trigger(const StreamSettings& asked) {
  if (asked.after_bytes != StreamSettings::no_bytes) return " after " + spec::to_text(spec::Bytes{asked.after_bytes});
  return asked.after.count() > 0 ? " after " + spec::to_text(asked.after) : "";
}

std::string beyond(const StreamEffect& effect) {
  return fmt::format("{} bytes beyond were sent, {} arrived", effect.held_back, effect.leaked_bytes);
}

Finding broken(const StreamSettings& asked, const StreamEffect& effect) {
  Finding found;
  found.wrong = effect.leaked_bytes > 0;
  const std::string told = fmt::format("aborts arrived at {} and {}", plural(effect.told_client, "client"),
                                       plural(effect.told_server, "server"));
  switch (asked.action) {
    case Action::reset:
      found.requested = "RST to both ends" + trigger(asked);
      found.measured = told;
      found.effective = effect.struck > 0 && (effect.told_client > 0 || effect.told_server > 0);
      break;
    case Action::half_open:
      found.requested =
          fmt::format("RST to the {} alone{}", asked.server_is_told ? "server" : "client", trigger(asked));
      found.measured = told + "; " + beyond(effect);
      found.effective = effect.struck > 0 && (asked.server_is_told ? effect.told_server : effect.told_client) > 0;
      found.wrong = found.wrong || (asked.server_is_told ? effect.told_client : effect.told_server) > 0;
      break;
    case Action::limit:
      found.requested =
          fmt::format("{} {}", spec::to_text(spec::Bytes{asked.after_bytes}), asked.acts_on(true) ? "up" : "down");
      found.measured = effect.struck == 0
                           ? "none carried so much"
                           : fmt::format("the end arrived at {}; {}",
                                         plural(effect.ended_client + effect.ended_server, "reader"), beyond(effect));
      found.effective = effect.struck > 0 && effect.ended_client + effect.ended_server > 0;
      break;
    default:
      found.requested = "nothing passes" + trigger(asked);
      found.measured = beyond(effect);
      found.effective = effect.struck > 0 && effect.held_back > 0;
      break;
  }
  return found;
}

std::string and_nobody_there(const StreamEffect& effect) {
  if (effect.unheard == 0) return "";
  return fmt::format("; {} to a port where nobody has ever accepted a connection", effect.unheard);
}

Finding turned_away(const StreamSettings& asked, const StreamEffect& effect) {
  Finding found;
  if (asked.action == Action::mute) {
    found.requested = "accepted, never answered";
    found.measured = fmt::format("{} of {} openings arrived; {} bytes were answered, {} arrived", effect.opened,
                                 effect.opening, effect.held_back, effect.leaked_bytes);
    found.effective = effect.opened > 0 && effect.held_back > 0;
    found.wrong = effect.leaked_bytes > 0;
    return found;
  }
  const std::string how = asked.silent ? " without an answer" : "";
  if (asked.action == Action::refuse) {
    found.requested = "none is opened" + how;
    found.measured = fmt::format("{} attempted, {} arrived, {} told", effect.opening, effect.opened,
                                 plural(effect.told_client, "client")) +
                     and_nobody_there(effect);
    found.effective = effect.opening > effect.unheard && effect.opened == 0;
    found.wrong = effect.opened > 0;
    return found;
  }
  found.requested =
      fmt::format("{} at once", plural(static_cast<std::uint64_t>(asked.connections), "connection")) + how;
  found.measured = fmt::format("at most {} open at once, {} at its begin; {} of {} attempts turned away",
                               effect.most_open, effect.found_open, effect.refused, effect.opening) +
                   and_nobody_there(effect);
  found.effective = effect.refused > effect.unheard;
  found.wrong =
      effect.most_open > std::max<std::uint64_t>(static_cast<std::uint64_t>(asked.connections), effect.found_open);
  return found;
}

Finding slowed(const StreamSettings& asked, const StreamEffect& effect) {
  Finding found;
  const auto busy = static_cast<double>(effect.busy_ns);
  if (asked.action == Action::slow_close) {
    found.requested = "the end comes " + spec::to_text(asked.delay) + " later";
    found.measured = fmt::format("{} came {} to {} late (least, mean)", plural(effect.closes, "end"),
                                 spec::to_human(nanoseconds(effect.least_close_ns)),
                                 spec::to_human(nanoseconds(effect.mean_close_ns)));
    found.effective = effect.closes > 0;
    found.wrong = effect.closes > 0 && effect.least_close_ns < asked.delay.count();
  } else if (asked.action == Action::slice) {
    found.requested = fmt::format("pieces of {} ± {}, {} apart", spec::to_text(spec::Bytes{asked.size}),
                                  spec::to_text(spec::Bytes{asked.variation}), spec::to_text(asked.delay));
    const double mean = effect.waited > 0 ? busy / static_cast<double>(effect.waited) : 0;
    found.measured =
        fmt::format("{}, the largest {} bytes; {} came behind others, {} apart (mean)", plural(effect.pieces, "piece"),
                    effect.largest_piece, effect.waited, spec::to_human(nanoseconds(static_cast<std::int64_t>(mean))));
    found.effective = effect.struck > 0 && effect.pieces > 1;
    found.wrong = effect.largest_piece > static_cast<std::uint64_t>(asked.size + asked.variation) ||
                  (effect.waited > 100 && mean < 0.9 * static_cast<double>(asked.delay.count()));
  } else {
    const double rate = busy > 0 ? static_cast<double>(effect.busy_bytes) * 8e9 / busy : 0;
    const auto alone = static_cast<double>(effect.alone_ns);
    const double own_rate = alone > 0 ? static_cast<double>(effect.alone_bytes) * 8e9 / alone : 0;
    found.requested = spec::to_text(spec::Bandwidth{asked.bits_per_second}) + " of payload";
    found.measured = effect.waited == 0
                         ? "what was sent at once did not have to wait for more of its connection"
                         : fmt::format("{:.4g} Mbit/s while more waited, over {} pieces", rate / 1e6, effect.waited);
    if (effect.alone_ns < effect.busy_ns)
      found.measured += alone > 0 ? fmt::format("; {:.4g} Mbit/s where no other fault paced them", own_rate / 1e6)
                                  : ", which other faults paced too";
    if (effect.dropped > 0)
      found.measured += fmt::format("; {} lost to a full queue", plural(effect.dropped, "segment"));
    found.effective = effect.struck > 0;
    // Another fault may hold the same pieces longer, and be right.
    const auto asked_rate = static_cast<double>(asked.bits_per_second);
    found.wrong = (busy > 5e8 && rate > 1.1 * asked_rate) || (alone > 5e8 && own_rate < 0.9 * asked_rate);
  }
  return found;
}

Finding find(const StreamSettings& asked, const StreamEffect& effect) {
  switch (asked.action) {
    case Action::reset:
    case Action::black_hole:
    case Action::half_open:
    case Action::limit:
      return broken(asked, effect);
    case Action::refuse:
    case Action::mute:
    case Action::cap:
      return turned_away(asked, effect);
    case Action::slow_close:
    case Action::slice:
    case Action::bandwidth:
      break;
  }
  return slowed(asked, effect);
}

}  // namespace

EvidenceRow judge_stream(const StreamSettings& asked, const std::string& action, const StreamEffect& effect,
                         const std::string& link) {
  const Finding found = find(asked, effect);
  EvidenceRow row;
  row.what = action + " " + link;
  row.requested = found.requested;
  if (asked.toxicity_ppb < 1'000'000'000)
    row.requested += fmt::format(", {} of connections", spec::to_text(spec::Ratio{asked.toxicity_ppb}));
  row.measured = fmt::format("{} met it, {} chosen", plural(effect.connections, "connection"), effect.chosen);
  if (effect.chosen != effect.decided) row.measured += fmt::format(", but the seed chooses {}", effect.decided);
  if (effect.chosen > 0) row.measured += ": " + found.measured;
  if (effect.untracked > 0)
    row.measured += fmt::format("; {} were too many to follow", plural(effect.untracked, "connection"));
  row.source = "link fabric, segments leaving; recounted from the seed";
  if (effect.chosen != effect.decided || (effect.chosen > 0 && found.wrong))
    row.judgement = Judgement::mismatch;
  else
    row.judgement = found.effective ? Judgement::agrees : Judgement::informative;
  return row;
}

}  // namespace withstand::faults
