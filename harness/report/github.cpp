#include "report/github.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/core.h>

#include "report/cases.hpp"
#include "report/facts.hpp"
#include "report/files.hpp"
#include "report/markdown.hpp"
#include "report/text.hpp"

namespace withstand::report {
namespace {

constexpr std::size_t most_per_level = 10;

struct Annotation {
  int rank = 0;  ///< the lowest comes first
  std::string level;
  std::string file;
  int line = 1;
  std::string title, message;
};

std::string escaped(std::string_view text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) == std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string printed(const Annotation& one) {
  std::string where;
  if (!one.file.empty()) where = fmt::format("file={},line={},col=1,", github_property(one.file), one.line);
  return fmt::format("::{} {}title={}::{}\n", one.level, where, github_property(one.title), github_data(one.message));
}

/// Relative to the workspace where it lies within, else as it was given.
std::string shown_path(const std::string& file, const GithubContext& context) {
  namespace fs = std::filesystem;
  if (file.empty() || context.workspace.empty()) return file;
  const fs::path whole = (fs::path(context.working_directory) / file).lexically_normal();
  const fs::path relative = whole.lexically_relative(fs::path(context.workspace).lexically_normal());
  return relative.empty() || *relative.begin() == ".." ? file : relative.string();
}

int rank_of(const Case& one) {
  if (one.type == "RollbackFailed") return 0;
  if (one.type == "HarnessError" || one.type == "RollbackUnknown") return 1;
  if (one.type == "CheckFailed") return 2;
  return one.result == Case::Result::failure || one.name == "verdict" ? 3 : 4;
}

std::string level_of(const Case& one, const record::RunRecord& run) {
  if (one.result == Case::Result::skipped) return "notice";
  if (one.result == Case::Result::failure || one.type == "RollbackFailed" || one.type == "HarnessError") return "error";
  return standing(run) == Standing::bad && one.type == "RollbackUnknown" ? "error" : "warning";
}

/// One per case that is not passed; the verdict of a failed run only where nothing else says why.
std::vector<Annotation> annotations_of(const record::RunRecord& run, const std::string& name,
                                       const GithubContext& context) {
  std::vector<Annotation> out;
  if (standing(run) == Standing::good) return out;
  for (const Case& one : cases_of(run)) {
    if (one.result == Case::Result::passed) continue;
    if (one.name == "verdict" && one.result == Case::Result::failure && !out.empty()) continue;
    if (one.result == Case::Result::skipped && one.name != "verdict") continue;
    Annotation note{
        rank_of(one), level_of(one, run), shown_path(run.start.file, context), std::max(one.line, 1), "", ""};
    note.title = printable(name + ": " + headline(run));
    note.message = elide(printable(one.message), 1000);
    for (std::size_t i = 0; i < std::min<std::size_t>(one.details.size(), 10); ++i) {
      note.message += "\n" + elide(printable(one.details[i]), 400);
    }
    note.message += "\nRun again: " + printable(run.start.command);
    out.push_back(std::move(note));
  }
  return out;
}

std::string printed_level(std::vector<Annotation> all, const std::string& level) {
  std::erase_if(all, [&](const Annotation& one) { return one.level != level; });
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.rank < b.rank; });
  const std::size_t shown = all.size() > most_per_level ? most_per_level - 1 : all.size();
  std::string out;
  for (std::size_t i = 0; i < shown; ++i) out += printed(all[i]);
  if (shown == all.size()) return out;
  return out + fmt::format("::{} title=withstand::{} more; the step summary and the log have them all\n", level,
                           all.size() - shown);
}

}  // namespace

GithubContext github_context(const Environment& environment, const std::string& working_directory) {
  const auto value = [&](const char* name) { return environment ? environment(name).value_or("") : std::string(); };
  return {value("GITHUB_ACTIONS") == "true", value("GITHUB_WORKSPACE"), value("GITHUB_STEP_SUMMARY"),
          working_directory};
}

std::string github_data(std::string_view text) { return escaped(text, "%\r\n"); }

std::string github_property(std::string_view text) { return escaped(text, "%\r\n:,"); }

std::string github_annotations(const std::vector<record::RunRecord>& runs, const GithubContext& context) {
  if (!context.active) return "";
  const std::vector<std::string> names = unique_names(runs);
  std::vector<Annotation> all;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    for (Annotation& one : annotations_of(runs[i], names[i], context)) all.push_back(std::move(one));
  }
  return printed_level(all, "error") + printed_level(all, "warning") + printed_level(all, "notice");
}

void append_step_summary(const std::vector<record::RunRecord>& runs, const GithubContext& context) {
  if (context.active && !context.step_summary.empty()) append_file(context.step_summary, markdown_report(runs));
}

std::string without_commands(const std::string& text, const std::string& token, const GithubContext& context) {
  return context.active ? "::stop-commands::" + token + "\n" + text + "::" + token + "::\n" : text;
}

}  // namespace withstand::report
