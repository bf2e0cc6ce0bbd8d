#include <algorithm>

#include <fmt/format.h>

#include "report/facts.hpp"
#include "report/html/markup.hpp"
#include "report/html/page.hpp"
#include "report/html/sections.hpp"
#include "report/text.hpp"

namespace withstand::report::html {
namespace {

std::string capital(std::string words) {
  if (!words.empty() && words[0] >= 'a' && words[0] <= 'z') words[0] = static_cast<char>(words[0] - ('a' - 'A'));
  return words;
}

/// What its file says of the verdict, where that needs saying.
std::string expectation(const record::RunRecord& run) {
  const record::RunStarted& start = run.start;
  if (start.control) return "A control run: the same without faults.";
  if (start.expected_verdict.empty() || start.expected_verdict == "withstood") return "";
  std::string out = "Its file expects the verdict <em>" + text(start.expected_verdict) + "</em>";
  for (std::size_t i = 0; i < start.expected_fails.size(); ++i) {
    out += (i == 0 ? ", because of " : ", ") + code(start.expected_fails[i]);
  }
  return out + ".";
}

std::string verdict(const record::RunRecord& run) {
  const std::string_view word = word_of(standing(run));
  std::string out = fmt::format("<div class=\"verdict {}\">\n<p class=\"word\">{} <strong>{}</strong></p>\n", word,
                                mark(word, ""), text(capital(headline(run))));
  if (!run.end.reason.empty()) out += "<p class=\"reason\">" + text(run.end.reason) + "</p>\n";
  const auto further = further_reasons(run);
  if (!further.empty()) {
    out += "<ul class=\"reasons\">\n";
    for (const std::string& one : further) out += "<li>" + text(one) + "</li>\n";
    out += "</ul>\n";
  }
  const std::string expected = expectation(run);
  if (!expected.empty()) out += "<p class=\"expected\">" + expected + "</p>\n";
  return out + "</div>\n";
}

template <class Row, class Is>
std::string tally(const std::vector<Row>& rows, const Is& is) {
  std::size_t count = 0;
  for (const auto& one : rows) count += is(one) ? 1U : 0U;
  return fmt::format("{} of {}", count, rows.size());
}

/// The few figures that say what kind of run it was.
std::string figures(const record::RunRecord& run) {
  std::string out;
  const auto add = [&](std::string_view link, std::string_view name, const std::string& value, bool good) {
    out += fmt::format("<li class=\"{}\"><a href=\"#{}\"><b>{}</b> <span>{}</span></a></li>\n", good ? "good" : "bad",
                       link, value, name);
  };
  const auto all = [](const auto& rows, const auto& is) { return std::all_of(rows.begin(), rows.end(), is); };
  // Where the file says that something must fail, "held" would count the wrong ones.
  const std::string_view held = run.start.expected_fails.empty() ? "held" : "as the file expects";
  const auto judge = [&](const auto& rows, std::string_view one, std::string_view several, const auto& name) {
    const auto as_it_should = [&](const auto& row) {
      return row.outcome == (expected_to_fail(run, name(row)) ? "failed" : "held");
    };
    if (rows.empty()) return;
    add("judged", fmt::format("{} {}", rows.size() == 1 ? one : several, held), tally(rows, as_it_should),
        all(rows, as_it_should));
  };
  judge(run.expectations, "expectation", "expectations", [](const auto& row) { return report::name_of(row); });
  judge(run.checks, "check", "checks", [](const auto& row) { return row.check; });
  if (!run.injections.empty()) {
    const auto proven = [](const auto& one) { return effect(one).proven; };
    add("faults", run.injections.size() == 1 ? "fault took effect" : "faults took effect",
        tally(run.injections, proven),
        all(run.injections, [&](const auto& one) { return proven(one) || !effect(one).needed; }));
  }
  return out.empty() ? "" : "<ul class=\"figures\">\n" + out + "</ul>\n";
}

std::string wall_time(const std::string& rfc3339) {
  std::string out = rfc3339;
  if (out.size() == 20 && out[10] == 'T' && out.back() == 'Z') {
    out[10] = ' ';
    out.resize(19);
    out += " UTC";
  }
  return out;
}

std::string phases(const record::RunRecord& run) {
  std::string out;
  for (const auto& one : run.phases) {
    out += fmt::format("{}{}\u00a0{}", out.empty() ? "" : " · ", text(one.phase), human_time(one.to - one.from));
  }
  return out;
}

std::string facts(const record::RunRecord& run) {
  const record::RunStarted& start = run.start;
  std::string out = "<dl class=\"facts\">\n";
  const auto add = [&](std::string_view name, const std::string& html, std::string_view width = "") {
    if (html.empty()) return;
    out += width.empty() ? "<div>" : fmt::format("<div class=\"{}\">", width);
    out += fmt::format("<dt>{}</dt><dd>{}</dd></div>\n", name, html);
  };
  add("Experiment", code(start.file), "both");
  std::string target = text(start.target);
  for (const auto& [program, version] : start.versions) {
    target += fmt::format("<br><span class=\"quiet\">{}: {}</span>", text(program), text(version));
  }
  add("Target", target, "both");
  add("Nodes", text(join(start.nodes, ", ")));
  add("Seed", fmt::format("<code>{}</code>", start.seed));
  add("Took", human_time(run.ended));
  add("Begun", text(wall_time(start.wall_time)));
  add("Machine",
      text(start.host) + (start.kernel.empty() ? "" : "<br><span class=\"quiet\">" + text(start.kernel) + "</span>"));
  add("Tags", text(join(start.tags, ", ")));
  add("Made by", start.version.empty() ? "" : "Withstand " + text(start.version));
  add("Phases", phases(run).empty() ? "" : "<span class=\"quiet\">" + phases(run) + "</span>", "span");
  return out + "</dl>\n";
}

std::string again(const record::RunRecord& run) {
  if (run.start.command.empty()) return "";
  return fmt::format(
      "<div class=\"again\"><span id=\"again\">Run again</span><code id=\"command\" tabindex=\"0\" "
      "aria-labelledby=\"again\">{}</code><button type=\"button\" id=\"copy\" hidden>Copy</button></div>\n",
      text(run.start.command));
}

}  // namespace

std::string head_section(const record::RunRecord& run) {
  const std::string title = run.start.title.empty() ? experiment_name(run.start.file) : run.start.title;
  return "<header>\n<p class=\"kind\">Report of one run</p>\n<h1>" + text(title) + "</h1>\n" + verdict(run) +
         figures(run) + again(run) + facts(run) + "</header>\n";
}

}  // namespace withstand::report::html
