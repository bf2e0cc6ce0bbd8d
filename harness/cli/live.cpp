#include <filesystem>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/session.hpp"
#include "lab/local_lab.hpp"
#include "lab/run_state.hpp"

/// Commands about runs that are going on: stop, shell.
namespace withstand::cli {

namespace {

/// The only run that was started from here. One whose directory is elsewhere may be a colleague's (root's runs share
/// one list): it is stopped by name only.
lab::RunState only_living(const std::vector<lab::RunState>& living) {
  if (living.empty()) throw UsageError("no run is going on");
  const std::string here = std::filesystem::current_path().string();
  std::vector<lab::RunState> mine;
  std::string names;
  for (const auto& one : living) {
    if (one.directory.starts_with(here.ends_with('/') ? here : here + "/")) mine.push_back(one);
    names += fmt::format("\n  {}  in {}", one.run, std::filesystem::path(one.directory).parent_path().string());
  }
  if (mine.size() == 1) return mine.front();
  throw UsageError((mine.empty() ? "no run below this folder is going on; say which of these:"
                                 : "several runs are going on; say which:") +
                   names);
}

lab::RunState find_living(const std::string& run) {
  const auto living = lab::living_runs();
  if (run.empty()) return only_living(living);
  if (const auto found = lab::find_run(run)) return *found;
  std::string names;
  for (const auto& one : living) names += "\n  " + one.run;
  throw UsageError(fmt::format("no run '{}' is going on{}", run, names.empty() ? "" : "; these are:" + names));
}

int stop(const std::string& run) {
  const auto state = find_living(run);
  if (!lab::ask_to_stop(state)) throw UsageError(fmt::format("run '{}' has just ended", state.run));
  std::cout << fmt::format("asked {} to stop: it rolls back and reports\n", state.run);
  return 0;
}

int shell(const std::string& run, const std::string& node, const std::vector<std::string>& command) {
  const auto state = find_living(run);
  std::string names;
  for (const auto& one : state.nodes) {
    if (one.name == node) return lab::shell_in(one, command);
    names += " " + one.name;
  }
  throw UsageError(fmt::format("run '{}' has no node '{}'; it has:{}", state.run, node, names));
}

}  // namespace

void add_stop(CLI::App& app, Session& session) {
  auto* command =
      app.add_subcommand("stop", "Stop a run that is going on: it rolls back and reports (verdict aborted)");
  auto run = std::make_shared<std::string>();
  command->add_option("run", *run, "Its name or directory; may be left out when only one is below the current folder");
  command->callback([run, &session] { session.action = [run] { return stop(*run); }; });
}

void add_shell(CLI::App& app, Session& session) {
  auto* command =
      app.add_subcommand("shell", "Open a shell, or run a command, inside a node of a run that is going on");
  struct Arguments {
    std::string run, node;
    std::vector<std::string> command;
  };
  auto arguments = std::make_shared<Arguments>();
  command->add_option("run", arguments->run, "The run's name or directory")->required();
  command->add_option("node", arguments->node, "The node's name")->required();
  command->add_option("command", arguments->command, "Command to run; without one, a shell");
  command->prefix_command();
  command->callback([arguments, command, &session] {
    // What follows the node is the command's own, its options included; a "--" before it is good manners and no word of
    // it.
    std::vector<std::string> words;
    for (const auto& list : {arguments->command, command->remaining()})
      for (const auto& word : list)
        if (word != "--" || !words.empty()) words.push_back(word);
    if (!words.empty() && words.back() == "--") words.pop_back();
    session.action = [arguments, words] { return shell(arguments->run, arguments->node, words); };
  });
}

}  // namespace withstand::cli
