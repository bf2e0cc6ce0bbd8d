#include "cli/seeds.hpp"

#include <charconv>
#include <functional>
#include <random>

#include <fmt/format.h>

#include "cli/session.hpp"
#include "core/draw.hpp"
#include "core/objections.hpp"
#include "spec/diagnostic.hpp"

namespace withstand::cli {

namespace {

constexpr std::uint64_t most_draws = 100;

std::uint64_t draw_seed() {
  std::random_device device;
  // 53 bits, so that the seed survives readers of JSON that keep numbers as doubles, and TOML's signed integers.
  return ((static_cast<std::uint64_t>(device()) << 32U) | device()) >> 11U;
}

/// Repetitions are below 2^32, so no attempt is another repetition's.
std::uint64_t seed_of_repetition(std::uint64_t seed, std::uint64_t repetition, std::uint64_t attempt) {
  return core::draw_stream(seed, "", "", "repetition").bits(repetition + (attempt << 32U)) >> 11U;
}

/// What forbids to run this experiment with this seed, or "".
std::string objection(const run::ExperimentFile& file, const core::Catalog& catalog, std::uint64_t seed) {
  const core::Topology topology(file.experiment);
  std::string aimless, too_many, crowded;
  for (const auto& miss : core::misses(seed, file.experiment, topology, catalog))
    aimless += spec::render(miss, file.text);
  const auto plan = core::make_plan(file.experiment, topology, seed);
  for (const auto& violation : core::limit_violations(plan, file.experiment, topology, catalog))
    too_many += spec::render(violation, file.text);
  if (!too_many.empty())
    too_many = fmt::format("the nodes that seed {} draws are too many together:\n{}", seed, too_many);
  for (const auto& link : core::crowded_links(seed, file.experiment, topology, catalog))
    crowded += spec::render(link, file.text);
  if (aimless.empty() && too_many.empty() && crowded.empty()) return {};
  if (!crowded.empty()) crowded = "a link bears fewer faults at once:\n" + crowded;
  if (!aimless.empty()) aimless = fmt::format("seed {} lets a fault hit nobody:\n{}", seed, aimless);
  return aimless + too_many + crowded +
         "Another --seed may draw others; nodes named outright are the same with every seed.";
}

/// The first of these seeds that fits.
std::uint64_t fitting(const run::ExperimentFile& file, const core::Catalog& catalog,
                      const std::function<std::uint64_t(std::uint64_t attempt)>& draw) {
  std::string last;
  for (std::uint64_t attempt = 0; attempt < most_draws; ++attempt) {
    const std::uint64_t seed = draw(attempt);
    last = objection(file, catalog, seed);
    if (last.empty()) return seed;
  }
  throw UsageError(fmt::format("none of {} seeds that were drawn fits; of the last one: {}", most_draws, last));
}

}  // namespace

std::string seed_problem(const std::string& text) {
  std::uint64_t seed = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), seed);
  const bool whole = result.ec == std::errc{} && result.ptr == text.data() + text.size();
  return whole ? "" : fmt::format("'{}' is no whole number from 0 to 18446744073709551615", text);
}

std::vector<std::uint64_t> seeds_for(const run::ExperimentFile& file, const core::Catalog& catalog,
                                     const SeedWish& wish) {
  const auto given = wish.seed ? wish.seed : file.experiment.seed;
  if (given && !wish.control)
    if (const auto wrong = objection(file, catalog, *given); !wrong.empty()) throw UsageError(wrong);
  const auto choose = [&](const auto& draw) { return wish.control ? draw(0) : fitting(file, catalog, draw); };
  std::vector<std::uint64_t> seeds{given ? *given : choose([](std::uint64_t) { return draw_seed(); })};
  for (std::uint64_t i = 1; i < wish.repeat; ++i)
    seeds.push_back(choose([&](std::uint64_t attempt) { return seed_of_repetition(seeds.front(), i, attempt); }));
  return seeds;
}

}  // namespace withstand::cli
