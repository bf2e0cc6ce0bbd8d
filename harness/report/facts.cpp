#include "report/facts.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "report/text.hpp"

namespace withstand::report {

std::string experiment_name(const std::string& file) {
  std::vector<std::string> parts{""};
  for (const char c : file) {
    if (c == '/') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  std::erase_if(parts, [](const std::string& part) { return part.empty() || part == "." || part == ".."; });
  if (parts.empty()) return "experiment";
  const std::size_t dot = parts.back().rfind(".toml");
  if (dot != std::string::npos && dot > 0 && dot + 5 == parts.back().size()) parts.back().resize(dot);
  const auto root = std::find(parts.begin(), parts.end(), "experiments");
  std::size_t first = parts.size() > 2 ? parts.size() - 2 : 0;
  if (root != parts.end() && root + 1 != parts.end()) first = static_cast<std::size_t>(root - parts.begin()) + 1;
  std::string name;
  for (std::size_t i = first; i < parts.size(); ++i) name += (name.empty() ? "" : ".") + parts[i];
  return name;
}

std::vector<std::string> unique_names(const std::vector<record::RunRecord>& runs) {
  std::map<std::string, int> seen;
  std::vector<std::string> names;
  for (const record::RunRecord& run : runs) {
    std::string name = experiment_name(run.start.file);
    const int count = ++seen[name];
    if (count > 1) name += "#" + std::to_string(count);
    names.push_back(std::move(name));
  }
  return names;
}

std::string headline(const record::RunRecord& run) {
  const std::string& verdict = run.end.verdict;
  if (!run.end.rollback_ok) return verdict + ", and the rollback failed";
  if (verdict != "withstood" && verdict != "failed") return verdict;
  const bool plain = run.start.expected_verdict.empty() || run.start.expected_verdict == "withstood";
  if (run.end.as_expected) return plain ? verdict : verdict + ", as expected";
  if (plain) return verdict;
  return verdict == run.start.expected_verdict ? verdict + ", but not as its file expects"
                                               : verdict + ", but its file expects " + run.start.expected_verdict;
}

std::vector<std::string> further_reasons(const record::RunRecord& run) {
  std::vector<std::string> reasons = run.end.reasons;
  std::erase_if(reasons, [&](const std::string& reason) { return reason.empty() || reason == run.end.reason; });
  return reasons;
}

Standing standing(const record::RunRecord& run) {
  const std::string& verdict = run.end.verdict;
  if (!run.end.rollback_ok) return Standing::bad;
  if (verdict == "withstood" || verdict == "failed") return run.end.as_expected ? Standing::good : Standing::bad;
  if (verdict == "skipped") return Standing::skipped;
  return verdict == "inconclusive" || verdict == "aborted" ? Standing::doubt : Standing::bad;
}

std::string phase_time(const record::RunRecord& run, std::int64_t t) {
  const record::PhaseRecord* phase = nullptr;
  for (const auto& one : run.phases)
    if (one.from <= t) phase = &one;
  return phase == nullptr ? clock_time(t) + "s" : phase->phase + "+" + clock_time(t - phase->from) + "s";
}

std::string fault_time(const record::RunRecord& run, std::int64_t t) {
  for (const auto& one : run.phases)
    if (one.phase == "during" && one.from <= t) return "during+" + clock_time(t - one.from) + "s";
  return phase_time(run, t);
}

Effect effect(const record::InjectionRecord& injection) {
  const auto because = [](const std::string& words, const std::string& why) {
    return why.empty() ? words : words + ": " + why;
  };
  Effect out{injection.took_effect, injection.evidence_required, "took effect"};
  if (out.proven) return out;
  if (injection.injected < 0) {
    out.words = "never injected";
    if (!injection.detail.empty()) {
      out.words = because(out.words, injection.detail);
    } else if (!injection.objection.empty()) {
      out.words = injection.objection;  // a sentence of its own: "it was never injected: due after ..."
    }
  } else if (!injection.judged) {
    out.words = because("its effect was not judged", injection.state == "error" ? injection.detail : "");
  } else {
    out.words = because(out.needed ? "no evidence" : "no evidence, which its file allows", injection.objection);
  }
  return out;
}

std::vector<std::pair<std::int64_t, record::NodeEvent>> notable_node_events(const record::RunRecord& run) {
  std::int64_t end = INT64_MAX;
  for (const record::PhaseRecord& phase : run.phases) {
    if (phase.phase == "tear-down") end = phase.from;
  }
  std::set<std::pair<std::string, std::string>> first;
  std::vector<std::pair<std::int64_t, record::NodeEvent>> out;
  for (const auto& [t, event] : run.node_events) {
    if (t >= end) continue;
    const bool beginning = event.what == "started" || event.what == "ready";
    if (beginning && first.insert({event.node, event.what}).second) continue;
    out.emplace_back(t, event);
  }
  return out;
}

std::vector<ProbeTotal> probe_totals(const record::RunRecord& run) {
  std::vector<ProbeTotal> out;
  for (const auto& entry : run.probes) {
    const record::ProbeSample& sample = entry.second;
    auto total = std::find_if(out.begin(), out.end(), [&](const ProbeTotal& one) { return one.probe == sample.probe; });
    if (total == out.end()) {
      out.push_back({sample.probe, 0, 0, ""});
      total = out.end() - 1;
    }
    ++total->all;
    if (sample.ok) {
      ++total->ok;
    } else {
      total->last_failure = sample.node.empty() ? sample.detail : sample.node + ": " + sample.detail;
    }
  }
  return out;
}

std::string capture_size(const record::CaptureEnded& capture) {
  return fmt::format("{} packet{} of {}, {:.1f} MiB", grouped(capture.packets), capture.packets == 1 ? "" : "s",
                     counted(capture.links, "link"), static_cast<double>(capture.bytes) / (1 << 20));
}

bool expected_to_fail(const record::RunRecord& run, const std::string& name) {
  const auto& names = run.start.expected_fails;
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string name_of(const record::ExpectationResult& expectation) {
  return expectation.phase + ": " + expectation.text;
}

}  // namespace withstand::report
