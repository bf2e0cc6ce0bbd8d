#include "report/html/data.hpp"

#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

#include "report/facts.hpp"
#include "report/html/lanes.hpp"
#include "report/text.hpp"

namespace withstand::report::html {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_faults = 400;        ///< injections on the time axis
constexpr std::size_t most_probe_rows = 48;     ///< one per probe and node
constexpr std::size_t most_probe_points = 400;  ///< of each

/// Texts are shown as text only; cut, because one could be a megabyte.
std::string shown(std::string_view text, int width = 200) { return elide(printable(text), width); }

class Clock {
 public:
  explicit Clock(std::int64_t origin) : origin_(origin) {}
  /// Milliseconds to three decimals, from the origin.
  [[nodiscard]] double ms(std::int64_t t) const {
    const auto us = static_cast<double>(t / 1000 - origin_ / 1000);  // neither overflows, whatever a journal says
    return us / 1000;
  }

 private:
  std::int64_t origin_;
};

Json phases(const record::RunRecord& run, const Clock& clock) {
  Json out = Json::array();
  for (const auto& one : run.phases) {
    out.push_back({{"name", shown(one.phase, 40)}, {"from", clock.ms(one.from)}, {"to", clock.ms(one.to)}});
  }
  return out;
}

/// Its place is the injection's in the record, as lanes have it.
Json faults(const record::RunRecord& run, const Clock& clock) {
  Json out = Json::array();
  for (std::size_t i = 0; i < run.injections.size() && out.size() < most_faults; ++i) {
    const record::InjectionRecord& one = run.injections[i];
    if (one.injected < 0) continue;
    const Effect proof = effect(one);
    Json on = Json::array();
    for (const auto& where : one.on) {
      if (on.size() < 12) on.push_back(shown(where, 60));
    }
    out.push_back({{"id", i},
                   {"name", shown(one.fault, 60)},
                   {"kind", shown(one.kind, 60)},
                   {"on", std::move(on)},
                   {"more", one.on.size() > 12 ? one.on.size() - 12 : 0},
                   {"from", clock.ms(one.injected)},
                   {"to", clock.ms(end_of(run, one))},
                   {"reverted", one.reverted >= one.injected},
                   {"effect", proof.proven   ? "proven"
                              : proof.needed ? "missing"
                                             : "optional"},
                   {"words", shown(proof.words)}});
  }
  return out;
}

Json lanes(const record::RunRecord& run, const Clock& clock) {
  Json out = Json::array();
  for (const Lane& lane : lanes_of(run)) {
    Json spans = Json::array(), marks = Json::array();
    for (const auto& one : lane.spans) spans.push_back({one.state, clock.ms(one.from), clock.ms(one.to)});
    for (const auto& one : lane.marks) {
      marks.push_back({{"t", clock.ms(one.t)},
                       {"at", phase_time(run, one.t)},
                       {"what", shown(one.what, 40)},
                       {"detail", shown(one.detail)},
                       {"unasked", one.unasked}});
    }
    out.push_back({{"node", shown(lane.node, 40)},
                   {"spans", std::move(spans)},
                   {"marks", std::move(marks)},
                   {"faults", lane.injections}});
  }
  return out;
}

/// Microseconds; null where there is none.
Json times(const std::vector<std::int64_t>& values) {
  Json out = Json::array();
  for (const std::int64_t one : values) out.push_back(one < 0 ? Json(nullptr) : Json(one / 1000));
  return out;
}

Json load(const LoadSeries& series, const Clock& clock) {
  if (series.width == 0) return nullptr;
  Json ops = Json::array();
  for (const OpSeries& one : series.ops) {
    ops.push_back({{"op", shown(one.op, 40)},
                   {"ok", one.ok},
                   {"fail", one.fail},
                   {"info", one.info},
                   {"dropped", one.dropped},
                   {"p50", times(one.p50)},
                   {"p90", times(one.p90)},
                   {"p99", times(one.p99)},
                   {"max", times(one.max)}});
  }
  return {{"from", clock.ms(series.from)},
          {"width", static_cast<double>(series.width) / 1e6},
          {"words", series.words},
          {"ops", std::move(ops)}};
}

/// Neighbours put together where there are too many: failed if one failed, as slow as the slowest.
struct ProbeRow {
  std::string probe, node;
  std::vector<std::pair<std::int64_t, const record::ProbeSample*>> samples;

  [[nodiscard]] Json json(const Clock& clock) {
    std::stable_sort(samples.begin(), samples.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    const std::size_t step = (samples.size() + most_probe_points - 1) / most_probe_points;
    Json t = Json::array(), took = Json::array(), failed = Json::array(), why = Json::array();
    std::string last;
    for (std::size_t at = 0; at < samples.size(); at += step) {
      std::uint64_t bad = 0;
      std::int64_t slowest = 0;
      for (std::size_t i = at; i < std::min(at + step, samples.size()); ++i) {
        const record::ProbeSample& one = *samples[i].second;
        slowest = std::max(slowest, one.took);
        bad += one.ok ? 0 : 1;
        if (!one.ok) last = shown(one.detail, 120);
      }
      t.push_back(clock.ms(samples[at].first));
      took.push_back(slowest / 1000);
      failed.push_back(bad);
      if (bad > 0 && (why.empty() || why.back().at(1) != last)) why.push_back({t.size() - 1, last});
    }
    return {{"probe", shown(probe, 40)}, {"node", shown(node, 40)},     {"step", step},         {"t", std::move(t)},
            {"took", std::move(took)},   {"failed", std::move(failed)}, {"why", std::move(why)}};
  }
};

Json probes(const record::RunRecord& run, const Clock& clock) {
  std::map<std::pair<std::string, std::string>, ProbeRow> rows;
  for (const auto& [t, sample] : run.probes) {
    const auto key = std::pair(sample.probe, sample.node);
    if (rows.size() == most_probe_rows && !rows.contains(key)) continue;
    ProbeRow& row = rows[key];
    row.probe = sample.probe;
    row.node = sample.node;
    row.samples.emplace_back(t, &sample);
  }
  Json out = Json::array();
  for (auto& [key, row] : rows) out.push_back(row.json(clock));
  return out;
}

/// "<" could begin an end tag, "&" and ">" nothing, but no reader need think about it.
std::string harmless(const std::string& json) {
  std::string out;
  for (const char c : json) {
    if (c == '<') {
      out += "\\u003c";
    } else if (c == '>') {
      out += "\\u003e";
    } else if (c == '&') {
      out += "\\u0026";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string chart_data(const record::RunRecord& run, const LoadSeries& series, int indent) {
  const Clock clock(origin_of(run));
  const Window window = window_of(run);
  const bool has_during =
      std::any_of(run.phases.begin(), run.phases.end(), [](const auto& one) { return one.phase == "during"; });
  const Json data{{"v", 1},
                  {"origin", has_during ? "during" : "the run"},
                  {"from", clock.ms(window.from)},
                  {"to", clock.ms(window.to)},
                  {"phases", phases(run, clock)},
                  {"faults", faults(run, clock)},
                  {"lanes", lanes(run, clock)},
                  {"load", load(series, clock)},
                  {"probes", probes(run, clock)}};
  return harmless(data.dump(indent, ' ', true, Json::error_handler_t::replace));
}

}  // namespace withstand::report::html
