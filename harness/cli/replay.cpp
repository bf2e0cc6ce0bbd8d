#include <filesystem>
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

/// Where the experiment's file stood. The record has the path as it was typed, relative to a folder that nobody wrote
/// down: most likely one above the run directory, which stands in runs/ there.
std::string original_path(const std::string& run, const std::string& file) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path path(file);
  if (path.is_absolute()) return file;
  for (fs::path folder = fs::canonical(run, error).parent_path(); !error; folder = folder.parent_path()) {
    if (fs::is_regular_file(folder / path, error))
      return folder == fs::current_path(error) ? file : (folder / path).lexically_normal().string();
    if (folder == folder.parent_path()) break;
    error.clear();
  }
  return file;
}

/// The experiment as it was when it ran (the run directory keeps a copy), under the path it had, so that its target is
/// found.
int replay(ReplayArguments& arguments, Session& session) {
  const auto record = read_earlier_run(arguments.run);
  const core::Catalog catalog = session.catalog();
  const std::string copy = arguments.run + "/experiment.toml";
  auto loaded = run::load_experiment_as(copy, original_path(arguments.run, record.start.file), catalog);
  if (!loaded.ok()) throw UsageError("this run's experiment cannot be run again:\n" + loaded.problems);
  arguments.flags.seed = record.start.seed;
  arguments.flags.control = record.start.control;
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
