#include "report/html/page.hpp"

#include <fmt/format.h>

#include "report/html/assets.hpp"
#include "report/html/markup.hpp"
#include "report/html/sections.hpp"

namespace withstand::report::html {
namespace {

/// Nothing is loaded from anywhere, and nothing runs or styles but what is built in: whatever text gets into a page
/// stays text.
std::string policy() {
  return fmt::format(
      "default-src 'none'; script-src {} {}; style-src {} {}; img-src data:; base-uri 'none'; form-action 'none'",
      page_script().source, chart_script().source, page_style().source, chart_style().source);
}

/// Leads to sections that are there.
std::string contents(const std::string& body) {
  constexpr std::pair<const char*, const char*> sections[] = {
      {"judged", "Expectations"}, {"timeline", "Over time"}, {"faults", "Faults"},
      {"latency", "Latency"},     {"probes", "Probes"},      {"nodes", "Node events"},
      {"logs", "Logs"},           {"notes", "Harness"},      {"files", "Files"}};
  std::string out;
  for (const auto& [id, name] : sections) {
    if (body.find(fmt::format("<h2 id=\"{}\">", id)) == std::string::npos) continue;
    out += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", id, name);
  }
  return out.empty() ? "" : "<nav aria-label=\"Sections\"><ul>\n" + out + "</ul></nav>\n";
}

}  // namespace

std::string_view word_of(Standing standing) {
  switch (standing) {
    case Standing::good:
      return "good";
    case Standing::bad:
      return "bad";
    case Standing::doubt:
      return "doubt";
    case Standing::skipped:
      break;
  }
  return "none";
}

std::string document(std::string_view title, const std::string& body, const std::string& program) {
  std::string out = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  out += "<meta http-equiv=\"Content-Security-Policy\" content=\"" + policy() + "\">\n";
  out += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  out += "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n";
  out += "<title>" + text(title) + "</title>\n";
  out += fmt::format("<style>{}</style>\n<style>{}</style>\n", chart_style().text, page_style().text);
  return out + "</head>\n<body>\n" + body + program + "</body>\n</html>\n";
}

std::string body_of(const record::RunRecord& run, const LoadSeries& series, const std::string& from) {
  const std::string sections = judged_section(run) + charts_section(run, series) + faults_section(run) +
                               latency_section(run) + probes_section(run) + nodes_section(run) + logs_section(run) +
                               notes_section(run) + files_section(run, from);
  return "<a class=\"skip\" href=\"#main\">Skip to the content</a>\n" + head_section(run) + contents(sections) +
         "<main id=\"main\">\n" + sections + "</main>\n";
}

}  // namespace withstand::report::html
