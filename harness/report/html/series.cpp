#include "report/html/series.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "report/html/history_series.hpp"
#include "report/text.hpp"

namespace withstand::report::html {
namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t latest = INT64_MAX / 4;  ///< a damaged journal can say anything

/// The widths that a reader can count with, in nanoseconds.
constexpr std::int64_t widths[] = {second / 10,  second / 5,    second / 2,    second,         2 * second,
                                   5 * second,   10 * second,   30 * second,   60 * second,    300 * second,
                                   600 * second, 1800 * second, 3600 * second, 21600 * second, 86400 * second};
constexpr std::uint64_t least_operations = 15;  ///< of an interval, on average: fewer make no percentile

std::uint64_t operations_of(const record::RunRecord& run) {
  std::uint64_t all = 0;
  for (const auto& one : run.seconds) all += one.op.empty() ? one.ok + one.fail + one.info + one.dropped : 0;
  return all;
}

std::int64_t width_for(Window window, std::uint64_t operations) {
  for (const std::int64_t width : widths) {
    const auto count = static_cast<std::uint64_t>((window.to - window.from) / width + 1);
    if (count <= most_points && (width >= second || operations >= least_operations * count)) return width;
  }
  return (window.to - window.from) / static_cast<std::int64_t>(most_points) + 1;
}

OpSeries& series_of(LoadSeries& all, const std::string& op) {
  const auto found = std::find_if(all.ops.begin(), all.ops.end(), [&](const OpSeries& one) { return one.op == op; });
  return found != all.ops.end() ? *found : all.ops.emplace_back(OpSeries{op, {}, {}, {}, {}, {}, {}, {}, {}});
}

/// Counts are added up; of response times the worst second counts.
template <class Second>
void add(LoadSeries& all, const Second& one, std::int64_t p90) {
  const std::int64_t number = one.second;
  if (number < 0 || number > INT64_MAX / second - 1) return;
  const std::int64_t due = number * second;
  const std::int64_t place = (due - all.from) / all.width;
  if (due < all.from - second || place >= static_cast<std::int64_t>(most_points) + 1) return;
  const auto at = static_cast<std::size_t>(std::max<std::int64_t>(place, 0));
  OpSeries& series = series_of(all, one.op);
  series.grow(at + 1);
  series.ok[at] += one.ok;
  series.fail[at] += one.fail;
  series.info[at] += one.info;
  series.dropped[at] += one.dropped;
  if (one.ok + one.fail + one.info + one.dropped == 0) return;
  series.p50[at] = std::max(series.p50[at], one.p50);
  series.p90[at] = std::max(series.p90[at], p90);
  series.p99[at] = std::max(series.p99[at], one.p99);
  series.max[at] = std::max(series.max[at], one.max);
}

LoadSeries by_second(const record::RunRecord& run, Window window, std::int64_t width) {
  LoadSeries out;
  out.width = std::max(width, second);
  out.from = std::max<std::int64_t>(window.from, 0) / second * second;  // seconds of the journal begin so
  series_of(out, "");
  const bool exact = !run.latencies_by_second.empty();
  for (const auto& one : run.latencies_by_second) add(out, one, one.p90);
  if (!exact) {
    for (const auto& one : run.seconds) add(out, one, -1);
  }
  out.words = out.width == second ? "Each point is one second" : fmt::format("Each point is {}", human_time(out.width));
  out.words += exact ? " of operations by when they were due" : " as it was counted while the run went on, without p90";
  if (out.width > second) out.words += ": counts are added up, of response times the worst second is shown";
  return out;
}

}  // namespace

void OpSeries::grow(std::size_t intervals) {
  if (ok.size() >= intervals) return;
  for (auto* counts : {&ok, &fail, &info, &dropped}) counts->resize(intervals, 0);
  for (auto* times : {&p50, &p90, &p99, &max}) times->resize(intervals, -1);
}

std::int64_t origin_of(const record::RunRecord& run) {
  for (const auto& phase : run.phases) {
    if (phase.phase == "during") return phase.from;
  }
  return 0;
}

Window window_of(const record::RunRecord& run) {
  Window out{-1, -1};
  for (const auto& phase : run.phases) {
    const bool loaded =
        phase.phase == "warm-up" || phase.phase == "before" || phase.phase == "during" || phase.phase == "after";
    if (!loaded) continue;
    if (out.from < 0) out.from = std::clamp<std::int64_t>(phase.from, 0, latest);
    out.to = std::clamp(phase.to, out.to, latest);
  }
  if (out.from < 0) out = {0, std::clamp<std::int64_t>(run.ended, 0, latest)};
  out.to = std::max(out.to, out.from + 1);
  return out;
}

LoadSeries load_series(const record::RunRecord& run) {
  if (run.seconds.empty() && run.latencies_by_second.empty()) return {};
  const Window window = window_of(run);
  const std::int64_t width = width_for(window, operations_of(run));
  LoadSeries out;
  if (width < second) out = history_series(run, window, width);
  if (out.ops.empty()) out = by_second(run, window, width);
  std::size_t intervals = 0;
  for (const auto& one : out.ops) intervals = std::max(intervals, one.ok.size());
  for (auto& one : out.ops) one.grow(intervals);
  std::stable_sort(out.ops.begin(), out.ops.end(), [](const auto& a, const auto& b) { return a.op < b.op; });
  return out;
}

}  // namespace withstand::report::html
