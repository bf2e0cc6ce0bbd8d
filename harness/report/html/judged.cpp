#include <algorithm>

#include <fmt/format.h>

#include "report/facts.hpp"
#include "report/html/markup.hpp"
#include "report/html/sections.hpp"
#include "report/text.hpp"

namespace withstand::report::html {
namespace {

constexpr std::size_t most_lines = 200;  ///< of a check's explanation

/// The mark of an outcome, which is a good one where the file says that this must fail.
std::string outcome_mark(const record::RunRecord& run, const std::string& name, const std::string& outcome) {
  if (!expected_to_fail(run, name)) return mark(standing_of(outcome), outcome);
  if (outcome == "failed") return mark("good", "failed, as its file expects");
  return mark(outcome == "held" ? "bad" : "doubt", outcome + ", but its file expects it to fail");
}

std::string expected_words(const record::RunRecord& run, const std::string& name, const std::string& outcome) {
  if (!expected_to_fail(run, name)) return "";
  return outcome == "failed" ? "as its file expects" : "but its file expects it to fail";
}

std::string outcome_words(const record::RunRecord& run, const std::string& name, const std::string& outcome) {
  const std::string expected = expected_words(run, name, outcome);
  return text(outcome) + (expected.empty() ? "" : ", <em>" + expected + "</em>");
}

std::string line_of(int line) { return line > 0 ? std::to_string(line) : ""; }

/// "2,000 operations": how many operations of the phase an expectation is about; empty where the run does not say.
std::string sample_of(const record::RunRecord& run, const record::ExpectationResult& one) {
  const std::size_t filter = one.text.find("op=");
  std::string op;
  if (filter != std::string::npos) {
    const std::size_t end = one.text.find_first_of(",} ", filter);
    op = one.text.substr(filter + 3, end == std::string::npos ? end : end - filter - 3);
  }
  if (one.text.starts_with("probe.")) {
    const std::string probe = one.text.substr(6, one.text.find_first_of(" {<>=!", 6) - 6);
    std::uint64_t asked = 0;
    for (const auto& [t, sample] : run.probes) {
      const bool inside = std::any_of(run.phases.begin(), run.phases.end(), [&, at = t](const auto& phase) {
        return phase.phase == one.phase && phase.from <= at && at < phase.to;
      });
      asked += sample.probe == probe && inside ? 1U : 0U;
    }
    return asked == 0 ? "" : counted(asked, "sample");
  }
  for (const record::LatencySummary& summary : run.latencies) {
    if (summary.phase == one.phase && summary.op == op) return counted(summary.count, "op");
  }
  return "";
}

std::string expectations(const record::RunRecord& run) {
  Table table("Expectations", {{"", "mark"},
                               {"Phase", ""},
                               {"Expectation", "code"},
                               {"Measured", "number"},
                               {"Of", "number quiet"},
                               {"Outcome", "wide"},
                               {"Line", "number quiet"}});
  for (const record::ExpectationResult& one : run.expectations) {
    const std::string name = name_of(one);
    std::string words = outcome_words(run, name, one.outcome);
    if (!one.detail.empty()) words += "<br><span class=\"quiet\">" + text(one.detail) + "</span>";
    table.add({outcome_mark(run, name, one.outcome), text(one.phase), code(one.text), text(one.measured),
               sample_of(run, one), words, line_of(one.line)});
  }
  return table.html();
}

std::string check(const record::RunRecord& run, const record::CheckResult& one) {
  const bool told = !one.explanation.empty();
  std::string out = fmt::format("<div class=\"check\">\n<h3>{} {} <span class=\"outcome\">{}</span></h3>\n",
                                outcome_mark(run, one.check, one.outcome), code(one.check),
                                outcome_words(run, one.check, one.outcome));
  if (!one.summary.empty()) out += "<p>" + text(one.summary) + "</p>\n";
  if (told) {
    out += "<ul class=\"explanation\">\n";
    for (std::size_t i = 0; i < std::min(one.explanation.size(), most_lines); ++i) {
      out += "<li>" + text(one.explanation[i]) + "</li>\n";
    }
    out += "</ul>\n";
  }
  if (one.explanation.size() > most_lines) {
    out += fmt::format("<p class=\"note\">… and {} in <code>report.json</code>.</p>\n",
                       counted(one.explanation.size() - most_lines, "more line"));
  }
  return out + "</div>\n";
}

}  // namespace

std::string judged_section(const record::RunRecord& run) {
  std::string out = expectations(run);
  for (const record::CheckResult& one : run.checks) out += check(run, one);
  return section("judged", "Expectations and checks", out);
}

}  // namespace withstand::report::html
