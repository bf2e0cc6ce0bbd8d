#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>
#include <time.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

#include "cli/session.hpp"
#include "core/undo_journal.hpp"
#include "lab/abandoned.hpp"
#include "lab/run_state.hpp"
#include "record/exit_code.hpp"

/// What killed harnesses left: listed first, undone when that was asked for.
namespace withstand::cli {

namespace {

struct DeadRun {
  std::string name;
  std::string journal;
  std::vector<std::string> left;
};

/// What there is to do: runs, and cgroups that no run's journal names.
struct Leftovers {
  std::vector<DeadRun> runs;
  std::vector<lab::AbandonedCgroup> cgroups;
  [[nodiscard]] bool empty() const { return runs.empty() && cgroups.empty(); }
  [[nodiscard]] bool work_is_left() const {
    return !cgroups.empty() || std::any_of(runs.begin(), runs.end(), [](const auto& run) { return !run.left.empty(); });
  }
};

struct RecoverArguments {
  std::vector<std::string> runs;
  bool all = false;
};

std::vector<DeadRun> dead_runs() {
  std::vector<DeadRun> found;
  for (auto& journal : core::stale_journals()) {
    std::string name = std::filesystem::path(journal).stem().string();
    auto left = core::left_to_undo(journal);
    found.push_back({std::move(name), std::move(journal), std::move(left)});
  }
  return found;
}

/// How long ago the run last noted something to undo: "3 days ago", by the wall clock.
std::string age(const std::string& journal) {
  struct stat info {};
  if (::stat(journal.c_str(), &info) != 0) return "just gone";
  const auto seconds = std::max<std::int64_t>(0, ::time(nullptr) - info.st_mtime);
  const auto ago = [](std::int64_t count, const char* unit) {
    return fmt::format("{} {}{} ago", count, unit, count == 1 ? "" : "s");
  };
  if (seconds < 120) return ago(seconds, "second");
  if (seconds < 7200) return ago(seconds / 60, "minute");
  if (seconds < 172800) return ago(seconds / 3600, "hour");
  return ago(seconds / 86400, "day");
}

void list(const DeadRun& run) {
  std::cout << fmt::format("{}  (last changed something here {})\n", run.name, age(run.journal));
  for (const auto& what : run.left) std::cout << "  would " << what << '\n';
  if (run.left.empty()) std::cout << "  nothing is left of it but its entry here\n";
}

void list(const Leftovers& dead) {
  for (const auto& run : dead.runs) list(run);
  if (dead.cgroups.empty()) return;
  std::cout << "harnesses that were killed before or beside a run\n";
  for (const auto& [path, empty] : dead.cgroups)
    std::cout << (empty ? "  would remove the empty cgroup " + path
                        : "  would end what runs in the cgroup " + path + " and remove it")
              << '\n';
}

/// The named ones, by name or directory; every name must be that of a dead run.
std::vector<DeadRun> choose(const std::vector<DeadRun>& dead, const std::vector<std::string>& names) {
  std::vector<DeadRun> chosen;
  for (const auto& name : names) {
    const auto last = std::filesystem::path(name.ends_with('/') ? name.substr(0, name.size() - 1) : name).filename();
    const auto found = std::find_if(dead.begin(), dead.end(), [&](const DeadRun& run) { return run.name == last; });
    if (found != dead.end()) {
      chosen.push_back(*found);
      continue;
    }
    if (lab::find_run(name)) throw UsageError(fmt::format("run '{}' is going on; `withstand stop` ends it", name));
    throw UsageError(fmt::format("no dead run '{}' left anything; `withstand recover` lists those that did", name));
  }
  return chosen;
}

int undo(const std::vector<DeadRun>& runs) {
  bool clean = true;
  for (const auto& run : runs) {
    const auto outcome = core::undo(run.journal);
    std::cout << fmt::format("{}: {}\n", run.name, outcome.failed.empty() ? "undone" : "not everything was undone");
    for (const auto& failure : outcome.failed) std::cout << "  left: " << failure << '\n';
    clean = clean && outcome.failed.empty();
  }
  return static_cast<int>(clean ? record::ExitCode::as_it_should_be : record::ExitCode::rollback_failed);
}

int undo(const Leftovers& dead) {
  const int status = undo(dead.runs);
  if (dead.cgroups.empty()) return status;
  const auto left = lab::remove_abandoned_cgroups();
  std::cout << "cgroups of killed harnesses: " << (left.empty() ? "removed\n" : "not all were removed\n");
  for (const auto& cgroup : left) std::cout << "  left: " << cgroup.path << '\n';
  return left.empty() ? status : static_cast<int>(record::ExitCode::rollback_failed);
}

/// The folders that guardians of dead runs leave, which no run's name tells: harmless to remove with any of them. Where
/// something lives in one, that is for the list.
std::vector<lab::AbandonedCgroup> empty_ones_alone() {
  auto left = lab::abandoned_cgroups();
  const bool lives = std::any_of(left.begin(), left.end(), [](const auto& cgroup) { return !cgroup.empty; });
  if (lives) left.clear();
  return left;
}

bool somebody_agrees() {
  if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDERR_FILENO) != 1) return false;
  std::cout << std::flush;
  std::cerr << "Undo all of this? [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

int recover(const RecoverArguments& arguments) {
  ::signal(SIGPIPE, SIG_IGN);  // what is being undone is to be undone, whether or not somebody reads what we say
  const Leftovers dead{dead_runs(), lab::abandoned_cgroups()};
  if (!arguments.runs.empty()) {
    const int status = undo(choose(dead.runs, arguments.runs));
    return undo({{}, empty_ones_alone()}) == 0 ? status : static_cast<int>(record::ExitCode::rollback_failed);
  }
  if (dead.empty()) {
    std::cout << "nothing to recover\n";
    return 0;
  }
  if (arguments.all) return undo(dead);
  list(dead);
  if (somebody_agrees()) return undo(dead);
  std::cerr << "nothing was undone: name the runs, or say --all\n";
  return static_cast<int>(dead.work_is_left() ? record::ExitCode::rollback_failed : record::ExitCode::as_it_should_be);
}

}  // namespace

void add_recover(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("recover",
                                     "Show what killed harnesses left behind (when their guardians were killed too), "
                                     "and undo it when asked to");
  auto arguments = std::make_shared<RecoverArguments>();
  auto* runs = command->add_option(
      "runs", arguments->runs,
      "Dead runs to recover, by name or directory. Without any, all are listed and, on a terminal, asked about; "
      "elsewhere the status is 6 while something is left");
  command->add_flag("--all,--yes", arguments->all, "Undo all that is listed, without asking")->excludes(runs);
  command->callback([arguments, &session] { session.action = [arguments] { return recover(*arguments); }; });
}

}  // namespace withstand::cli
