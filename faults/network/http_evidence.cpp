#include <algorithm>

#include <fmt/format.h>

#include "network/evidence_rows.hpp"
#include "network/http_injection.hpp"
#include "spec/units.hpp"

/// What one link's account says of each action. A message that was not hit proves nothing and blames nothing.
namespace withstand::faults {
namespace {

using core::EvidenceRow;
using core::HttpEffect;
using core::HttpSettings;
using std::chrono::nanoseconds;
using Action = HttpSettings::Action;
using Side = HttpSettings::Side;
using Told = HttpSettings::Told;
using Judgement = EvidenceRow::Judgement;

const char* side_of(const HttpSettings& asked) { return asked.side == Side::request ? "request" : "response"; }

std::string requested(const HttpSettings& asked) {
  switch (asked.action) {
    case Action::delay:
      return spec::to_text(asked.delay.delay) +
             (asked.delay.jitter.count() > 0 ? " ± " + spec::to_text(asked.delay.jitter) : "") + " on each " +
             side_of(asked);
    case Action::abort:
      return fmt::format("RST to {} instead of the {}",
                         asked.told == Told::both     ? "both ends"
                         : asked.told == Told::client ? "the client"
                                                      : "the server",
                         side_of(asked));
    case Action::status:
      return fmt::format("status {}", asked.code);
    case Action::truncate:
      return fmt::format("{} of the {}'s body, then {}", spec::to_text(spec::Bytes{asked.after_bytes}), side_of(asked),
                         asked.orderly ? "the stream's end" : "RST");
    case Action::drop:
      return fmt::format("the {} never arrives", side_of(asked));
  }
  return "";
}

struct Finding {
  std::string measured;
  bool effective = false;  ///< it did what it is for
  bool wrong = false;      ///< it did not do what was asked
};

std::string ends(const HttpEffect& effect) {
  return fmt::format("aborts arrived at {} and {}", plural(effect.told_client, "client"),
                     plural(effect.told_server, "server"));
}

std::string beyond(const HttpEffect& effect) {
  return fmt::format("{} bytes beyond were sent, {} arrived", effect.held_back, effect.leaked_bytes);
}

/// Other faults and the machine may delay the same messages, so that more than was drawn is no mistake. It is no effect
/// of this fault either, and whoever reads of a delay is to know.
std::string much_later(const HttpEffect& effect) {
  constexpr std::int64_t granted = 50'000'000;
  const std::int64_t more = effect.delay_mean_ns - effect.drawn_mean_ns;
  if (effect.delayed == 0 || more <= effect.drawn_mean_ns / 10 + granted) return "";
  return fmt::format(", {} more than drawn (mean): something else held them too", spec::to_human(nanoseconds(more)));
}

Finding find(const HttpSettings& asked, const HttpEffect& effect) {
  Finding found;
  found.wrong = effect.leaked_bytes > 0;
  switch (asked.action) {
    case Action::delay:
      found.measured = effect.delayed == 0
                           ? "none arrived meanwhile"
                           : fmt::format("{} arrived {} later (mean), {} (p99); drawn {} (mean)", effect.delayed,
                                         spec::to_human(nanoseconds(effect.delay_mean_ns)),
                                         spec::to_human(nanoseconds(effect.delay_p99_ns)),
                                         spec::to_human(nanoseconds(effect.drawn_mean_ns)));
      found.measured += much_later(effect);
      if (effect.hasty > 0) found.measured += fmt::format(", {} sooner than drawn", effect.hasty);
      if (effect.cut_short > 0)
        found.measured += fmt::format("; {} let go by an end of the connection or the fault", effect.cut_short);
      found.effective = effect.delayed > 0;
      found.wrong = found.wrong || effect.hasty > 0;
      break;
    case Action::abort:
      found.measured = fmt::format("{} aborted; {}", plural(effect.acted, "connection"), ends(effect));
      found.effective = effect.acted > 0 && (asked.told == Told::server ? effect.told_server : effect.told_client) > 0;
      break;
    case Action::status:
      found.measured = fmt::format("{} arrived with it, {} with their own", effect.rewritten, effect.original);
      found.effective = effect.rewritten > 0;
      // Most of what was asked for did not happen: that is not what was asked for.
      found.wrong = found.wrong || effect.original > 0 || effect.too_late * 10 > effect.chosen - effect.unfit;
      break;
    case Action::truncate:
      found.measured = fmt::format(
          "{} cut; {} at {}; {}", effect.acted, asked.orderly ? "the end arrived" : "aborts arrived",
          plural(asked.orderly ? effect.ended_client + effect.ended_server : effect.told_client + effect.told_server,
                 asked.orderly ? "reader" : "end"),
          beyond(effect));
      found.effective = effect.acted > 0 && (asked.orderly ? effect.ended_client + effect.ended_server
                                                           : effect.told_client + effect.told_server) > 0;
      break;
    case Action::drop:
      found.measured = fmt::format("{} held back: {}", effect.acted, beyond(effect));
      found.effective = effect.acted > 0 && effect.held_back > 0;
      break;
  }
  return found;
}

/// What could not be done to some of those chosen.
std::string left_alone(const HttpSettings& asked, const HttpEffect& effect) {
  std::string text;
  if (effect.unfit > 0)
    text += fmt::format("; {} left alone, of a status without body, or that was {} or another's already", effect.unfit,
                        asked.code);
  if (effect.too_late > 0)
    text += fmt::format("; {} came in pieces, too late to change", plural(effect.too_late, "head"));
  if (effect.too_short > 0) text += fmt::format("; {} had no more bytes", plural(effect.too_short, "body"));
  return text;
}

}  // namespace

EvidenceRow judge_http(const HttpSettings& asked, const std::string& action, const HttpEffect& effect,
                       const std::string& link) {
  const Finding found = find(asked, effect);
  EvidenceRow row;
  row.what = action + " " + link;
  row.requested = requested(asked);
  if (asked.toxicity_ppb < 1'000'000'000)
    row.requested += fmt::format(", {} of those", spec::to_text(spec::Ratio{asked.toxicity_ppb}));
  row.measured = fmt::format("{}, {}; {} matched, {} chosen", plural(effect.requests, "request"),
                             plural(effect.responses, "response"), effect.matched, effect.chosen);
  if (effect.chosen != effect.decided) row.measured += fmt::format(", but the seed chooses {}", effect.decided);
  if (effect.chosen > 0) row.measured += ": " + found.measured + left_alone(asked, effect);
  if (effect.early > 0)
    row.measured += fmt::format("; {} before others, sent again", plural(effect.early, "segment") + " came");
  row.source = "link fabric, segments leaving; recounted from the seed";
  if (effect.chosen != effect.decided || (effect.chosen > 0 && found.wrong))
    row.judgement = Judgement::mismatch;
  else
    row.judgement = found.effective ? Judgement::agrees : Judgement::informative;
  return row;
}

std::string unread(const HttpEffect& sum) {
  std::vector<std::string> parts;
  const auto tell = [&](std::uint64_t count, const char* what) {
    if (count > 0) parts.push_back(fmt::format("{} {}", count, what));
  };
  tell(sum.tls, "spoke TLS, which hides what is said");
  tell(sum.http2, "spoke HTTP/2, which is not read");
  tell(sum.not_http, "not HTTP");
  tell(sum.upgraded, "upgraded to another protocol");
  tell(sum.oversized, "had a head above 64 KiB or too many open requests");
  tell(sum.malformed, "became malformed");
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string why_nothing(const HttpSettings& asked, const HttpEffect& sum, const std::vector<core::HttpSeen>& seen) {
  const std::string others = unread(sum);
  const std::string beside = others.empty() ? "" : "; of connections, " + others;
  if (sum.requests + sum.responses == 0)
    return "no HTTP request was sent on any of them" + (others.empty() ? "" : ": of connections, " + others);
  std::vector<std::string> kinds;
  for (const core::HttpSeen& kind : seen) kinds.push_back(fmt::format("{} ({})", kind.what, kind.count));
  const std::string most = kinds.empty() ? "" : fmt::format("; seen most: {}", fmt::join(kinds, ", "));
  const std::string what = side_of(asked);
  if (sum.matched == 0)
    return fmt::format("none of {} matched{}{}",
                       plural(asked.side == Side::request ? sum.requests : sum.responses, what), most, beside);
  if (sum.chosen == 0) return fmt::format("{} matched, none was chosen{}", plural(sum.matched, what), beside);
  return fmt::format("{} chosen, and nothing happened to any{}{}", sum.chosen, left_alone(asked, sum), beside);
}

}  // namespace withstand::faults
