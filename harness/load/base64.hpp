#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace withstand::load {

/// RFC 4648, section 4: the standard alphabet, with padding.
std::string base64_encode(std::string_view bytes);
/// Nothing when the text is no base64 of that kind.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace withstand::load
