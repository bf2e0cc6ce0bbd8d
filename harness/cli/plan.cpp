#include "core/plan.hpp"

#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/seeds.hpp"
#include "cli/session.hpp"

namespace withstand::cli {

namespace {

struct PlanArguments {
  std::string path;
  std::optional<std::uint64_t> seed;
};

int plan(const PlanArguments& arguments, Session& session) {
  const core::Catalog catalog = session.catalog();
  const auto loaded = run::load_experiment(arguments.path, catalog);
  if (!loaded.ok()) throw UsageError("this experiment cannot be run:\n" + loaded.problems);
  const auto& experiment = loaded.file.experiment;
  const std::uint64_t seed = seeds_for(loaded.file, catalog, {arguments.seed}).front();
  const core::Topology topology(experiment);
  std::cout << core::to_text(core::make_plan(experiment, topology, seed), experiment, topology, catalog) << std::flush;
  return 0;
}

}  // namespace

void add_plan(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("plan", "Print what a run would do, and touch nothing");
  auto arguments = std::make_shared<PlanArguments>();
  command->add_option("file", arguments->path, "Experiment file")->required();
  command->add_option("--seed", arguments->seed, "As for run; the same seed gives the same bytes")->check(seed_problem);
  command->callback(
      [arguments, &session] { session.action = [arguments, &session] { return plan(*arguments, session); }; });
}

}  // namespace withstand::cli
