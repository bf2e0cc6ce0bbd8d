#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/result.hpp"

/// Texts with placeholders: "{address}:{port.client}". `{{` and `}}` stand for literal braces. Pure, thread-safe.
namespace withstand::spec {

struct Placeholder {
  std::string name;  ///< what stands between the braces
  int offset = 0;    ///< of the opening brace, in characters from 0
  int length = 0;    ///< braces included
};

/// Every placeholder in order, or what is wrong with the braces (Complaint::offset says where).
Result<std::vector<Placeholder>> placeholders(std::string_view text);

/// Gives the text of a placeholder, or nothing when there is no such name.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

/// The text with every placeholder replaced; what `lookup` returns is not expanded again. The complaint names the first
/// placeholder that is unknown, or the brace that is alone.
Result<std::string> expand(std::string_view text, const Lookup& lookup);

/// The text with the braces of these placeholders doubled, so that `expand` leaves them for somebody else; a text with
/// braces that do not match comes back as it is.
std::string keep(std::string_view text, const std::vector<std::string>& names);

}  // namespace withstand::spec
