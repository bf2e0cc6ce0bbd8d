#include "check/summaries.hpp"

#include <fmt/format.h>

#include "check/latencies.hpp"

namespace withstand::check {

namespace {

void count(record::LatencySummary& summary, const Sample& sample) {
  ++summary.count;
  switch (sample.ok() ? record::Outcome::ok : sample.outcome) {
    case record::Outcome::ok:
      ++summary.ok;
      break;
    case record::Outcome::fail:
      ++summary.fail;
      break;
    case record::Outcome::info:
      ++summary.info;
      break;
    case record::Outcome::dropped:
      ++summary.dropped;
      break;
  }
}

}  // namespace

record::LatencySummary summarise(std::string phase, std::string op, std::span<const Sample> due, std::int64_t timeout) {
  record::LatencySummary summary;
  summary.phase = std::move(phase);
  summary.op = std::move(op);
  for (const Sample& sample : due) count(summary, sample);
  const Latencies response(due, Latencies::From::due, timeout);
  summary.p50 = response.percentile(50).nanoseconds;
  summary.p90 = response.percentile(90).nanoseconds;
  summary.p95 = response.percentile(95).nanoseconds;
  summary.p99 = response.percentile(99).nanoseconds;
  summary.p999 = response.percentile(99.9).nanoseconds;
  summary.mean = response.mean().nanoseconds;
  summary.max = response.max().nanoseconds;
  const Latencies service(due, Latencies::From::sent, timeout);
  if (service.count() == 0) return summary;
  summary.service_p50 = service.percentile(50).nanoseconds;
  summary.service_p99 = service.percentile(99).nanoseconds;
  return summary;
}

std::string ratio_text(std::uint64_t part, std::uint64_t all) {
  const bool whole = part == 0 || part == all;
  const double percent = 100.0 * static_cast<double>(part) / static_cast<double>(all);
  std::string text = fmt::format("{:.3g}", percent);
  for (int digits = 4; !whole && text == "100" && digits < 17; ++digits) text = fmt::format("{:.{}g}", percent, digits);
  return fmt::format("{}% ({} of {})", text, part, all);
}

}  // namespace withstand::check
