#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "check/judgement.hpp"

namespace withstand::check {

/// What a judge of a history found.
struct Finding {
  Judgement judgement = Judgement::held;
  std::string summary;                   ///< one line
  std::vector<std::string> explanation;  ///< the operations that cannot be reconciled, and why
  std::vector<std::uint32_t> culprits;   ///< those operations: into OperationHistory::operations
  std::string misfit;                    ///< why this is no history of the model: then nothing was judged
};

}  // namespace withstand::check
