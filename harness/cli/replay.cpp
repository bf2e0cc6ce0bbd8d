#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/run_many.hpp"
#include "cli/session.hpp"
#include "lab/local_lab.hpp"

namespace withstand::cli {

namespace {

struct ReplayArguments {
  std::string run;
  RunFlags flags;
};

/// The experiment and its target's definition as they were when it ran (the run directory keeps copies), under the
/// paths they had, so that programs and templates are found.
int replay(ReplayArguments& arguments, Session& session) {
  const auto record = read_earlier_run(arguments.run);
  const core::Catalog catalog = session.catalog();
  const std::string copy = arguments.run + "/experiment.toml";
  const std::string& stood = record.start.path.empty() ? record.start.file : record.start.path;
  auto loaded = run::load_experiment_as(copy, stood, catalog, run::kept_target_text(arguments.run));
  if (!loaded.target_differs.empty())
    std::cerr << fmt::format("withstand: {} since that run: its own copy of the target's definition is used\n",
                             loaded.target_differs);
  if (!loaded.ok()) throw UsageError("this run's experiment cannot be run again:\n" + loaded.problems);
  arguments.flags.earlier = arguments.run;
  arguments.flags.seed = record.start.seed;
  arguments.flags.control = record.start.control;
  require_output(arguments.flags);
  lab::enter_user_namespace_unless_privileged();
  return run_many({loaded.file}, catalog, arguments.flags, session);
}

}  // namespace

void add_replay(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("replay", "Run the experiment of an earlier run again, with its seed");
  auto arguments = std::make_shared<ReplayArguments>();
  command->add_option("run", arguments->run, "Run directory")->required();
  command->add_option("--output", arguments->flags.output, "Folder for run directories (default: runs)");
  command->add_option("--repeat", arguments->flags.repeat, "How often; the first time with the run's own seed")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}));
  command->add_flag("--keep", arguments->flags.keep, "Keep the nodes' data");
  command->add_flag("--quiet", arguments->flags.quiet, "No progress on stderr");
  arguments->flags.reports.add_options(*command);
  command->callback(
      [arguments, &session] { session.action = [arguments, &session] { return replay(*arguments, session); }; });
}

}  // namespace withstand::cli
