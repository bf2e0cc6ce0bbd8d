#pragma once

#include <string>
#include <vector>

namespace withstand::lab::disk {

/// Of these paths, those most like a pattern that matched none of them, at most ten: by edit distance, wildcards left
/// out.
[[nodiscard]] std::vector<std::string> likest(const std::string& pattern, std::vector<std::string> paths);

}  // namespace withstand::lab::disk
