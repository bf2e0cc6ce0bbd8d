#include "report/html.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "record/exit_code.hpp"
#include "report/facts.hpp"
#include "report/html/assets.hpp"
#include "report/html/data.hpp"
#include "report/html/markup.hpp"
#include "report/html/page.hpp"
#include "report/text.hpp"

namespace withstand::report {
namespace {

namespace fs = std::filesystem;

std::string title_of(const record::RunRecord& run) {
  return run.start.title.empty() ? experiment_name(run.start.file) : run.start.title;
}

/// Where the report of a run lies, seen from `from`; empty where there is none.
std::string report_of(const record::RunRecord& run, const std::string& from) {
  std::error_code error;
  if (run.directory.empty() || !fs::is_regular_file(fs::path(run.directory) / "report.html", error)) return "";
  const fs::path base = fs::absolute(from.empty() ? "." : from, error);
  const std::string path =
      fs::proximate(fs::absolute(run.directory, error) / "report.html", base, error).generic_string();
  return path.empty() ? "" : (path.starts_with('/') ? "" : "./") + html::relative_link(path);
}

std::string totals(const std::vector<record::RunRecord>& runs, int exit_code) {
  const auto count = [&](Standing one) {
    return static_cast<std::uint64_t>(
        std::count_if(runs.begin(), runs.end(), [&](const auto& run) { return standing(run) == one; }));
  };
  std::string out =
      fmt::format("{} of {} as they should be", grouped(count(Standing::good)), counted(runs.size(), "run"));
  if (const auto bad = count(Standing::bad); bad > 0) out += fmt::format(", {} failed", grouped(bad));
  if (const auto doubt = count(Standing::doubt); doubt > 0)
    out += fmt::format(", {} without a verdict", grouped(doubt));
  if (const auto skipped = count(Standing::skipped); skipped > 0) out += fmt::format(", {} skipped", grouped(skipped));
  return out + fmt::format(". Exit code {}: {}.", exit_code, record::words(record::to_exit_code(exit_code)));
}

}  // namespace

std::string html_report(const record::RunRecord& run, const std::string& from) {
  const html::LoadSeries series = html::load_series(run);
  const std::string program = fmt::format(
      "<script type=\"application/json\" id=\"data\">{}</script>\n<script type=\"text/plain\">uPlot, which draws the "
      "charts:\n\n{}\n</script>\n<script>{}</script>\n<script>{}</script>\n",
      html::chart_data(run, series), html::chart_licence(), html::chart_script().text, html::page_script().text);
  return html::document(headline(run) + ": " + title_of(run), html::body_of(run, series, from), program);
}

std::string html_index(const std::vector<record::RunRecord>& runs, int exit_code, const std::string& from) {
  const std::vector<std::string> names = unique_names(runs);
  std::vector<std::size_t> order(runs.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_partition(order.begin(), order.end(), [&](std::size_t i) { return standing(runs[i]) != Standing::good; });
  html::Table table(
      "Runs", {{"", "mark"}, {"Verdict", ""}, {"Run", "wide"}, {"Seed", "number quiet"}, {"Took", "number"}}, 5000);
  for (const std::size_t i : order) {
    const record::RunRecord& run = runs[i];
    const std::string link = report_of(run, from);
    const std::string title = html::text(title_of(run));
    std::string what = link.empty() ? title : fmt::format("<a href=\"{}\">{}</a>", link, title);
    what += "<br><span class=\"quiet\">" + html::text(names[i]) + "</span>";
    if (!run.end.reason.empty()) what += "<br>" + html::text(elide(printable(run.end.reason), 300));
    table.add({html::mark(html::word_of(standing(run)), ""), html::text(headline(run)), what,
               std::to_string(run.start.seed), human_time(run.ended)});
  }
  const std::string body = "<header>\n<p class=\"kind\">Report of " + counted(runs.size(), "run") + "</p>\n<h1>" +
                           html::text(totals(runs, exit_code)) + "</h1>\n</header>\n<main id=\"main\">\n" +
                           table.html() + "</main>\n";
  return html::document("Runs", body, "");
}

}  // namespace withstand::report
