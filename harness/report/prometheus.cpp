#include "report/prometheus.hpp"

#include <array>
#include <ctime>
#include <map>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "record/utf8.hpp"
#include "report/facts.hpp"

namespace withstand::report {
namespace {

using Labels = std::vector<std::pair<const char*, std::string>>;

std::string escaped(const std::string& value) {
  std::string out;
  for (const char c : record::repair_utf8(value)) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

/// One metric: HELP and TYPE come before its samples, all of which stand together. The format forbids two samples with
/// the same labels; the later one is dropped.
class Metric {
 public:
  Metric(const char* name, const char* type, const char* help) : name_(name) {
    head_ = fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  void add(const Labels& labels, const std::string& value) {
    std::string text;
    for (const auto& [label, content] : labels) {
      text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ",", label, escaped(content));
    }
    const std::string series = text.empty() ? name_ : name_ + "{" + text + "}";
    if (seen_.insert(series).second) samples_ += series + " " + value + "\n";
  }
  void add(const Labels& labels, std::uint64_t value) { add(labels, std::to_string(value)); }
  void add_seconds(const Labels& labels, std::int64_t nanoseconds) {
    add(labels, fmt::format("{}.{:09}", nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000));
  }
  [[nodiscard]] std::string text() const { return samples_.empty() ? "" : head_ + samples_; }

 private:
  std::string name_, head_, samples_;
  std::set<std::string> seen_;
};

using Latest = std::map<std::string, const record::RunRecord*>;

constexpr std::array verdicts{"withstood", "failed", "inconclusive", "error", "skipped", "aborted"};

std::string total_metrics(const std::vector<record::RunRecord>& runs) {
  Metric metric("withstand_runs_total", "counter", "Runs of this invocation by verdict.");
  for (const char* verdict : verdicts) {
    std::uint64_t count = 0;
    for (const auto& run : runs) count += run.end.verdict == verdict ? 1U : 0U;
    metric.add({{"verdict", verdict}}, count);
  }
  return metric.text();
}

std::string verdict_metrics(const Latest& latest) {
  Metric state("withstand_run_verdict", "gauge",
               "1 for the verdict of the last run of the experiment, 0 for the others.");
  Metric expected("withstand_run_as_expected", "gauge", "1 when the last run's verdict is what its file says.");
  Metric time("withstand_run_duration_seconds", "gauge", "How long the last run took.");
  Metric started("withstand_run_start_time_seconds", "gauge", "When the last run began, in Unix time.");
  Metric clean("withstand_run_rollback_ok", "gauge", "1 when everything of the last run was undone.");
  for (const auto& [name, run] : latest) {
    for (const char* verdict : verdicts) {
      state.add({{"experiment", name}, {"verdict", verdict}}, run->end.verdict == verdict ? 1U : 0U);
    }
    expected.add({{"experiment", name}}, run->end.as_expected ? 1U : 0U);
    time.add_seconds({{"experiment", name}}, run->ended);
    clean.add({{"experiment", name}}, run->complete && run->end.rollback_ok ? 1U : 0U);
    std::tm when{};
    const char* end = ::strptime(run->start.wall_time.c_str(), "%Y-%m-%dT%H:%M:%S", &when);
    if (end != nullptr) started.add({{"experiment", name}}, std::to_string(::timegm(&when)));
  }
  return state.text() + expected.text() + time.text() + started.text() + clean.text();
}

std::string judgement_metrics(const Latest& latest) {
  Metric held("withstand_expectation_held", "gauge", "1 when the expectation held in the last run.");
  Metric check("withstand_check_held", "gauge", "1 when the check held in the last run.");
  Metric fault("withstand_injection_took_effect", "gauge", "1 when there is evidence that the fault took effect.");
  for (const auto& [name, run] : latest) {
    for (const auto& one : run->expectations) {
      held.add({{"experiment", name}, {"phase", one.phase}, {"expectation", one.text}},
               one.outcome == "held" ? 1U : 0U);
    }
    for (const auto& one : run->checks) {
      check.add({{"experiment", name}, {"check", one.check}}, one.outcome == "held" ? 1U : 0U);
    }
    std::map<std::pair<std::string, std::string>, bool> effects;  // of a fault injected several times: of every one
    for (const auto& one : run->injections) {
      const auto known = effects.try_emplace({one.fault, one.kind}, true).first;
      known->second = known->second && one.took_effect;
    }
    for (const auto& [of, took_effect] : effects) {
      fault.add({{"experiment", name}, {"fault", of.first}, {"kind", of.second}}, took_effect ? 1U : 0U);
    }
  }
  return held.text() + check.text() + fault.text();
}

std::string load_metrics(const Latest& latest) {
  Metric operations("withstand_operations", "gauge", "Operations of the last run by outcome.");
  Metric time("withstand_response_time_seconds", "gauge", "Response time of the last run, from when each was due.");
  for (const auto& last : latest) {
    const std::string& name = last.first;
    for (const auto& one : last.second->latencies) {
      const std::string op = one.op.empty() ? "all" : one.op;
      const auto count = [&](const char* outcome, std::uint64_t number) {
        operations.add({{"experiment", name}, {"phase", one.phase}, {"op", op}, {"outcome", outcome}}, number);
      };
      count("ok", one.ok);
      count("fail", one.fail);
      count("info", one.info);
      count("dropped", one.dropped);
      if (one.count == 0) continue;
      const auto quantile = [&](const char* q, std::int64_t value) {
        time.add_seconds({{"experiment", name}, {"phase", one.phase}, {"op", op}, {"quantile", q}}, value);
      };
      quantile("0.5", one.p50);
      quantile("0.9", one.p90);
      quantile("0.99", one.p99);
      quantile("0.999", one.p999);
      quantile("1", one.max);
    }
  }
  return operations.text() + time.text();
}

}  // namespace

std::string prometheus_report(const std::vector<record::RunRecord>& runs) {
  Latest latest;
  for (const record::RunRecord& run : runs) latest[experiment_name(run.start.file)] = &run;
  return total_metrics(runs) + verdict_metrics(latest) + judgement_metrics(latest) + load_metrics(latest);
}

}  // namespace withstand::report
