#pragma once

#include <span>
#include <string>
#include <string_view>

namespace withstand::record {

/// What the command's exit status says. The numbers are a promise to scripts.
enum class ExitCode : int {
  as_it_should_be = 0,
  failed = 1,
  usage = 2,
  harness_error = 3,
  inconclusive = 4,
  nothing_selected = 5,
  rollback_failed = 6,
  aborted = 7,
  skipped = 77,
  hung_up = 129,      ///< SIGHUP, after rollback: the terminal went away
  interrupted = 130,  ///< SIGINT, after rollback
  quit = 131,         ///< SIGQUIT, after rollback
  terminated = 143,   ///< SIGTERM, after rollback
};

/// The code of one run that ended by itself. `as_expected`: the verdict is what the file says. A run that a signal
/// ended has `exit_code_of_signal` instead, unless its rollback failed. A verdict that is no known word is an
/// error.
ExitCode exit_code_of(std::string_view verdict, bool as_expected, bool rollback_ok);

/// The code of an invocation with several runs: the most severe one, by
///   rollback failed > signal > harness error > usage > failed > aborted > inconclusive > nothing selected, skipped >
///   0.
/// A signal stands high because callers in a loop must stop for it. Skipped runs count only when every run was skipped.
/// No run at all: nothing_selected. A number that is none of ours counts as a harness error.
ExitCode combine(std::span<const ExitCode> codes);

/// Of a run that SIGHUP, SIGINT, SIGQUIT or SIGTERM ended.
ExitCode exit_code_of_signal(int signal);

/// ExitCode from a recorded number; one that is none of ours is a harness_error.
ExitCode to_exit_code(int number);

std::string_view words(ExitCode code);  ///< "some failed"
std::string exit_codes_help();          ///< the "exit codes" section of --help: one line per code, and the severity

}  // namespace withstand::record
