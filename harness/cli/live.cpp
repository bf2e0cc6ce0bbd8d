#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

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

const lab::RunState::Node* find_node(const lab::RunState& run, const std::string& name) {
  const auto found =
      std::find_if(run.nodes.begin(), run.nodes.end(), [&](const auto& one) { return one.name == name; });
  return found == run.nodes.end() ? nullptr : &*found;
}

/// `words`: the run's name, the node's, and a command; without the first it is the only run's node.
int shell(std::vector<std::string> words) {
  std::optional<lab::RunState> named;
  if (!words.empty()) named = lab::find_run(words.front());
  if (named) words.erase(words.begin());
  const auto living = lab::living_runs();
  if (!named && words.size() > 1 && !living.empty()) {
    // Either the run is meant to be the only one, or its name is wrong.
    const bool a_node = std::any_of(living.begin(), living.end(),
                                    [&](const auto& run) { return find_node(run, words.front()) != nullptr; });
    if (!a_node) find_living(words.front());
  }
  const lab::RunState state = named ? *named : only_living(living);
  const auto* node = words.empty() ? nullptr : find_node(state, words.front());
  if (node != nullptr) {
    const int status = lab::shell_in(*node, {words.begin() + 1, words.end()});
    if (status == 128 + SIGKILL && !lab::lives(*node))
      std::cerr << fmt::format("withstand: the run {} ended, and its nodes with it\n", state.run);
    return status;
  }
  std::string names;
  for (const auto& one : state.nodes) names += " " + one.name;
  throw UsageError(words.empty()
                       ? fmt::format("which node of run '{}'? It has:{}", state.run, names)
                       : fmt::format("run '{}' has no node '{}'; it has:{}", state.run, words.front(), names));
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
  command->add_option("run", arguments->run,
                      "The run's name or directory; may be left out when only one is below the current folder");
  command->add_option("node", arguments->node, "The node's name");
  command->add_option("command", arguments->command, "Command to run; without one, a shell");
  command->prefix_command();
  command->callback([arguments, command, &session] {
    // What follows the node is the command's own, its options included; a "--" before it is good manners and no word of
    // it.
    std::vector<std::string> words;
    for (const auto& word : {arguments->run, arguments->node})
      if (!word.empty()) words.push_back(word);
    words.insert(words.end(), arguments->command.begin(), arguments->command.end());
    // CLI11 hands back the "--" that ended its own options (words_of put it there) after everything else.
    auto rest = command->remaining();
    if (!rest.empty() && rest.back() == "--") rest.pop_back();
    words.insert(words.end(), rest.begin(), rest.end());
    const auto dashes = std::find(words.begin(), words.begin() + std::min<std::ptrdiff_t>(3, std::ssize(words)), "--");
    if (dashes != words.end() && *dashes == "--") words.erase(dashes);
    session.action = [words] { return shell(words); };
  });
}

}  // namespace withstand::cli
