#include "network/name_evidence.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "network/shares.hpp"
#include "spec/units.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;
using core::NameAnswer;
using core::NameEffect;
using core::NameFault;

/// Answers are written by the harness's event loop: it may be late by this much, and a tenth of what was asked for.
constexpr std::int64_t lateness_granted_ns = 20'000'000;
constexpr std::size_t names_shown = 4;
constexpr std::int64_t certain = 1'000'000'000;

std::string milliseconds(std::int64_t nanoseconds) {
  return fmt::format("{:.4g}ms", static_cast<double>(nanoseconds) / 1e6);
}

std::string requested(const NameFault& asked) {
  std::string text(core::to_text(asked.answer));
  if (asked.answer == NameAnswer::wrong)
    text += fmt::format(" ({}{}{})", asked.address, asked.address.empty() || asked.address6.empty() ? "" : ", ",
                        asked.address6);
  if (asked.answer == NameAnswer::slow) text += " by " + spec::to_text(asked.delay);
  if (asked.answer == NameAnswer::truncated && !asked.answer_over_tcp) text += ", nothing over TCP";
  if (asked.names != std::vector<std::string>{"*"}) text += fmt::format(" for {}", fmt::join(asked.names, ", "));
  if (asked.type != 0) text += ", type " + core::record_type_name(asked.type);
  if (asked.share_ppb != certain) text += fmt::format(", {} of queries", spec::to_text(spec::Ratio{asked.share_ppb}));
  return text;
}

/// "n2 A 12, n2 AAAA 12, and 3 more": the most asked first.
std::string names_text(std::vector<core::AskedName> names) {
  std::stable_sort(names.begin(), names.end(), [](const auto& a, const auto& b) { return a.asked > b.asked; });
  std::vector<std::string> texts;
  for (const auto& each : names) {
    if (texts.size() == names_shown) break;
    const bool further = each.name == core::further_names && each.type == core::further_types;
    texts.push_back(further ? fmt::format("further names {}", each.asked)
                            : fmt::format("{} {} {}", each.name, core::record_type_name(each.type), each.asked));
  }
  const std::size_t more = names.size() - texts.size();
  return fmt::format("{}{}", fmt::join(texts, ", "), more == 0 ? "" : fmt::format(", and {} more", more));
}

/// How many of them the seed strikes.
std::uint64_t recount(const NameFault& asked, const NameEffect& effect, const std::string& node) {
  std::uint64_t struck = 0;
  for (const auto& each : effect.names) {
    const auto draws = core::query_draws(asked, node, each.name, each.type);
    for (std::uint64_t i = 0; i < each.asked; ++i)
      if (core::strikes(asked, draws, i)) ++struck;
  }
  return struck;
}

std::string counts(const NameEffect& effect, std::uint64_t struck) {
  std::string text = fmt::format("{} of {} queries struck ({}), {} answered so", struck, effect.asked,
                                 names_text(effect.names), effect.shown);
  const auto add = [&](std::uint64_t count, const char* what) {
    if (count > 0) text += fmt::format(", {} {}", count, what);
  };
  add(effect.overruled, "as another fault asks");
  add(effect.waiting, "not answered yet");
  add(effect.lost, "whose asker had gone");
  add(effect.over_tcp, "of all over TCP");
  add(effect.asked_again, "asked again over TCP");
  return text;
}

bool is_late(const NameFault& asked, const NameEffect& effect) {
  if (asked.answer != NameAnswer::slow || effect.shown == 0) return false;
  const std::int64_t granted = effect.asked_delay_mean_ns / 10 + lateness_granted_ns;
  return effect.delay_mean_ns > effect.asked_delay_mean_ns + granted;
}

EvidenceRow judge(const NameFault& asked, const NameEffect& effect, const std::string& node) {
  const std::uint64_t struck = effect.asked - effect.spared;
  EvidenceRow row{"names asked by " + node, requested(asked), counts(effect, struck),
                  "resolver's sockets, recounted from the seed", EvidenceRow::Judgement::informative};
  if (asked.answer == NameAnswer::slow && effect.shown > 0)
    row.measured += fmt::format(", after {} on average ({} to {}) where {} was asked for",
                                milliseconds(effect.delay_mean_ns), milliseconds(effect.delay_min_ns),
                                milliseconds(effect.delay_max_ns), milliseconds(effect.asked_delay_mean_ns));
  const std::uint64_t decided = recount(asked, effect, node);
  const double share = static_cast<double>(asked.share_ppb) / static_cast<double>(certain);
  if (effect.strayed > 0) row.measured += fmt::format("; {} otherwise: {}", effect.strayed, effect.stray);
  if (decided != struck) row.measured += fmt::format("; but the seed decides {}", decided);
  if (effect.unread > 0)
    row.measured += fmt::format("; {} datagrams to the resolver were lost before they were read", effect.unread);
  if (effect.strayed > 0 || decided != struck || effect.unread > 0 || is_late(asked, effect) ||
      improbable_share(effect.asked, struck, share)) {
    row.judgement = EvidenceRow::Judgement::mismatch;
  } else if (effect.shown > 0) {
    row.judgement =
        EvidenceRow::Judgement::agrees;  // a node where chance struck nothing proves nothing, blames nothing
  }
  return row;
}

EvidenceRow nothing_asked(const NameFault& asked, const std::vector<NameEffect>& effects,
                          const core::Topology& topology) {
  std::vector<std::string> nodes, others;
  for (const auto& effect : effects) {
    nodes.push_back(topology.at(effect.node).name);
    for (const auto& other : effect.others)
      if (std::find(others.begin(), others.end(), other) == others.end()) others.push_back(other);
  }
  EvidenceRow row{fmt::format("names asked by {}", fmt::join(nodes, " ")), requested(asked), "", "resolver's sockets",
                  EvidenceRow::Judgement::absent};
  row.measured = others.empty() ? "no query came: a program that knows an address, or keeps one, asks for none"
                                : fmt::format("no such query came; asked was for {}", fmt::join(others, ", "));
  return row;
}

}  // namespace

core::Evidence name_evidence(const NameFault& asked, const std::vector<NameEffect>& effects,
                             const core::Topology& topology) {
  core::Evidence evidence;
  for (const auto& effect : effects)
    if (effect.asked > 0) evidence.rows.push_back(judge(asked, effect, topology.at(effect.node).name));
  if (evidence.rows.empty()) evidence.rows.push_back(nothing_asked(asked, effects, topology));
  return evidence;
}

}  // namespace withstand::faults
