#pragma once

#include <map>
#include <string>
#include <vector>

#include "spec/read/scope.hpp"
#include "spec/reader.hpp"

namespace withstand::spec {

/// What reading [target] brings besides the target itself: the file it came from.
struct TargetSection {
  std::map<std::string, std::string> sources;
  std::vector<Diagnostic> diagnostics;  ///< in that file
};

TargetSection read_target_section(TableReader& root, Scope& scope, const TargetSource& targets);

}  // namespace withstand::spec
