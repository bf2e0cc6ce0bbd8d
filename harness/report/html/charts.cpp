#include <algorithm>

#include <fmt/format.h>

#include "report/facts.hpp"
#include "report/html/lanes.hpp"
#include "report/html/markup.hpp"
#include "report/html/sections.hpp"
#include "report/text.hpp"

namespace withstand::report::html {
namespace {

constexpr std::size_t most_rows = 120;

std::string figures_table(const record::RunRecord& run, const LoadSeries& series) {
  if (series.ops.empty()) return "";
  const OpSeries& all = series.ops.front();
  const std::size_t step = (all.ok.size() + most_rows - 1) / most_rows;
  Table table("Load over time", {{"At", "number"},
                                 {"Succeeded", "number"},
                                 {"Failed", "number"},
                                 {"Unknown", "number"},
                                 {"Dropped", "number"},
                                 {"p99", "number"},
                                 {"Max", "number"}});
  for (std::size_t at = 0; at < all.ok.size(); at += step) {
    std::uint64_t ok = 0, fail = 0, info = 0, dropped = 0;
    std::int64_t p99 = -1, max = -1;
    for (std::size_t i = at; i < std::min(at + step, all.ok.size()); ++i) {
      ok += all.ok[i];
      fail += all.fail[i];
      info += all.info[i];
      dropped += all.dropped[i];
      p99 = std::max(p99, all.p99[i]);
      max = std::max(max, all.max[i]);
    }
    const auto time = [](std::int64_t one) { return one < 0 ? std::string("–") : measured_time(one); };
    const std::int64_t t = std::max<std::int64_t>(series.from + static_cast<std::int64_t>(at) * series.width, 0);
    table.add(
        {text(phase_time(run, t)), grouped(ok), grouped(fail), grouped(info), grouped(dropped), time(p99), time(max)});
  }
  return fmt::format("<details class=\"as-table\"><summary>Load as a table, {} a row</summary>\n{}</details>\n",
                     human_time(series.width * static_cast<std::int64_t>(step)), table.html());
}

}  // namespace

std::string charts_section(const record::RunRecord& run, const LoadSeries& series) {
  if (series.ops.empty() && run.probes.empty() && lanes_of(run).empty()) return "";
  std::string out =
      "<div id=\"charts\"></div>\n"
      "<p id=\"said\" class=\"unseen\" aria-live=\"polite\"></p>\n"
      "<noscript><p class=\"note\">The charts need JavaScript. Everything else is here without it.</p></noscript>\n";
  if (!series.words.empty()) {
    out += "<p class=\"note\">" + text(series.words) + ". Response times count from when an operation was due.</p>\n";
  }
  return section("timeline", "Over time", out + figures_table(run, series));
}

}  // namespace withstand::report::html
