#pragma once

#include <string>
#include <string_view>

#include "record/run_record.hpp"
#include "report/facts.hpp"
#include "report/html/series.hpp"

namespace withstand::report::html {

/// A whole document around `body`: its title, what it may load (nothing) and run (what is built in), its style.
/// `program`, an element, comes last.
std::string document(std::string_view title, const std::string& body, const std::string& program);

/// "good", "bad", "doubt", "none": what marks and colours are called.
std::string_view word_of(Standing standing);

/// All sections of a run, without the charts' data and without what is built in. `from` as in files_section.
std::string body_of(const record::RunRecord& run, const LoadSeries& series, const std::string& from);

}  // namespace withstand::report::html
