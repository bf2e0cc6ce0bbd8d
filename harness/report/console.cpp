#include "report/console.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/core.h>

#include "report/console_parts.hpp"
#include "report/facts.hpp"

namespace withstand::report {
namespace {

using Ink = Pen::Ink;

Ink ink_of_standing(Standing standing) {
  switch (standing) {
    case Standing::good:
      return Ink::good;
    case Standing::bad:
      return Ink::bad;
    case Standing::doubt:
      return Ink::doubt;
    case Standing::skipped:
      break;
  }
  return Ink::dim;
}

std::string upper(std::string word) {
  for (char& c : word) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
  return word;
}

bool is_client(const std::string& node) { return node == "client" || node.starts_with("client-"); }

std::string header(const record::RunRecord& run, const Pen& pen) {
  const record::RunStarted& start = run.start;
  std::string out = pen.hang("", start.title.empty() ? experiment_name(start.file) : start.title, Ink::bold);
  std::vector<std::string> facts;
  if (!start.file.empty()) facts.push_back(start.file);
  if (!start.target.empty()) facts.push_back("target " + start.target);
  // Who says `nodes = 3` looks for a 3 here: the clients are the harness's own.
  const auto clients = static_cast<std::size_t>(std::count_if(start.nodes.begin(), start.nodes.end(), is_client));
  if (start.nodes.size() > clients) facts.push_back(counted(start.nodes.size() - clients, "node"));
  if (start.control) facts.push_back("control run, no faults");
  facts.push_back(fmt::format("seed {}", start.seed));
  return out + pen.hang("", join(facts, " · "), Ink::dim);
}

/// The verdict's first word stands out; the reason follows on the same line, further reasons below it.
std::string verdict(const record::RunRecord& run, const Pen& pen) {
  const Ink ink = ink_of_standing(standing(run));
  const std::string head = headline(run);
  const std::size_t word = std::min(run.end.verdict.size(), head.size());
  const std::string shown = pen.clean(upper(head.substr(0, word)) + head.substr(word));
  const std::string lead = pen.mark(ink) + " " + pen.paint(ink, shown);
  std::string out;
  if (run.end.reason.empty()) {
    out = lead + "\n";
  } else if (columns(lead) + 2 + 24 > pen.width()) {
    out = lead + "\n" + pen.hang("    ", run.end.reason);
  } else {
    out = pen.hang(lead + "  ", run.end.reason);
  }
  for (const std::string& reason : further_reasons(run)) out += pen.hang("    also: ", reason);
  return out;
}

std::string phases(const record::RunRecord& run, const Pen& pen) {
  if (run.phases.empty()) return "";
  std::vector<std::string> parts;
  for (const record::PhaseRecord& one : run.phases) {
    parts.push_back(one.phase + "\u00a0" + human_time(one.to - one.from));
  }
  const std::string all = join(parts, " · ") + fmt::format(" ({} in all)", human_time(run.ended));
  return "\n" + pen.bold("Phases") + "\n" + pen.hang("  ", all);
}

std::string footer(const record::RunRecord& run, const Pen& pen) {
  std::string out = "\n";
  const auto line = [&](const char* name, const std::string& value) {
    if (!value.empty()) out += pen.dim(pad(name, 11)) + pen.clean(value) + "\n";
  };
  line("Results", run.directory);
  std::error_code missing;
  const auto page = std::filesystem::path(run.directory) / "report.html";
  if (!run.directory.empty() && std::filesystem::is_regular_file(page, missing)) line("Report", page.string());
  if (run.capture) line("Capture", fmt::format("{}: {}", run.capture->file, capture_size(*run.capture)));
  line("Seed", std::to_string(run.start.seed));
  line("Run again", run.start.command);
  return out;
}

}  // namespace

std::string console(const record::RunRecord& run, const Style& style) {
  const Pen pen(style);
  return header(run, pen) + "\n" + verdict(run, pen) + phases(run, pen) + console_faults(run, pen) +
         console_expectations(run, pen) + console_checks(run, pen) + console_latency(run, pen) +
         console_probes(run, pen) + console_nodes(run, pen) + console_notes(run, pen) + footer(run, pen);
}

}  // namespace withstand::report
