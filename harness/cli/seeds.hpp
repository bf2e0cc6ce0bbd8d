#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/fault.hpp"
#include "run/experiment_file.hpp"

namespace withstand::cli {

/// What is wrong with a seed as it was typed, or "": CLI11 takes "-1" and numbers too large for the largest one.
std::string seed_problem(const std::string& text);

struct SeedWish {
  std::optional<std::uint64_t> seed;  ///< --seed
  std::uint64_t repeat = 1;
  bool control = false;  ///< without faults no draw can be wrong
};

/// A seed per repetition. The first is the wish, the file's or a drawn one; each other follows from it. Throws
/// UsageError when the draws of a given seed hit nobody with a fault, or more nodes than `[limits]` allows; a seed that
/// nobody gave is drawn anew instead, and refused only if none of many fits.
std::vector<std::uint64_t> seeds_for(const run::ExperimentFile& file, const core::Catalog& catalog,
                                     const SeedWish& wish);

}  // namespace withstand::cli
