#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "record/journal.hpp"
#include "spec/experiment.hpp"

namespace withstand::check {

/// Everything that was found out in one run. Texts are reasons in words; absent: it did not happen.
struct VerdictInput {
  std::vector<record::ExpectationResult> expectations;  ///< of all phases; those of "before" are the steady state
  std::vector<record::CheckResult> checks;              ///< checkers, judge_load, judge_exits
  std::vector<record::EvidenceVerdict> evidence;        ///< one per injection
  std::size_t planned = 0;  ///< injections; all of them, or none when the run ended before they were due
  std::vector<record::MediumHealth> media;
  std::optional<std::string> host_out_of_memory;
  std::map<std::string, std::string> crowd;  ///< phase -> how other programs kept the nodes from the processors in it
  std::optional<std::string> skipped;        ///< a requirement is missing here
  std::optional<std::string> stopped;        ///< by a stop condition or the `stop` command
  int signal = 0;                            ///< SIGHUP, SIGINT, SIGQUIT or SIGTERM ended the run; 0: none did
  std::optional<std::string> error;          ///< the harness failed
  std::optional<std::string> rollback_failed;
  bool nothing_expected = false;  ///< the experiment has no expectation and no check: nothing could have failed
  spec::ExpectedVerdict expected;
};

/// The same result; but one that failed in `during` or `after` and is not to be held against the target is
/// inconclusive, and its detail says why: a medium broke its promise, the host ran out of memory, the steady state was
/// missed, or other programs kept the nodes from the processors and what was refused at once does not decide it.
/// `found` holds all of that. Idempotent, pure.
record::ExpectationResult excused(record::ExpectationResult result, const VerdictInput& found);

/// The verdict, its reasons (the first is the one-line reason), whether it is what the file says, and the exit code.
///
/// In order: rollback failed or the harness failed: error · skipped · a signal: aborted · a failed check or exit:
/// failed · a stop condition: aborted · a failed expectation of `during` or `after` that is not excused: failed ·
/// anything inconclusive, a medium that broke its promise, a host out of memory, a missed steady state, a required
/// injection without evidence, or nothing that was expected: inconclusive · else withstood. Pure.
record::RunEnded decide(const VerdictInput& input);

}  // namespace withstand::check
