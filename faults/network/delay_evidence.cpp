#include "network/delay_evidence.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "network/delay_spread.hpp"
#include "spec/units.hpp"

namespace withstand::faults {
namespace {

using core::DelaySettings;
using core::EvidenceRow;
using Distribution = DelaySettings::Distribution;
using Numbers = std::vector<std::int64_t>;
using std::chrono::nanoseconds;

/// Where clean runs would be blamed no more often than this, a jitter is said to be lost.
constexpr double improbable = 1e-9;
/// So many draws that the error of a slope is known.
constexpr std::uint64_t enough_draws = 30;

/// A delay that was measured may exceed what was asked by the fabric's own work; beyond this its promise is broken.
/// Of a short delay the half, so that it can be told from one that is several times as long.
nanoseconds most_excess(nanoseconds delay) {
  using std::chrono::microseconds;
  return std::max<nanoseconds>(std::clamp<nanoseconds>(delay / 2, microseconds(500), microseconds(2000)), delay / 10);
}

std::string requested(const DelaySettings& asked) {
  static constexpr const char* names[] = {"", " normal", " pareto", " paretonormal", " from a table", ""};
  if (asked.distribution == Distribution::recorded)
    return asked.delay.count() > 0 ? fmt::format("{} and as recorded", spec::to_text(asked.delay)) : "as recorded";
  std::string text = spec::to_text(asked.delay);
  if (asked.jitter.count() > 0)
    text += fmt::format(" ± {}{}", spec::to_text(asked.jitter), names[static_cast<int>(asked.distribution)]);
  if (asked.correlation_ppb > 0)
    text += fmt::format(", correlation {}", spec::to_text(spec::Ratio{asked.correlation_ppb}));
  return text;
}

std::string measured_delays(const core::LinkEffect& effect) {
  const auto human = [](std::int64_t time) { return spec::to_human(nanoseconds(time)); };
  std::string text = fmt::format("mean {}, sd {}, p99 {} over {} packets", human(effect.delay_mean_ns),
                                 human(effect.delay_sd_ns), human(effect.delay_p99_ns), effect.delayed);
  if (effect.drawn_sd_ns > 0)
    text += fmt::format("; drawn mean {}, sd {}", human(effect.drawn_mean_ns), human(effect.drawn_sd_ns));
  if (effect.reordered > 0) text += fmt::format("; {} out of order", effect.reordered);
  return text;
}

/// No packet is ever asked to wait for less than this, whatever is drawn and whatever else delays it.
nanoseconds least_drawn(const DelaySettings& asked, const Numbers* table) {
  switch (asked.distribution) {
    case Distribution::uniform:
      return asked.delay - asked.jitter;
    case Distribution::recorded:
      return asked.delay + nanoseconds(*std::min_element(table->begin(), table->end()));
    case Distribution::normal:
    case Distribution::pareto:
    case Distribution::paretonormal:
    case Distribution::table:
      break;
  }
  return nanoseconds(0);
}

/// What shows that the packets were not asked to wait as the file says; empty when nothing does.
std::string misdrawn(const core::Impairment& impairment, const core::LinkEffect& effect) {
  const DelaySettings& asked = impairment.settings.delay;
  const Numbers* table = impairment.table.get();
  const nanoseconds least = least_drawn(asked, table);
  if (nanoseconds(effect.drawn_min_ns) < least)
    return fmt::format("one was drawn {}, the least is {}", spec::to_human(nanoseconds(effect.drawn_min_ns)),
                       spec::to_human(least));
  if (effect.hasty > 0) return fmt::format("{} were due sooner than drawn", effect.hasty);
  if (SpreadTest(impairment).chance(effect) < improbable)
    return fmt::format("no such jitter: {} draws between {} and {}, by chance less than once in 10^9 times",
                       effect.draws, spec::to_human(nanoseconds(effect.drawn_min_ns)),
                       spec::to_human(nanoseconds(effect.drawn_max_ns)));
  if (asked.distribution != Distribution::recorded || effect.delayed < effect.offered || effect.offered < table->size())
    return {};
  const nanoseconds most = asked.delay + nanoseconds(*std::max_element(table->begin(), table->end()));
  if (nanoseconds(effect.drawn_max_ns) >= most) return {};
  return fmt::format("the longest that was recorded, {}, did not come", spec::to_human(most));
}

/// Of the kernel's queues only a sample of the delays is known, and the mean of what was asked.
std::string misdone_by_kernel(const DelaySettings& asked, const core::LinkEffect& effect) {
  const double error = 6 * static_cast<double>(effect.delay_sd_ns) / std::sqrt(static_cast<double>(effect.delayed));
  const double over = static_cast<double>(effect.delay_mean_ns - effect.requested_mean_ns);
  const auto wanted = spec::to_human(nanoseconds(effect.requested_mean_ns));
  const bool fixed = asked.jitter.count() == 0;
  if (over < -2 - error) return fmt::format("left too soon: asked to take {} in the mean", wanted);
  // Where order is kept, a packet with a short delay waits for the one in front of it.
  const bool waits = !fixed && !asked.reorders;
  if (!waits && over - error > static_cast<double>(most_excess(nanoseconds(effect.requested_mean_ns)).count()))
    return fmt::format("left too late: asked to take {} in the mean", wanted);
  if (!fixed && effect.delayed >= enough_draws && effect.delay_max_ns - effect.delay_min_ns < asked.jitter.count() / 10)
    return "no such jitter: all took nearly the same";
  return {};
}

/// What shows that packets did not wait as they were asked to.
std::string misdone(const DelaySettings& asked, const core::LinkEffect& effect) {
  // Means are rounded to the nanosecond, each by itself.
  if (effect.delay_mean_ns < effect.requested_mean_ns - 2)
    return fmt::format("left too soon: asked to take {} in the mean",
                       spec::to_human(nanoseconds(effect.requested_mean_ns)));
  if (effect.delay_mean_ns - effect.requested_mean_ns > most_excess(nanoseconds(effect.requested_mean_ns)).count())
    return fmt::format("left too late: asked to take {} in the mean",
                       spec::to_human(nanoseconds(effect.requested_mean_ns)));
  const bool various = asked.jitter.count() > 0 || asked.distribution == Distribution::recorded;
  const double slope_at_most = effect.follows + 6 * effect.follows_error;
  if (various && effect.draws >= enough_draws && effect.follows_error > 0 && slope_at_most < 0.5)
    return fmt::format("no such jitter: a packet drawn 1ms longer took {:.2f}ms ± {:.2f}ms longer", effect.follows,
                       effect.follows_error);
  return {};
}

}  // namespace

EvidenceRow judge_delay(const core::Impairment& impairment, const core::LinkEffect& effect, const std::string& link) {
  const DelaySettings& asked = impairment.settings.delay;
  EvidenceRow row;
  row.what = "delay " + link;
  row.requested = requested(asked);
  const bool by_kernel = effect.source == core::LinkEffect::Source::kernel;
  row.source = by_kernel ? "kernel, time stamps before and behind its queues" : "link fabric, packets leaving";
  if (effect.delayed == 0) {
    row.measured = fmt::format("{} packets offered, none left yet", effect.offered);
    row.judgement = EvidenceRow::Judgement::absent;
    return row;
  }
  row.measured = measured_delays(effect);
  row.judgement = EvidenceRow::Judgement::agrees;
  const std::vector<std::string> all = by_kernel ? std::vector{misdone_by_kernel(asked, effect)}
                                                 : std::vector{misdrawn(impairment, effect), misdone(asked, effect)};
  for (const std::string& wrong : all) {
    if (wrong.empty()) continue;
    row.measured += "; " + wrong;
    row.judgement = EvidenceRow::Judgement::mismatch;
  }
  return row;
}

}  // namespace withstand::faults
