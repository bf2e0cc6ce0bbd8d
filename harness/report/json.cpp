#include "report/json.hpp"

#include <nlohmann/json.hpp>

#include "record/exit_code.hpp"
#include "report/facts.hpp"

namespace withstand::report {
namespace {

using Json = nlohmann::ordered_json;

template <class Items, class Each>
Json list(const Items& items, Each each) {
  Json out = Json::array();
  for (const auto& item : items) out.push_back(each(item));
  return out;
}

Json time_or_null(std::int64_t t) { return t < 0 ? Json(nullptr) : Json(t); }

Json evidence(const record::EvidenceEvent& one) {
  return {{"what", one.what},
          {"requested", one.requested},
          {"measured", one.measured},
          {"source", one.source},
          {"judgement", one.judgement}};
}

Json injection(const record::InjectionRecord& one) {
  return {{"fault", one.fault},
          {"kind", one.kind},
          {"state", one.state},
          {"on", one.on},
          {"due_ns", time_or_null(one.due)},
          {"injected_ns", time_or_null(one.injected)},
          {"reverted_ns", time_or_null(one.reverted)},
          {"detail", one.detail},
          {"line", one.line},
          {"took_effect", one.judged ? Json(one.took_effect) : Json(nullptr)},
          {"evidence_required", one.evidence_required},
          {"objection", one.objection},
          {"evidence", list(one.evidence, evidence)}};
}

Json latency(const record::LatencySummary& one) {
  return {{"phase", one.phase},
          {"op", one.op},
          {"count", one.count},
          {"ok", one.ok},
          {"fail", one.fail},
          {"info", one.info},
          {"dropped", one.dropped},
          {"p50_ns", one.p50},
          {"p90_ns", one.p90},
          {"p95_ns", one.p95},
          {"p99_ns", one.p99},
          {"p999_ns", one.p999},
          {"mean_ns", one.mean},
          {"max_ns", one.max},
          {"service_p50_ns", one.service_p50},
          {"service_p99_ns", one.service_p99}};
}

Json latency_of_second(const record::LatencySummary& one) {
  Json out = latency(one);
  out["second"] = one.second;
  return out;
}

Json expectation(const record::ExpectationResult& one) {
  return {{"phase", one.phase},       {"text", one.text},     {"outcome", one.outcome},
          {"measured", one.measured}, {"detail", one.detail}, {"line", one.line}};
}

Json check(const record::CheckResult& one) {
  return {{"check", one.check},
          {"outcome", one.outcome},
          {"summary", one.summary},
          {"explanation", one.explanation},
          {"line", one.line}};
}

Json node_event(const std::pair<std::int64_t, record::NodeEvent>& one) {
  const auto& [t, event] = one;
  return {{"t_ns", t}, {"node", event.node}, {"what", event.what}, {"detail", event.detail}, {"pid", event.pid}};
}

Json capture(const record::CaptureEnded& one) {
  return {{"file", one.file},   {"packets", one.packets}, {"links", one.links},
          {"bytes", one.bytes}, {"missing", one.missing}, {"why", one.why}};
}

void add_identity(Json& out, const record::RunStarted& start) {
  out["title"] = start.title;
  out["file"] = start.file;
  out["run"] = start.run;
  out["seed"] = std::to_string(start.seed);
  out["command"] = start.command;
  out["target"] = start.target;
  out["versions"] = start.versions;
  out["nodes"] = start.nodes;
  out["tags"] = start.tags;
  out["control"] = start.control;
  out["version"] = start.version;
  out["kernel"] = start.kernel;
  out["host"] = start.host;
  out["wall_time"] = start.wall_time;
}

void add_verdict(Json& out, const record::RunRecord& run) {
  out["verdict"] = run.end.verdict;
  out["reason"] = run.end.reason;
  out["reasons"] = run.end.reasons;
  out["as_expected"] = run.end.as_expected;
  out["expected_verdict"] = run.start.expected_verdict;
  out["expected_fails"] = run.start.expected_fails;
  out["exit_code"] = run.end.exit_code;
  out["rollback_ok"] = run.end.rollback_ok;
  out["complete"] = run.complete;
}

Json one_run(const record::RunRecord& run, const std::string& name) {
  Json out;
  out["name"] = name;
  add_verdict(out, run);
  add_identity(out, run.start);
  out["directory"] = run.directory;
  out["duration_ns"] = run.ended;
  out["phases"] = list(run.phases, [](const record::PhaseRecord& one) {
    return Json{{"phase", one.phase}, {"from_ns", one.from}, {"to_ns", one.to}};
  });
  out["injections"] = list(run.injections, injection);
  out["expectations"] = list(run.expectations, expectation);
  out["checks"] = list(run.checks, check);
  out["latencies"] = list(run.latencies, latency);
  out["latencies_by_second"] = list(run.latencies_by_second, latency_of_second);
  out["probes"] = list(probe_totals(run), [](const ProbeTotal& one) {
    return Json{{"probe", one.probe}, {"ok", one.ok}, {"samples", one.all}, {"last_failure", one.last_failure}};
  });
  out["node_events"] = list(run.node_events, node_event);
  out["media"] = list(run.media, [](const record::MediumHealth& one) {
    return Json{{"medium", one.medium}, {"promise_kept", one.promise_kept}, {"detail", one.detail}};
  });
  if (run.capture) out["capture"] = capture(*run.capture);
  out["notes"] = list(run.notes, [](const auto& one) {
    return Json{{"t_ns", one.first}, {"level", one.second.level}, {"text", one.second.text}};
  });
  out["unread_lines"] = run.unread_lines;
  return out;
}

Json json_totals(const std::vector<record::RunRecord>& runs) {
  Json out{{"runs", runs.size()}, {"as_expected", 0}};
  for (const char* verdict : {"withstood", "failed", "inconclusive", "error", "skipped", "aborted"}) out[verdict] = 0;
  for (const record::RunRecord& run : runs) {
    if (run.end.as_expected) out["as_expected"] = out["as_expected"].get<int>() + 1;
    if (out.contains(run.end.verdict)) out[run.end.verdict] = out[run.end.verdict].get<int>() + 1;
  }
  return out;
}

}  // namespace

std::string json_report(const std::vector<record::RunRecord>& runs, int exit_code) {
  Json out;
  out["v"] = 1;
  out["exit_code"] = exit_code;
  out["exit_meaning"] = std::string(record::words(record::to_exit_code(exit_code)));
  out["totals"] = json_totals(runs);
  Json all = Json::array();
  const std::vector<std::string> names = unique_names(runs);
  for (std::size_t i = 0; i < runs.size(); ++i) all.push_back(one_run(runs[i], names[i]));
  out["runs"] = std::move(all);
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace withstand::report
