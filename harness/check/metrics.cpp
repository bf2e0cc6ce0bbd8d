#include "check/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "check/confidence.hpp"
#include "check/continuity.hpp"
#include "check/describe.hpp"
#include "check/latencies.hpp"
#include "check/lost_writes.hpp"
#include "check/samples.hpp"
#include "check/summaries.hpp"
#include "spec/metrics.hpp"
#include "spec/units.hpp"

namespace withstand::check {

namespace {

using record::Outcome;
using spec::Threshold;
using Measured = std::variant<spec::Duration, spec::Ratio, spec::Rate, std::int64_t>;

/// A refusal within this is an answer of the target's, however busy the machine; what took longer may have been
/// starved.
constexpr std::int64_t told_at_once = 50'000'000;

bool refused_at_once(const Sample& sample) {
  const bool heard = !sample.ok() && (sample.outcome == Outcome::fail || sample.outcome == Outcome::info);
  return heard && sample.done - sample.sent < told_at_once;
}

/// Longer than any limit: what a success that never came compares as.
constexpr spec::Duration forever = spec::Duration::max();

Evaluation inconclusive(std::string measured, std::string detail, std::uint64_t samples = 0) {
  return {Judgement::inconclusive, std::move(measured), samples, std::move(detail)};
}

Evaluation no_sample(std::string detail) { return inconclusive("no sample", std::move(detail)); }

Evaluation compare(const Threshold& threshold, const Measured& value, std::string text, std::uint64_t samples,
                   std::string detail = "") {
  const Judgement judgement = spec::satisfies(threshold, value) ? Judgement::held : Judgement::failed;
  Evaluation out{judgement, std::move(text), samples, std::move(detail)};
  out.value = value;
  return out;
}

std::string human(std::int64_t nanoseconds) { return spec::to_human(spec::Duration(nanoseconds)); }

/// Rounded away from the good end, so that "errors == 0%" and "availability == 100%" mean what they say.
Evaluation compare_ratio(const Threshold& threshold, std::uint64_t part, std::uint64_t all, bool up,
                         std::string detail = "") {
  const long double exact = static_cast<long double>(part) * 1e9L / static_cast<long double>(all);
  const spec::Ratio ratio{static_cast<std::int64_t>(up ? std::ceil(exact) : std::floor(exact))};
  auto out = compare(threshold, ratio, ratio_text(part, all), all, std::move(detail));
  const auto [low, high] = wilson_interval(part, all);
  out.low = spec::Ratio{std::llround(low * 1e9)};
  out.high = spec::Ratio{std::llround(high * 1e9)};
  return out;
}

/// Whether both ends of the interval say the same of the limit. Equality is no matter of more or less.
void doubt_unless_confident(const Threshold& threshold, Evaluation& out) {
  if (out.judgement == Judgement::inconclusive || !out.value) return;
  if (threshold.comparison == spec::Comparison::equal || threshold.comparison == spec::Comparison::not_equal) return;
  if (!out.low && !out.high) return;
  const auto wide = Measured(forever);
  const bool low = spec::satisfies(threshold, out.low.value_or(Measured(spec::Duration::zero())));
  const bool high = spec::satisfies(threshold, out.high.value_or(wide));
  if (low == high) return;
  out.judgement = Judgement::inconclusive;
  out.detail += fmt::format("{}the limit lies inside the 95% interval: more samples would decide",
                            out.detail.empty() ? "" : "; ");
}

std::string figure_text(const std::optional<Measured>& figure, const char* absent) {
  if (!figure) return absent;
  if (const auto* time = std::get_if<spec::Duration>(&*figure))
    return *time == forever ? "no success" : human(time->count());
  if (const auto* ratio = std::get_if<spec::Ratio>(&*figure))
    return fmt::format("{:.3g}%", static_cast<double>(ratio->ppb) / 1e7);
  return absent;
}

/// "95%: 1.2ms to 3ms, of 400"
std::string interval_text(const Evaluation& of) {
  if (!of.low && !of.high) return "";
  return fmt::format("95%: {} to {}, of {}", figure_text(of.low, "less"), figure_text(of.high, "more"), of.samples);
}

/// The limit when the threshold asks for less than something, else nothing.
std::optional<std::int64_t> upper_limit(const Threshold& threshold) {
  const auto* limit = std::get_if<spec::Duration>(&threshold.value);
  const bool upper =
      threshold.comparison == spec::Comparison::less || threshold.comparison == spec::Comparison::less_equal;
  if (limit == nullptr || !upper) return std::nullopt;
  return limit->count();
}

}  // namespace

struct Metrics::State {
  explicit State(const MetricsInput& input)
      : samples(input.operations, input.phases, input.timeout.count()),
        writes(acknowledged_writes(input.operations)),
        phases(input.phases),
        probes(input.probes),
        last_fault_end(input.last_fault_end),
        timeout(input.timeout.count()),
        slo(input.slo),
        confident(input.confident) {}

  Samples samples;
  std::vector<AcknowledgedWrite> writes;
  std::vector<PhaseWindow> phases;
  std::vector<ProbeObservation> probes;
  std::optional<std::int64_t> last_fault_end;
  std::int64_t timeout;
  std::vector<Threshold> slo;
  bool confident;

  [[nodiscard]] Evaluation evaluate(const Threshold& threshold, Window window) const;

 private:
  using Due = std::vector<Sample>;
  [[nodiscard]] Evaluation of_due(const Threshold& threshold, Window window, const Due& due) const;
  [[nodiscard]] Evaluation latency(const Threshold& threshold, const Due& due) const;
  [[nodiscard]] Evaluation lag(const Threshold& threshold, const Due& due) const;
  [[nodiscard]] Evaluation availability(const Threshold& threshold, Window window, const Due& due) const;
  [[nodiscard]] Evaluation capacity(const Threshold& threshold, Window window) const;
  [[nodiscard]] Evaluation throughput(const Threshold& threshold, Window window) const;
  [[nodiscard]] Evaluation outage(const Threshold& threshold, Window window) const;
  [[nodiscard]] Evaluation recovery(const Threshold& threshold, Window window) const;
  [[nodiscard]] Evaluation lost(const Threshold& threshold, Window window) const;
  [[nodiscard]] Evaluation probe(const Threshold& threshold, Window window) const;
};

Evaluation Metrics::State::evaluate(const Threshold& threshold, Window window) const {
  if (threshold.metric.starts_with("probe.")) return probe(threshold, window);
  if (threshold.metric == "recovery") return recovery(threshold, window);
  if (threshold.metric == "lost") return lost(threshold, window);
  const Due due = samples.due_in(window, threshold.filters);
  if (due.empty()) return no_sample("no such operation was due in this phase");
  if (threshold.metric == "outage") return outage(threshold, window);
  if (threshold.metric == "throughput") return throughput(threshold, window);
  if (threshold.metric == "capacity") return capacity(threshold, window);
  return of_due(threshold, window, due);
}

/// Metrics of the operations that were due in the phase, whenever they ended.
Evaluation Metrics::State::of_due(const Threshold& threshold, Window window, const Due& due) const {
  const auto share = [&](auto counts) {
    const auto part = std::count_if(due.begin(), due.end(), counts);
    return compare_ratio(threshold, static_cast<std::uint64_t>(part), due.size(), true);
  };
  if (threshold.metric == "errors") {
    Evaluation errors = share([](const Sample& sample) { return !sample.ok(); });
    errors.beyond_excuse = share(refused_at_once).judgement == Judgement::failed;
    return errors;
  }
  if (threshold.metric == "declined") return share([](const Sample& one) { return one.declined; });
  if (threshold.metric == "dropped") return share([](const Sample& one) { return one.outcome == Outcome::dropped; });
  if (threshold.metric == "operations") {
    return compare(threshold, static_cast<std::int64_t>(due.size()), fmt::format("{}", due.size()), due.size());
  }
  if (threshold.metric == "availability") return availability(threshold, window, due);
  if (threshold.metric == "lag") return lag(threshold, due);
  return latency(threshold, due);
}

Evaluation Metrics::State::latency(const Threshold& threshold, const Due& due) const {
  const Latencies latencies(due, Latencies::From::due, timeout);
  const bool mean = threshold.metric == "mean";
  Latencies::Value value;
  if (mean)
    value = latencies.mean();
  else if (threshold.metric == "min")
    value = latencies.min();
  else if (threshold.metric == "max")
    value = latencies.max();
  else if (const auto percent = spec::percentile_of(threshold.metric))
    value = latencies.percentile(*percent);
  else
    return no_sample(fmt::format("'{}' is not measured", threshold.metric));
  std::string detail;
  if (latencies.censored() > 0) {
    detail = fmt::format("{} of {} operations did not succeed and count as slower than all that did",
                         latencies.censored(), latencies.count());
  }
  const bool endless = value.censored && !mean;
  const char* sign = value.censored ? ">" : "";
  auto out = compare(threshold, endless ? forever : spec::Duration(value.nanoseconds), sign + human(value.nanoseconds),
                     latencies.count(), std::move(detail));
  if (const auto percent = spec::percentile_of(threshold.metric)) {
    const auto ranks = percentile_interval(latencies.count(), *percent);
    const auto at = [&](std::uint64_t rank) {
      const auto one = latencies.rank(rank);
      return Measured(one.censored ? forever : spec::Duration(one.nanoseconds));
    };
    if (ranks.low) out.low = at(*ranks.low);
    if (ranks.high) out.high = at(*ranks.high);
  }
  return out;
}

Evaluation Metrics::State::lag(const Threshold& threshold, const Due& due) const {
  std::vector<std::int64_t> late;
  for (const Sample& sample : due) {
    if (sample.outcome != Outcome::dropped) late.push_back(sample.sent - sample.intended);
  }
  if (late.empty()) return no_sample("no operation was sent in this phase");
  std::sort(late.begin(), late.end());
  const std::int64_t value = late[(late.size() * 99 + 99) / 100 - 1];
  return compare(threshold, spec::Duration(value), human(value), late.size());
}

Evaluation Metrics::State::availability(const Threshold& threshold, Window window, const Due& due) const {
  const auto served = [&](auto counts) {
    const Slots slots = count_slots(due, window, counts);
    return compare_ratio(threshold, slots.served, slots.asked, false, "of the tenths of a second with operations due");
  };
  Evaluation out = served([](const Sample& sample) { return sample.ok(); });
  out.beyond_excuse = served(std::not_fn(refused_at_once)).judgement == Judgement::failed;
  return out;
}

Evaluation Metrics::State::throughput(const Threshold& threshold, Window window) const {
  const Due due = samples.due_before(window.to, threshold.filters);
  const auto done = std::count_if(due.begin(), due.end(),
                                  [&](const Sample& sample) { return sample.ok() && window.contains(sample.done); });
  const long double seconds = static_cast<long double>(window.length()) / 1e9L;
  const long double rate = static_cast<long double>(done) / seconds;
  return compare(threshold, spec::Rate{std::llround(rate * 1e3L)}, fmt::format("{:.1f}/s", static_cast<double>(rate)),
                 static_cast<std::uint64_t>(done), fmt::format("{} successes in {}", done, human(window.length())));
}

/// Second by second while the rate rises. One second that misses the objective is weather, two in a row are the knee.
Evaluation Metrics::State::capacity(const Threshold& threshold, Window window) const {
  constexpr std::int64_t second = 1'000'000'000;
  std::uint64_t best = 0, highest = 0;
  int missed = 0;
  std::string why;
  for (std::int64_t from = window.from; from + second <= window.to && missed < 2; from += second) {
    const Window one{from, from + second};
    const auto offered = samples.due_in(one, {}).size();
    if (offered == 0) continue;
    highest = std::max<std::uint64_t>(highest, offered);
    const auto miss = std::find_if(slo.begin(), slo.end(), [&](const Threshold& objective) {
      return evaluate(objective, one).judgement == Judgement::failed;
    });
    missed = miss == slo.end() ? 0 : missed + 1;
    if (miss == slo.end()) best = std::max<std::uint64_t>(best, offered);
    if (missed == 1)
      why = fmt::format("{} was missed from {} on, at {}/s", miss->text, time_text(from, phases), offered);
  }
  if (highest == 0) return no_sample("no whole second with operations lies in this phase");
  const spec::Rate rate{static_cast<std::int64_t>(best) * 1000};
  if (missed > 0 && missed >= (best == highest ? 2 : 1))
    return compare(threshold, rate, fmt::format("{}/s", best), highest, why);
  auto out = compare(threshold, rate, fmt::format(">={}/s", best), highest,
                     "it was never reached: all that was offered was borne");
  const bool lower =
      threshold.comparison == spec::Comparison::greater || threshold.comparison == spec::Comparison::greater_equal;
  if (out.judgement == Judgement::failed || !lower) out.judgement = Judgement::inconclusive;
  return out;
}

Evaluation Metrics::State::outage(const Threshold& threshold, Window window) const {
  const Due due = samples.due_before(window.to, threshold.filters);
  const auto longest = longest_outage(due, window);
  if (!longest) return no_sample("no such operation was due in this phase");
  const std::int64_t length = longest->gap.length();
  const std::string detail =
      length == 0 ? ""
                  : fmt::format("from {} to {}{}", time_text(longest->gap.from, phases),
                                time_text(longest->gap.to, phases), longest->open ? ", the end of the phase" : "");
  return compare(threshold, spec::Duration(length), human(length), due.size(), detail);
}

Evaluation Metrics::State::recovery(const Threshold& threshold, Window window) const {
  if (!last_fault_end) return no_sample("no fault has ended");
  const std::int64_t from = *last_fault_end;
  const std::int64_t observed = window.to - from;
  if (observed <= 0) return no_sample("the last fault ended after this phase");
  Due due = samples.due_before(window.to, threshold.filters);
  std::erase_if(due, [&](const Sample& sample) { return sample.intended < from; });
  if (due.empty()) return no_sample("no such operation was due after the last fault");
  if (const auto at = recovered_at(due, from, window.to)) {
    return compare(threshold, spec::Duration(*at - from), human(*at - from), due.size(),
                   fmt::format("from {} to {}", time_text(from, phases), time_text(*at, phases)));
  }
  const std::string never = fmt::format("never within the {} observed", human(observed));
  if (observed < recovery_stretch) {
    return inconclusive(never, "less than a second was observed after the last fault", due.size());
  }
  if (upper_limit(threshold).value_or(0) > observed) {
    return inconclusive(never, "the phase ended before the limit was reached: make it longer", due.size());
  }
  return compare(threshold, forever, never, due.size(),
                 fmt::format("the last fault ended at {}", time_text(from, phases)));
}

Evaluation Metrics::State::lost(const Threshold& threshold, Window window) const {
  using Fate = AcknowledgedWrite::Fate;
  std::uint64_t all = 0, gone = 0, unread = 0;
  for (const AcknowledgedWrite& write : writes) {
    if (!window.contains(write.due)) continue;
    ++all;
    if (write.fate == Fate::lost) ++gone;
    if (write.fate == Fate::unread) ++unread;
  }
  if (all == 0) return no_sample("no write that was due in this phase was acknowledged");
  Evaluation least = compare_ratio(threshold, gone, all, true, "of the acknowledged writes due in this phase");
  if (unread == 0 || least.judgement == compare_ratio(threshold, gone + unread, all, true).judgement) return least;
  return inconclusive(std::move(least.measured),
                      fmt::format("{} more acknowledged writes could not be read back through every node", unread),
                      all);
}

Evaluation Metrics::State::probe(const Threshold& threshold, Window window) const {
  const std::string name = threshold.metric.substr(std::string_view("probe.").size());
  const auto node = threshold.filters.find("node");
  std::uint64_t asked = 0, ok = 0, slow = 0;
  std::string last;
  for (const ProbeObservation& one : probes) {
    if (one.sample.probe != name || !window.contains(one.asked)) continue;
    if (node != threshold.filters.end() && node->second != one.sample.node) continue;
    ++asked;
    if (!one.sample.ok && one.sample.took >= told_at_once) ++slow;
    if (one.sample.ok)
      ++ok;
    else
      last =
          fmt::format("last failure, {} at {}: {}", one.sample.node, time_text(one.asked, phases), one.sample.detail);
  }
  if (asked == 0) return no_sample("the probe was not asked in this phase");
  auto out = compare_ratio(threshold, ok, asked, false, std::move(last));
  out.beyond_excuse = compare_ratio(threshold, ok + slow, asked, false).judgement == Judgement::failed;
  return out;
}

Metrics::Metrics(MetricsInput input) : state_(std::make_unique<const State>(input)) {}
Metrics::~Metrics() = default;
Metrics::Metrics(Metrics&&) noexcept = default;
Metrics& Metrics::operator=(Metrics&&) noexcept = default;

Evaluation Metrics::evaluate(const Threshold& threshold, std::string_view phase) const {
  if (threshold.relative_to.empty()) return evaluate_here(threshold, phase);
  Threshold there = threshold;
  there.relative_to.clear();
  const auto reference = evaluate_here(there, threshold.relative_to);
  if (!reference.value || reference.value == Measured(forever))
    return inconclusive("no measure", fmt::format("in {} it was: {}", threshold.relative_to, reference.measured));
  const auto scaled = [&](auto figure) -> Measured {
    using Figure = decltype(figure);
    const auto times = [&](std::int64_t count) {
      return static_cast<std::int64_t>(std::llround(static_cast<long double>(count) * threshold.factor));
    };
    if constexpr (std::is_same_v<Figure, spec::Duration>) return spec::Duration(times(figure.count()));
    if constexpr (std::is_same_v<Figure, spec::Ratio>) return spec::Ratio{times(figure.ppb)};
    if constexpr (std::is_same_v<Figure, spec::Rate>) return spec::Rate{times(figure.millihertz)};
    if constexpr (std::is_same_v<Figure, std::int64_t>) return times(figure);
  };
  there.value = std::visit(scaled, *reference.value);
  auto out = evaluate_here(there, phase);
  out.detail = fmt::format("in {}: {}{}{}", threshold.relative_to, reference.measured, out.detail.empty() ? "" : "; ",
                           out.detail);
  return out;
}

Evaluation Metrics::evaluate_here(const Threshold& threshold, std::string_view phase) const {
  for (const PhaseWindow& one : state_->phases) {
    if (one.phase != phase || one.window.length() == 0) continue;
    auto out = state_->evaluate(threshold, one.window);
    if (state_->confident) doubt_unless_confident(threshold, out);
    return out;
  }
  return no_sample("the run did not come to this phase");
}

record::ExpectationResult Metrics::judge(const Threshold& threshold, std::string_view phase, int line) const {
  Evaluation evaluation = evaluate(threshold, phase);
  if (const auto interval = interval_text(evaluation); !interval.empty())
    evaluation.detail += fmt::format("{}{}", evaluation.detail.empty() ? "" : "; ", interval);
  return {std::string(phase),           threshold.text, to_text(evaluation.judgement), std::move(evaluation.measured),
          std::move(evaluation.detail), line,           evaluation.beyond_excuse,      threshold.metric == "lost"};
}

std::vector<record::LatencySummary> Metrics::summaries() const {
  std::vector<record::LatencySummary> all;
  for (const PhaseWindow& phase : state_->phases) {
    const auto add = [&](const std::string& op) {
      std::map<std::string, std::string> filters;
      if (!op.empty()) filters.emplace("op", op);
      const auto due = state_->samples.due_in(phase.window, filters);
      if (!due.empty()) all.push_back(summarise(phase.phase, op, due, state_->timeout));
    };
    add("");
    for (const std::string& op : state_->samples.op_names()) add(op);
  }
  return all;
}

std::vector<record::LatencySummary> Metrics::summaries_by_second() const {
  constexpr std::int64_t second = 1'000'000'000;
  std::map<std::pair<std::int64_t, std::string>, std::vector<Sample>> groups;
  for (const Sample& sample : state_->samples.all()) {
    const std::int64_t place = sample.intended / second;
    groups[{place, ""}].push_back(sample);
    groups[{place, state_->samples.op_name(sample)}].push_back(sample);
  }
  std::vector<record::LatencySummary> all;
  for (const auto& [key, due] : groups) {
    const auto phase = std::find_if(state_->phases.begin(), state_->phases.end(), [&](const PhaseWindow& one) {
      return one.window.contains(std::max(key.first * second, due.front().intended));
    });
    auto summary = summarise(phase == state_->phases.end() ? "" : phase->phase, key.second, due, state_->timeout);
    summary.second = key.first;
    all.push_back(std::move(summary));
  }
  return all;
}

}  // namespace withstand::check
