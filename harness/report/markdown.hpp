#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "record/run_record.hpp"

namespace withstand::report {

/// GitHub drops a step summary near 1 MiB without a word, so reports stay well below.
constexpr std::size_t most_markdown_bytes = 1'000'000;

/// The report as GitHub-flavoured Markdown, for report.md and step summaries: runs that are not as they should be first
/// and in full, then the others. Deterministic. What does not fit into `limit` bytes is left out section by section,
/// and the end says so.
std::string markdown_report(const std::vector<record::RunRecord>& runs, std::size_t limit = most_markdown_bytes);

/// Text that shows as it is: no markup, no mention, no reference to an issue, on one line.
std::string markdown_text(std::string_view text);
/// A code span that no backtick in the text can end; for table cells too.
std::string markdown_code(std::string_view text);
/// A fenced block that nothing in the text can end.
std::string markdown_block(const std::vector<std::string>& lines, std::string_view language);

}  // namespace withstand::report
