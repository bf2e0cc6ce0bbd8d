#include "record/exit_code.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

namespace withstand::record {
namespace {

struct Row {
  ExitCode code;
  int severity;  ///< the highest wins
  std::string_view words;
};

constexpr std::array rows{
    Row{ExitCode::as_it_should_be, 0, "all as they should be"},
    Row{ExitCode::failed, 5, "some failed"},
    Row{ExitCode::usage, 6, "wrong usage or an invalid experiment file"},
    Row{ExitCode::harness_error, 7, "the harness itself failed"},
    Row{ExitCode::inconclusive, 3, "inconclusive: no verdict on the system under test"},
    Row{ExitCode::nothing_selected, 2, "nothing was selected"},
    Row{ExitCode::rollback_failed, 12, "rollback failed, the host may be dirty: run `withstand recover`"},
    Row{ExitCode::aborted, 4, "aborted by a stop condition, by --timeout or by `withstand stop`"},
    Row{ExitCode::skipped, 1, "everything was skipped: a requirement is missing here"},
    Row{ExitCode::hung_up, 8, "hung up (SIGHUP), after rollback"},
    Row{ExitCode::interrupted, 9, "interrupted (SIGINT), after rollback"},
    Row{ExitCode::quit, 10, "told to quit (SIGQUIT), after rollback"},
    Row{ExitCode::terminated, 11, "terminated (SIGTERM), after rollback"},
};

const Row& row_of(ExitCode code) {
  const auto* found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.code == code; });
  return found != rows.end() ? *found : row_of(ExitCode::harness_error);
}

}  // namespace

ExitCode exit_code_of(std::string_view verdict, bool as_expected, bool rollback_ok) {
  if (!rollback_ok) return ExitCode::rollback_failed;
  if (verdict == "withstood" || verdict == "failed") return as_expected ? ExitCode::as_it_should_be : ExitCode::failed;
  if (verdict == "inconclusive") return ExitCode::inconclusive;
  if (verdict == "aborted") return ExitCode::aborted;
  if (verdict == "skipped") return ExitCode::skipped;
  return ExitCode::harness_error;
}

ExitCode combine(std::span<const ExitCode> codes) {
  if (codes.empty()) return ExitCode::nothing_selected;
  const auto skipped = [](ExitCode code) { return code == ExitCode::skipped; };
  if (std::all_of(codes.begin(), codes.end(), skipped)) return ExitCode::skipped;
  ExitCode worst = ExitCode::as_it_should_be;
  for (const ExitCode code : codes) {
    const Row& row = row_of(code);
    if (!skipped(code) && row.severity > row_of(worst).severity) worst = row.code;
  }
  return worst;
}

ExitCode exit_code_of_signal(int signal) { return to_exit_code(128 + signal); }

ExitCode to_exit_code(int number) { return row_of(static_cast<ExitCode>(number)).code; }

std::string_view words(ExitCode code) { return row_of(code).words; }

std::string exit_codes_help() {
  std::string out = "Exit codes:\n";
  for (const Row& row : rows) out += fmt::format("  {:>3}  {}\n", static_cast<int>(row.code), row.words);
  return out + "When several apply: 6 > 143, 131, 130, 129 > 3 > 2 > 1 > 7 > 4 > 5, 77 > 0.\n";
}

}  // namespace withstand::record
