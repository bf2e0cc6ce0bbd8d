#include "run/judge.hpp"

#include <algorithm>
#include <future>
#include <limits>

#include <fmt/format.h>

#include "check/checker.hpp"
#include "check/describe.hpp"
#include "check/exits.hpp"
#include "check/judgement.hpp"
#include "check/metrics.hpp"
#include "record/histogram.hpp"

namespace withstand::run {
namespace {

/// Operations that the generator itself hands over later than this would blame the target for us.
constexpr std::chrono::milliseconds most_lag{50};

/// A generator that once falls behind by this much was stopped or starved; the 99th percentile need not show it.
constexpr std::chrono::seconds most_lag_ever{1};

/// The 99th percentile, and the most, of how late operations were handed to the driver, from `before` on: warm-up is
/// for warming up.
std::pair<std::chrono::nanoseconds, std::chrono::nanoseconds> generator_lag(const Observations& seen) {
  const auto before = std::find_if(seen.phases.begin(), seen.phases.end(),
                                   [](const check::PhaseWindow& phase) { return phase.phase == "before"; });
  record::Histogram lag;
  for (const auto& operation : seen.operations)
    if (before != seen.phases.end() && !operation.final_read && operation.sent > 0 &&
        operation.intended >= before->window.from)
      lag.record(operation.sent - operation.intended);
  if (lag.count() == 0) return {};
  return {std::chrono::nanoseconds(lag.percentile(99)), std::chrono::nanoseconds(lag.max())};
}

void judge_evidence(const Observations& seen, Recorder& recorder, check::VerdictInput& verdict) {
  for (const auto& injection : seen.injections) {
    const auto& fault = *injection.fault;
    for (const auto& row : injection.evidence.rows)
      recorder.write(record::EvidenceEvent{fault.name, row.what, row.requested, row.measured, row.source,
                                           std::string(core::to_text(row.judgement))});
    record::EvidenceVerdict result;
    result.fault = fault.name;
    result.kind = fault.kind;
    result.took_effect = injection.objection.empty();
    result.required = fault.evidence_required;
    result.objection = injection.objection;
    recorder.write(result);
    verdict.evidence.push_back(std::move(result));
  }
}

void add_medium(const std::string& medium, bool kept, const std::string& detail, Recorder& recorder,
                check::VerdictInput& verdict) {
  record::MediumHealth health{medium, kept, detail};
  recorder.write(health);
  verdict.media.push_back(std::move(health));
}

void judge_media(const Observations& seen, Recorder& recorder, check::VerdictInput& verdict) {
  const auto add = [&](const std::string& medium, bool kept, const std::string& detail) {
    add_medium(medium, kept, detail, recorder, verdict);
  };
  for (const auto& stall : seen.stalls)
    add("harness", false,
        fmt::format("it stood still for {} at {}: somebody stopped it, or others starved it",
                    spec::to_human(stall.length), check::time_text(recorder.since(stall.from), seen.phases)));
  if (seen.links) {
    const auto& links = *seen.links;
    add("link fabric", links.overload.empty(),
        links.overload.empty() ? fmt::format("{} packets forwarded, release lateness p99 {}", links.forwarded,
                                             spec::to_human(std::chrono::nanoseconds(links.lateness_p99_ns)))
                               : links.overload);
  }
  if (!seen.load) return;
  const auto [lag, longest] = generator_lag(seen);
  std::string objection;
  if (lag > most_lag) objection = fmt::format(": more than {}", spec::to_human(most_lag));
  if (longest > most_lag_ever) objection += fmt::format("; once it did not run for {}", spec::to_human(longest));
  add("load generator", objection.empty(),
      fmt::format("{} operations planned, sent {} late at p99 since before{}", seen.load->planned, spec::to_human(lag),
                  objection));
}

void judge_expectations(const spec::Experiment& experiment, const Observations& seen, Recorder& recorder,
                        check::VerdictInput& verdict) {
  check::MetricsInput input;
  input.operations = seen.operations;
  input.phases = seen.phases;
  input.probes = seen.probes;
  if (seen.last_fault_end) input.last_fault_end = recorder.since(*seen.last_fault_end);
  if (experiment.load) {
    input.timeout = experiment.load->timeout;
    input.slo = experiment.load->slo;
  }
  input.confident = experiment.expect.confident;
  const check::Metrics metrics(std::move(input));
  for (const auto& summary : metrics.summaries()) recorder.write(summary);
  for (const auto& summary : metrics.summaries_by_second()) recorder.write(summary);
  const auto add = [&](const char* phase, const std::vector<spec::Threshold>& thresholds) {
    for (const auto& threshold : thresholds) {
      if (seen.without_faults && threshold.metric == "recovery") continue;
      auto result = check::excused(metrics.judge(threshold, phase, threshold.at.line), verdict);
      recorder.write(result);
      verdict.expectations.push_back(std::move(result));
    }
  };
  add("before", experiment.expect.before);
  add("during", experiment.expect.during);
  add("after", experiment.expect.after);
}

/// Said whatever the verdict: what held nevertheless is worse than it would be elsewhere. A figure that was missed in
/// such a phase says nothing of the target.
void judge_machine(const Observations& seen, Recorder& recorder, check::VerdictInput& verdict) {
  for (const auto& share : seen.shares) {
    if (!share.starved() || share.phase == "warm-up") continue;
    recorder.note("warning", fmt::format("in {}, {}", share.phase, to_text(share)));
    verdict.crowd[share.phase] = to_text(share);
  }
}

std::vector<check::FaultWindow> fault_windows(const Observations& seen, const Recorder& recorder) {
  std::vector<check::FaultWindow> windows;
  for (const auto& injection : seen.injections) {
    if (injection.injected == core::Instant{}) continue;
    const auto to =
        injection.ended == core::Instant{} ? std::numeric_limits<std::int64_t>::max() : recorder.since(injection.ended);
    windows.push_back(
        {injection.fault->name, injection.fault->kind, injection.on, {recorder.since(injection.injected), to}});
  }
  return windows;
}

/// A node that was given up by nobody and had the whole of `after`, free of faults, to come back.
record::CheckResult judge_unready(const UnreadyNode& node, bool excused) {
  const auto outcome = excused ? check::Judgement::inconclusive : check::Judgement::failed;
  return {"ready: " + node.name,
          std::string(check::to_text(outcome)),
          fmt::format("{} was restarted and did not become ready within the {} until after ended: {}", node.name,
                      spec::to_human(node.since_start), node.why),
          {}};
}

bool starved_at_last(const Observations& seen) {
  return std::any_of(seen.shares.begin(), seen.shares.end(), [](const auto& share) {
    return (share.phase == "during" || share.phase == "after") && share.starved();
  });
}

record::CheckResult judge_visibly(const check::Checker& checker, const Observations& seen,
                                  const check::CheckContext& context, const WhileChecking& while_checking) {
  constexpr std::chrono::milliseconds interval{200};
  auto result = std::async(std::launch::async, [&] { return checker.judge(seen.operations, context); });
  do while_checking(std::string(checker.name()));
  while (result.wait_for(interval) != std::future_status::ready);
  return result.get();
}

/// What held because nothing happened any more after the first fault began shows nothing.
void doubt_without_successes(record::CheckResult& result, const Observations& seen,
                             const check::CheckContext& context) {
  if (result.outcome != check::to_text(check::Judgement::held) || context.faults.empty()) return;
  const auto first = std::min_element(context.faults.begin(), context.faults.end(), [](const auto& a, const auto& b) {
                       return a.window.from < b.window.from;
                     })->window.from;
  const bool any = std::any_of(seen.operations.begin(), seen.operations.end(), [&](const auto& operation) {
    return operation.outcome == record::Outcome::ok && operation.done >= first;
  });
  if (any) return;
  result.outcome = check::to_text(check::Judgement::inconclusive);
  result.summary += "; but no operation succeeded once the first fault had begun, so nothing after it was judged";
}

void judge_checks(const spec::Experiment& experiment, const core::Topology& topology, const Observations& seen,
                  Recorder& recorder, check::VerdictInput& verdict, const WhileChecking& while_checking) {
  const auto add = [&](record::CheckResult result) {
    recorder.write(result);
    verdict.checks.push_back(std::move(result));
  };
  check::CheckContext context;
  context.phases = seen.phases;
  context.faults = fault_windows(seen, recorder);
  context.live_nodes = seen.live_nodes;
  if (experiment.load) {
    for (const auto& [op, weight] : experiment.load->mix)
      if (weight > 0) context.operation_kinds.push_back(op);
    add(check::judge_load(seen.operations, context));
  }
  for (const auto& name : experiment.expect.checks) {
    const check::Checker* checker = check::find_checker(name, experiment.load->workload);
    if (checker == nullptr) continue;  // the parser has refused it
    auto result = judge_visibly(*checker, seen, context, while_checking);
    check::doubt_for_bad_lines(result, seen.history_problems.size(), seen.history_problems);
    doubt_without_successes(result, seen, context);
    add(std::move(result));
  }
  check::ExitsInput exits;
  exits.exits = seen.exits;
  exits.epoch = recorder.epoch();
  exits.phases = seen.phases;
  exits.allowed = experiment.expect.exits;
  exits.host_out_of_memory = seen.host_out_of_memory.has_value();
  exits.oom_kills = seen.oom_kills;
  for (auto& result : check::judge_exits(exits, topology)) add(std::move(result));
  // By other programs only while the target itself would still wait: a busy machine slows a start but does not prevent
  // it.
  const bool excused = seen.host_out_of_memory || !seen.stalls.empty();
  for (const auto& node : seen.unready)
    add(judge_unready(node, excused || (starved_at_last(seen) && node.since_start < node.patience)));
}

}  // namespace

void judge(const spec::Experiment& experiment, const core::Topology& topology, const Observations& seen,
           Recorder& recorder, check::VerdictInput& verdict, const WhileChecking& while_checking) {
  judge_evidence(seen, recorder, verdict);
  judge_media(seen, recorder, verdict);
  judge_machine(seen, recorder, verdict);
  verdict.host_out_of_memory = seen.host_out_of_memory;
  judge_expectations(experiment, seen, recorder, verdict);
  judge_checks(experiment, topology, seen, recorder, verdict, while_checking);
  verdict.nothing_expected = !spec::expects_something(experiment);
}

}  // namespace withstand::run
