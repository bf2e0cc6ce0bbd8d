#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "record/run_record.hpp"
#include "report/style.hpp"

namespace withstand::report {

/// What a GitHub Actions step tells its programs.
struct GithubContext {
  bool active = false;            ///< GITHUB_ACTIONS=true
  std::string workspace;          ///< GITHUB_WORKSPACE; may be empty
  std::string step_summary;       ///< path of $GITHUB_STEP_SUMMARY; may be empty
  std::string working_directory;  ///< what relative paths of experiments start from
};
GithubContext github_context(const Environment& environment, const std::string& working_directory);

/// Workflow commands for stdout, one per line: errors for what failed, warnings for what was inconclusive or aborted,
/// notices for what was skipped. GitHub shows ten of each per step, so the worst come first and the tenth counts the
/// rest. Empty unless active.
std::string github_annotations(const std::vector<record::RunRecord>& runs, const GithubContext& context);

/// Appends the Markdown report to the step's summary; does nothing unless active with a path. Throws std::system_error.
void append_step_summary(const std::vector<record::RunRecord>& runs, const GithubContext& context);

/// Text between two lines that make GitHub ignore workflow commands within it, so that nothing a system under test says
/// can be one. `token` must not be guessable. The text itself unless active.
std::string without_commands(const std::string& text, const std::string& token, const GithubContext& context);

/// Escapes as the runner decodes them: % CR LF, and in properties : and , too.
std::string github_data(std::string_view text);
std::string github_property(std::string_view text);

}  // namespace withstand::report
