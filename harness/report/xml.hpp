#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace withstand::report {

/// Text between tags: UTF-8 repaired, what XML 1.0 forbids (section 2.2, "Char") shown as \x07, markup escaped, so that
/// no "]]>" can stand in it. Newlines and tabs stay.
std::string xml_text(std::string_view text);

/// Text within double quotes: the same, and white space as character references, which a reader gives back unchanged
/// (section 3.3.3).
std::string xml_attribute(std::string_view text);

/// An opening tag's attributes in order, each with its leading space: ` name="value"`.
std::string xml_attributes(const std::vector<std::pair<const char*, std::string>>& attributes);

}  // namespace withstand::report
