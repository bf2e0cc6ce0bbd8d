#include "check/probe_judge.hpp"

#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace withstand::check {

namespace {

using Source = spec::ProbeSpec::Source;
using nlohmann::json;

constexpr std::size_t shown = 120;

/// The first line, cut to a readable length.
std::string glimpse(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  if (text.size() <= shown) return std::string(text);
  return std::string(text.substr(0, shown)) + "…";
}

}  // namespace

ProbeJudge::ProbeJudge(const spec::ProbeSpec& probe) : probe_(probe) {
  if (probe.source == Source::log)
    pattern_.emplace(probe.text);
  else if (!probe.body.empty())
    pattern_.emplace(probe.body);
  if (probe.source != Source::prometheus) return;
  auto metric = parse_metric_selector(probe.metric);
  if (!metric) throw std::invalid_argument(metric.error().message);
  metric_ = std::move(*metric);
}

ProbeAnswer ProbeJudge::judge(const core::HttpAnswer& answer) const {
  if (answer.status == 0) return {false, answer.error};
  const int wanted = probe_.source == Source::prometheus ? 200 : probe_.status;
  if (answer.status != wanted) return {false, fmt::format("HTTP {}: {}", answer.status, glimpse(answer.body))};
  return probe_.source == Source::prometheus ? judge_sample(answer.body) : judge_body(answer.body);
}

ProbeAnswer ProbeJudge::judge_body(const std::string& body) const {
  if (pattern_ && !pattern_->found_in(body)) return {false, "the body does not match: " + glimpse(body)};
  if (!probe_.pointer.empty()) return judge_pointed(body);
  return {true, fmt::format("HTTP {}", probe_.status)};
}

ProbeAnswer ProbeJudge::judge_pointed(const std::string& body) const {
  const json document = json::parse(body, nullptr, false);
  if (document.is_discarded()) return {false, "the body is no JSON: " + glimpse(body)};
  try {
    const json value = document.at(json::json_pointer(probe_.pointer));
    const std::string seen = fmt::format("{} is {}", probe_.pointer, glimpse(value.dump()));
    if (probe_.equals.empty()) return {true, seen};
    const json wanted = json::parse(probe_.equals, nullptr, false);
    return {wanted.is_discarded() ? value == json(probe_.equals) : value == wanted, seen};
  } catch (const json::exception&) {
    return {false, probe_.pointer + " is not there"};
  }
}

ProbeAnswer ProbeJudge::judge_sample(const std::string& body) const {
  const auto value = find_sample(body, *metric_);
  if (!value) return {false, value.error().message};
  // So written, NaN is in no range.
  const bool in_range =
      (!probe_.minimum || *value >= *probe_.minimum) && (!probe_.maximum || *value <= *probe_.maximum);
  return {in_range, fmt::format("{} is {}", probe_.metric, *value)};
}

ProbeAnswer ProbeJudge::judge(const core::CommandResult& result) const {
  if (result.timed_out) return {false, "timeout"};
  const std::string& said = result.error.empty() ? result.output : result.error;
  if (result.exit_status != probe_.exit_status) {
    return {false, fmt::format("exit status {}{}{}", result.exit_status, said.empty() ? "" : ": ", glimpse(said))};
  }
  if (pattern_ && !pattern_->found_in(result.output)) return {false, "the output does not match: " + glimpse(said)};
  return {true, glimpse(result.output)};
}

}  // namespace withstand::check
