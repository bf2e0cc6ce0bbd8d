#pragma once

#include "spec/read/document.hpp"
#include "spec/read/report.hpp"

namespace withstand::spec {

constexpr std::int64_t most_nodes = 250;

/// Reports a text that is no regular expression (see spec/pattern.hpp), or one above 1000 characters.
void check_pattern(const Item& item, Report& report);

/// Reports a text that is no http:// URL.
void check_url(const Item& item, Report& report);

/// Names of faults and probes: letters, digits and `-_.`, at most 64, beginning with a letter or digit.
void check_name(const Item& item, Report& report);

}  // namespace withstand::spec
