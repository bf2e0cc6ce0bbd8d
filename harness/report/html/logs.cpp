#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include <fmt/format.h>

#include "report/facts.hpp"
#include "report/html/lanes.hpp"
#include "report/html/markup.hpp"
#include "report/html/sections.hpp"
#include "report/text.hpp"

namespace withstand::report::html {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t ahead = 500 * ms, behind = 1500 * ms;  ///< what is shown around a moment
constexpr std::size_t most_lines_of_a_node = 120;
constexpr std::size_t most_lines = 1200;
constexpr std::size_t most_last_lines = 30;  ///< of a log without a moment, in a run that is not as it should be
constexpr int widest = 400;                  ///< columns of a line

struct Line {
  std::int64_t t = 0;
  std::string file, words;
};

/// What is worth looking at: where a fault began or ended on this node, and where it exited or came back.
std::vector<std::int64_t> moments_of(const record::RunRecord& run, const std::string& node) {
  std::vector<std::int64_t> out;
  for (const auto& [t, event] : notable_node_events(run)) {
    if (event.node == node) out.push_back(t);
  }
  for (const record::InjectionRecord& one : run.injections) {
    if (one.injected < 0 || !touches(one, node)) continue;
    out.push_back(one.injected);
    if (one.reverted >= one.injected) out.push_back(one.reverted);
  }
  std::sort(out.begin(), out.end());
  return out;
}

bool near(const std::vector<std::int64_t>& moments, std::int64_t t) {
  const auto next = std::lower_bound(moments.begin(), moments.end(), t - behind);
  return next != moments.end() && *next <= t + ahead;
}

/// "    0.267312 words": seconds since the run's epoch, then what was said.
std::optional<std::int64_t> time_of(const std::string& line, std::size_t& words) {
  const std::size_t digit = line.find_first_not_of(' ');
  if (digit == std::string::npos || digit > 12) return std::nullopt;
  char* end = nullptr;
  const double seconds = std::strtod(line.c_str() + digit, &end);
  const auto after = static_cast<std::size_t>(end - line.c_str());
  if (after == digit || after >= line.size() || line[after] != ' ' || !(seconds >= 0 && seconds < 1e9)) {
    return std::nullopt;
  }
  words = after + 1;
  return static_cast<std::int64_t>(seconds * 1e9);
}

struct Excerpt {
  std::vector<Line> lines;
  std::uint64_t left_out = 0;  ///< lines of the same moments beyond the bound
  bool whole_end = false;      ///< it is the log's end, since nothing else says where to look
};

void take_moments(const fs::path& path, const std::string& file, const std::vector<std::int64_t>& moments,
                  Excerpt& out) {
  std::ifstream in(path, std::ios::binary);
  std::string line;
  std::int64_t t = 0;
  while (std::getline(in, line)) {
    std::size_t words = 0;
    if (const auto time = time_of(line, words)) t = *time;
    if (!near(moments, t)) continue;
    if (out.lines.size() >= most_lines_of_a_node) {
      ++out.left_out;
      continue;
    }
    out.lines.push_back({t, file, line.substr(words, 4 * static_cast<std::size_t>(widest))});
  }
}

void take_end(const fs::path& path, const std::string& file, Excerpt& out) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return;
  const std::streamoff size = in.tellg();
  constexpr std::streamoff tail = 64 * 1024;
  in.seekg(std::max<std::streamoff>(0, size - tail));
  std::vector<Line> lines;
  std::string line;
  if (size > tail) std::getline(in, line);  // a torn one
  std::int64_t t = 0;
  while (std::getline(in, line)) {
    std::size_t words = 0;
    if (const auto time = time_of(line, words)) t = *time;
    lines.push_back({t, file, line.substr(words, 4 * static_cast<std::size_t>(widest))});
  }
  const auto from = lines.end() - static_cast<long>(std::min(lines.size(), most_last_lines));
  out.lines.insert(out.lines.end(), from, lines.end());
  out.whole_end = true;
}

bool plain_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

std::string lines_html(const record::RunRecord& run, const Excerpt& excerpt) {
  std::string out = "<pre class=\"log\" tabindex=\"0\">";
  std::int64_t before = -1;
  for (const Line& one : excerpt.lines) {
    if (before >= 0 && one.t - before > ahead + behind) out += "<span class=\"gap\">⋯</span>\n";
    before = one.t;
    out += fmt::format("<span class=\"at\">{}</span> {}{}\n", text(phase_time(run, one.t)),
                       one.file == "stderr.log" ? "<span class=\"err\" title=\"stderr\">│</span> " : "│ ",
                       text(elide(printable(one.words), widest)));
  }
  return out + "</pre>\n";
}

/// A node's excerpt; empty where its logs are there and have nothing to show.
std::string node_html(const record::RunRecord& run, const std::string& node, std::size_t& room) {
  const fs::path folder = fs::path(run.directory) / "nodes" / node;
  const auto moments = moments_of(run, node);
  const bool suspect = standing(run) != Standing::good;
  if (moments.empty() && !suspect) return "";
  Excerpt excerpt;
  std::vector<std::string> gone;
  for (const char* file : {"stdout.log", "stderr.log"}) {
    std::error_code error;
    if (!fs::is_regular_file(folder / file, error)) {
      gone.push_back(fmt::format("nodes/{}/{}", node, file));
    } else if (moments.empty()) {
      take_end(folder / file, file, excerpt);
    } else {
      take_moments(folder / file, file, moments, excerpt);
    }
  }
  std::stable_sort(excerpt.lines.begin(), excerpt.lines.end(), [](const auto& a, const auto& b) { return a.t < b.t; });
  if (excerpt.lines.size() > room) {
    excerpt.left_out += excerpt.lines.size() - room;
    excerpt.lines.resize(room);
  }
  room -= excerpt.lines.size();
  std::string out;
  if (!excerpt.lines.empty()) out += lines_html(run, excerpt);
  if (excerpt.left_out > 0) {
    out += fmt::format("<p class=\"note\">… and {} of the same moments in the logs themselves.</p>\n",
                       counted(excerpt.left_out, "line"));
  }
  if (!gone.empty()) out += "<p class=\"note\">Gone: " + code(join(gone, ", ")) + "</p>\n";
  if (out.empty()) return "";
  return fmt::format("<details{}><summary>{} <span class=\"quiet\">{}{}</span></summary>\n{}</details>\n",
                     suspect ? " open" : "", code(node), counted(excerpt.lines.size(), "line"),
                     excerpt.whole_end ? ", the end of its logs" : "", out);
}

}  // namespace

std::string logs_section(const record::RunRecord& run) {
  if (run.directory.empty()) return "";
  std::error_code error;
  const std::string intro =
      "<p class=\"note\">What nodes wrote within half a second before and one and a half after a fault began or ended "
      "on them, or they exited or came back.</p>\n";
  if (!fs::is_directory(fs::path(run.directory) / "nodes", error)) {
    return section("logs", "Log lines around faults and exits",
                   "<p class=\"note\">The folder <code>nodes</code> with the logs of this run is gone.</p>\n");
  }
  std::string out;
  std::size_t room = most_lines;
  for (const std::string& node : run.start.nodes) {
    if (plain_name(node)) out += node_html(run, node, room);
  }
  return section("logs", "Log lines around faults and exits", out.empty() ? "" : intro + out);
}

}  // namespace withstand::report::html
