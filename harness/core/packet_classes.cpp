#include "core/packet_classes.hpp"

#include <algorithm>
#include <netinet/in.h>

namespace withstand::core {
namespace {

bool same(const Match& one, const Match& other) { return covers(one, other) && covers(other, one); }

/// What is in another is told by more.
int words_of(const Match& match) {
  return (match.protocol != 0 ? 1 : 0) + (match.port != 0 ? 1 : 0) + (match.state != Match::State::any ? 1 : 0);
}

void add_new(std::vector<Match>& all, const Match& match) {
  if (std::none_of(all.begin(), all.end(), [&](const Match& known) { return same(known, match); }))
    all.push_back(match);
}

}  // namespace

bool covers(const Match& outer, const Match& inner) {
  return (outer.protocol == 0 || outer.protocol == inner.protocol) && (outer.port == 0 || outer.port == inner.port) &&
         (outer.state == Match::State::any || outer.state == inner.state);
}

std::optional<Match> both_of(const Match& one, const Match& other) {
  const auto meet = [](auto first, auto second, auto any, auto& into) {
    into = first == any ? second : first;
    return first == any || second == any || first == second;
  };
  Match both;
  const bool some = meet(one.protocol, other.protocol, std::uint8_t{0}, both.protocol) &&
                    meet(one.port, other.port, std::uint16_t{0}, both.port) &&
                    meet(one.state, other.state, Match::State::any, both.state);
  const bool portless =
      both.port != 0 && both.protocol != 0 && both.protocol != IPPROTO_TCP && both.protocol != IPPROTO_UDP;
  if (!some || portless) return std::nullopt;
  return both;
}

std::vector<PacketClass> packet_classes(const std::vector<const Impairment*>& asked) {
  std::vector<Match> matches;  // closed under intersection
  for (const auto* each : asked) {
    const std::vector<Match> before = matches;
    add_new(matches, each->settings.match);
    for (const auto& known : before)
      if (const auto both = both_of(known, each->settings.match)) add_new(matches, *both);
  }
  std::stable_sort(matches.begin(), matches.end(),
                   [](const Match& one, const Match& other) { return words_of(one) > words_of(other); });
  std::vector<PacketClass> classes;
  for (const auto& match : matches) {
    PacketClass made{match, {}};
    for (std::size_t i = 0; i < asked.size(); ++i)
      if (covers(asked[i]->settings.match, match)) made.asked.push_back(i);
    classes.push_back(std::move(made));
  }
  return classes;
}

}  // namespace withstand::core
