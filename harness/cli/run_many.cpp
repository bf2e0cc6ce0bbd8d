#include "cli/run_many.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <iostream>
#include <pwd.h>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <system_error>

#include "cli/seeds.hpp"
#include "record/exit_code.hpp"
#include "report/console.hpp"
#include "report/files.hpp"
#include "report/github.hpp"
#include "report/progress.hpp"
#include "report/run_directory.hpp"
#include "run/run.hpp"

namespace withstand::cli {

namespace {

int terminal_columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 100;
}

report::Progress::Options progress_options(const Session& session, const std::string& label) {
  report::Progress::Options options;
  options.style = session.style_for(STDERR_FILENO);
  options.live = report::choose_live(environment, ::isatty(STDERR_FILENO) == 1);
  if (options.live) options.columns = terminal_columns;
  options.label = label;
  return options;
}

std::string command_of(const run::ExperimentFile& file, const RunFlags& flags, std::uint64_t seed,
                       const Session& session) {
  std::error_code gone;
  // The file that an earlier run had may be gone, or on another machine; its own copy of it is there.
  if (!flags.earlier.empty() && !std::filesystem::exists(file.path, gone))
    return fmt::format("{} replay {}", session.program, flags.earlier);
  return fmt::format("{} run {} --seed {}{}", session.program, file.path, seed, flags.control ? " --control" : "");
}

/// A run of which nothing can be read: what is known of it without its journal.
record::RunRecord run_without_journal(const run::ExperimentFile& file, const RunFlags& flags, std::uint64_t seed,
                                      const Session& session, const std::string& why) {
  record::RunRecord record;
  record.start.title = file.experiment.title;
  record.start.file = file.path;
  std::error_code gone;  // the current folder
  record.start.path = std::filesystem::absolute(file.path, gone).lexically_normal().string();
  record.start.seed = seed;
  record.start.target = file.experiment.target.name;
  record.start.tags = file.experiment.tags;
  record.start.command = command_of(file, flags, seed, session);
  record.start.control = flags.control;
  if (!flags.control) {
    record.start.expected_verdict = file.experiment.expected.verdict;
    record.start.expected_fails = file.experiment.expected.fails;
  }
  record.end.verdict = "error";
  record.end.reason = why;
  record.end.reasons = {why};
  record.end.exit_code = static_cast<int>(record::ExitCode::harness_error);
  return record;
}

/// What a run left, its end as the run itself had it: a full disk keeps that out of the journal, or all of it.
record::RunRecord read_outcome(const run::RunOutcome& outcome,
                               const std::function<record::RunRecord(const std::string&)>& without_journal) {
  try {
    auto record = read_run_directory(outcome.directory);
    record.end = outcome.end;
    return record;
  } catch (const std::exception& error) {
    auto record = without_journal(fmt::format("what the run recorded cannot be read: {}", error.what()));
    record.directory = outcome.directory;
    if (!outcome.end.rollback_ok) {  // the host may be dirty: that is worse
      record.end.exit_code = static_cast<int>(record::ExitCode::rollback_failed);
      record.end.rollback_ok = false;
    }
    record.end.reasons.push_back(
        fmt::format("the run itself ended as {}: {}", outcome.end.verdict, outcome.end.reason));
    return record;
  }
}

record::RunRecord run_one(const run::ExperimentFile& file, const core::Catalog& catalog, const RunFlags& flags,
                          std::uint64_t seed, const std::string& label, const Session& session,
                          run::Interrupts& interrupts) {
  report::Progress progress(std::cerr, progress_options(session, label));
  run::RunOptions options;
  options.seed = seed;
  options.output = flags.output;
  options.keep = flags.keep;
  options.control = flags.control;
  options.timeout = flags.timeout;
  options.command = command_of(file, flags, seed, session);
  if (!flags.quiet) {
    options.on_event = [&](const record::JournalEntry& entry) { progress.event(entry); };
    options.on_tick = [&](const run::LiveState& state) {
      report::LiveFigures figures;
      figures.total = state.total;
      figures.ops_per_second = state.ops_per_second;
      figures.errors = state.errors;
      figures.p99 = state.p99;
      figures.loaded = state.loaded;
      figures.check = state.check;
      figures.checked_operations = state.checked_operations;
      progress.tick(state.now, figures);
    };
  }
  const auto outcome = run::run_experiment(file, catalog, options, interrupts);
  progress.finish();
  auto record = read_outcome(
      outcome, [&](const std::string& why) { return run_without_journal(file, flags, seed, session, why); });
  try {
    report::write_reports(record);
  } catch (const std::exception& error) {
    std::cerr << "withstand: " << error.what() << '\n';
    const auto worst = {record::to_exit_code(record.end.exit_code), record::ExitCode::harness_error};
    record.end.exit_code = static_cast<int>(record::combine(std::vector<record::ExitCode>(worst)));
  }
  return record;
}

/// The same where it cannot even begin, or fails as no run should: one of a series must not cost the others their
/// results.
record::RunRecord run_one_whatever_comes(const run::ExperimentFile& file, const core::Catalog& catalog,
                                         const RunFlags& flags, std::uint64_t seed, const std::string& label,
                                         const Session& session, run::Interrupts& interrupts) {
  try {
    return run_one(file, catalog, flags, seed, label, session, interrupts);
  } catch (const std::exception& error) {
    std::cerr << fmt::format("withstand: {}: {}\n", file.path, error.what());
    return run_without_journal(file, flags, seed, session, error.what());
  }
}

/// A signal may come when a run has its verdict already; the runs that were never made must not look like passes.
int exit_status(const std::vector<record::RunRecord>& runs, bool require, int signal) {
  std::vector<record::ExitCode> codes;
  if (signal != 0) codes.push_back(record::exit_code_of_signal(signal));
  for (const auto& run : runs) codes.push_back(record::to_exit_code(run.end.exit_code));
  const auto combined = record::combine(codes);
  if (require)
    for (const auto code : codes)
      if (code == record::ExitCode::skipped) {
        codes.push_back(record::ExitCode::harness_error);
        return static_cast<int>(record::combine(codes));
      }
  return static_cast<int>(combined);
}

/// The runs that a signal kept from being made, a line each.
std::string runs_not_made(const std::vector<run::ExperimentFile>& files, std::uint64_t repeat, std::size_t made) {
  std::string text;
  for (std::size_t i = made / repeat; i < files.size(); ++i) {
    const std::uint64_t done = i == made / repeat ? made % repeat : 0;
    text += "\n  " + files[i].path;
    if (repeat > 1) text += fmt::format("  ({} of {} times)", repeat - done, repeat);
  }
  return text;
}

std::string owner_of(const std::filesystem::path& place) {
  struct ::stat facts {};
  if (::stat(place.c_str(), &facts) != 0 || facts.st_uid == ::geteuid()) return "";
  const passwd* owner = ::getpwuid(facts.st_uid);
  return fmt::format("; {} belongs to {}{}", place.string(),
                     owner != nullptr ? owner->pw_name : fmt::format("user {}", facts.st_uid),
                     facts.st_uid == 0 ? ", perhaps since a run with sudo" : "");
}

[[noreturn]] void refuse_output(const std::string& folder, const std::string& why) {
  throw UsageError(fmt::format("--output '{}' cannot be written: {}; say another folder with --output", folder, why));
}

}  // namespace

void require_output(const RunFlags& flags) {
  std::error_code error;
  auto place = std::filesystem::absolute(flags.output, error);
  while (!std::filesystem::exists(place, error) && place != place.parent_path()) place = place.parent_path();
  if (!std::filesystem::is_directory(place, error))
    refuse_output(flags.output, std::generic_category().message(ENOTDIR));
  if (::faccessat(AT_FDCWD, place.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    const int why = errno;  // asking for the owner changes it
    refuse_output(flags.output, std::generic_category().message(why) + owner_of(place));
  }
}

int run_many(const std::vector<run::ExperimentFile>& files, const core::Catalog& catalog, const RunFlags& flags,
             const Session& session) {
  std::vector<std::vector<std::uint64_t>> seeds;  // what is refused in some run is refused before the first
  for (const auto& file : files) seeds.push_back(seeds_for(file, catalog, {flags.seed, flags.repeat, flags.control}));
  flags.reports.require_writable();
  try {
    report::try_folder(flags.output);
  } catch (const std::system_error& error) {
    refuse_output(flags.output, error.code().message());
  }
  run::Interrupts interrupts;
  std::vector<record::RunRecord> runs;
  const std::uint64_t total = files.size() * flags.repeat;
  for (std::size_t number = 0; number < files.size(); ++number) {
    const auto& file = files[number];
    for (std::uint64_t i = 0; i < flags.repeat && interrupts.signal() == 0; ++i) {
      const std::string label = total == 1 ? "" : fmt::format("{}/{}", runs.size() + 1, total);
      auto record = run_one_whatever_comes(file, catalog, flags, seeds[number][i], label, session, interrupts);
      if (!flags.reports.json) print_console(record, session);
      // Series would fill the memory of a long soak; the directory keeps them.
      if (total > 1) record.seconds.clear(), record.probes.clear();
      runs.push_back(std::move(record));
      interrupts.collect();
    }
  }
  if (const auto not_made = runs_not_made(files, flags.repeat, runs.size()); !not_made.empty())
    std::cerr << "withstand: not run, because of the signal:" << not_made << '\n';
  const int status = exit_status(runs, flags.require, interrupts.signal());
  if (runs.size() == 1 && status != 0 && !flags.reports.json)
    std::cout << fmt::format("Exit code  {}: {}\n", status, record::words(record::to_exit_code(status))) << std::flush;
  if (runs.size() > 1 && !flags.reports.json)
    std::cout << report::summary(runs, status, session.style_for(STDOUT_FILENO)) << std::flush;
  return publish(runs, status, flags.reports);
}

}  // namespace withstand::cli
