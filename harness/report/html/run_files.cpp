#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "report/html/markup.hpp"
#include "report/html/sections.hpp"
#include "report/text.hpp"

namespace withstand::report::html {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_files = 300;

std::string_view meaning(const std::string& path) {
  const std::string name = fs::path(path).filename().string();
  if (path.starts_with("nodes/"))
    return name == "stdout.log" ? "what it wrote to stdout" : name == "stderr.log" ? "what it wrote to stderr" : "";
  if (name == "journal.jsonl") return "every event of the run, one JSON line each; all reports are made from it";
  if (name.starts_with("history")) return "every operation of the load";
  if (name == "experiment.toml") return "the experiment as it ran";
  if (name == "target.toml") return "the target as it ran";
  if (name == "report.json") return "this report for programs";
  if (name == "report.md") return "this report as Markdown";
  if (name == "junit.xml") return "the run as test results, for CI systems";
  if (name.ends_with(".pcapng")) return "packets of the links, for Wireshark";
  return "";
}

std::string size_text(std::uintmax_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  if (bytes < 1024 * 1024) return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / 1024);
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1024 * 1024));
}

/// "./" keeps a name with a colon from being a scheme.
std::string link(const std::string& path) { return (path.starts_with('/') ? "" : "./") + relative_link(path); }

struct Found {
  std::string path;
  std::uintmax_t size = 0;
};

/// Plain files of the folder and of nodes/NAME/, empty ones left out; symbolic links are not followed.
void collect(const fs::path& root, const std::string& below, int depth, std::vector<Found>& out) {
  std::error_code error;
  for (fs::directory_iterator entry(root / below, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::error_code unknown;
    const std::string path = below + entry->path().filename().string();
    if (entry->is_symlink(unknown)) continue;
    if (entry->is_directory(unknown)) {
      if (depth > 0 && (depth < 2 || path == "nodes")) collect(root, path + "/", depth - 1, out);
    } else if (entry->is_regular_file(unknown)) {
      const std::uintmax_t size = entry->file_size(unknown);
      const bool temporary = path.find(".tmp.") != std::string::npos;
      if (!unknown && size > 0 && !temporary && path != "report.html") out.push_back({path, size});
    }
  }
}

}  // namespace

std::string files_section(const record::RunRecord& run, const std::string& from) {
  if (run.directory.empty()) return "";
  std::vector<Found> files;
  collect(run.directory, "", 2, files);
  const auto deep = [](const Found& one) { return one.path.find('/') != std::string::npos; };
  std::sort(files.begin(), files.end(),
            [&](const Found& a, const Found& b) { return std::pair(deep(a), a.path) < std::pair(deep(b), b.path); });
  std::string prefix;
  if (!from.empty()) {
    std::error_code error;
    prefix = fs::proximate(fs::absolute(run.directory, error), fs::absolute(from, error), error).generic_string();
    prefix = prefix.empty() || prefix == "." ? "" : prefix + "/";
  }
  Table table("Files of the run", {{"File", "code"}, {"Size", "number"}, {"What", "wide quiet"}}, most_files);
  for (const Found& one : files) {
    table.add({fmt::format("<a href=\"{}\">{}</a>", link(prefix + one.path), text(one.path)), size_text(one.size),
               std::string(meaning(one.path))});
  }
  if (table.empty()) return "";
  return section("files", "Files of the run",
                 "<p class=\"note\">In " + code(run.directory) +
                     "; the links work where this report lies with them.</p>\n" + table.html());
}

}  // namespace withstand::report::html
