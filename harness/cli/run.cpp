#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/run_many.hpp"
#include "cli/seeds.hpp"
#include "cli/selection.hpp"
#include "cli/session.hpp"
#include "lab/local_lab.hpp"

namespace withstand::cli {

namespace {

struct RunArguments {
  ExperimentSelection selection;
  RunFlags flags;
  std::string timeout;
};

int run(RunArguments& arguments, Session& session) {
  if (!arguments.timeout.empty()) {
    const auto limit = spec::parse_duration(arguments.timeout);
    if (!limit) throw UsageError("--timeout: " + limit.error().message);
    if (limit.value().count() <= 0)
      throw UsageError(fmt::format("--timeout {} lets nothing run; say a time above 0, as in 10m", arguments.timeout));
    arguments.flags.timeout = limit.value();
  }
  const core::Catalog catalog = session.catalog();
  const auto selected = arguments.selection.load(catalog);
  if (selected.files.empty()) return tell_nothing_selected(arguments.selection, selected);
  require_output(arguments.flags);
  lab::enter_user_namespace_unless_privileged();
  return run_many(selected.files, catalog, arguments.flags, session);
}

}  // namespace

void add_run(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("run", "Run experiments and give a verdict with evidence");
  auto arguments = std::make_shared<RunArguments>();
  arguments->selection.add_options(*command);
  auto& flags = arguments->flags;
  command
      ->add_option("--seed", flags.seed,
                   "Decides everything random; drawn and printed when neither this nor the file says")
      ->check(seed_problem);
  command->add_option("--repeat", flags.repeat, "Run each experiment this often; each time with a seed of its own")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}));
  command->add_option("--output", flags.output, "Folder for run directories (default: runs)");
  command->add_option("--timeout", arguments->timeout, "Abort a run that takes longer, as in 10m");
  command->add_flag("--control", flags.control, "Leave all faults out: the same load and expectations as a baseline");
  command->add_flag("--keep", flags.keep, "Keep the nodes' data and rendered files in the run directory");
  command->add_flag("--require", flags.require, "An experiment that cannot run here is an error, not skipped");
  command->add_flag("--quiet", flags.quiet, "No progress on stderr");
  for (const std::string name : {"--allow-host", "--yes"})
    command->add_flag_callback(name, [name] { throw UsageError(name + " is not built yet"); })->group("");
  flags.reports.add_options(*command);
  command->callback(
      [arguments, &session] { session.action = [arguments, &session] { return run(*arguments, session); }; });
}

}  // namespace withstand::cli
