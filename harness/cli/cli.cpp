#include "cli/cli.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <iostream>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/ioctl.h>

#include "cli/session.hpp"
#include "lab/clock/protocol.hpp"
#include "lab/disk/protocol.hpp"
#include "lab/guardian.hpp"
#include "lab/link/fabric.hpp"
#include "load/load_client.hpp"
#include "record/exit_code.hpp"
#include "run/host.hpp"
#include "spec/diagnostic.hpp"

namespace withstand::cli {

namespace {

int code(record::ExitCode exit) { return static_cast<int>(exit); }

/// The harness's own processes: this program again, with a hidden first argument.
std::optional<int> run_hidden(int argc, char** argv) {
  const std::string_view name = argc > 1 ? argv[1] : "";
  if (name == "__clock") return lab::clock::supervisor_main();
  if (name == "__fabric") return lab::link::fabric_main();
  if (name == "__disk") return lab::disk::server_main();
  if (name == "__guardian") return lab::guardian_main();
  if (name == "__load") return load::load_main();
  return std::nullopt;
}

/// Commands that the design has and this build has not: better said than "unknown".
bool not_built(std::string_view name) { return name == "audit" || name == "plugin"; }

/// A stream that the caller has closed would hand its number to the first file that is opened: what is printed would go
/// into the journal. Reading from or writing to what stands there instead fails.
void hold_standard_streams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    if (::fcntl(stream, F_GETFD) < 0 && errno == EBADF)
      ::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);  // the lowest free number, which is this one
  }
}

/// Results that nobody got are no success, whatever they were.
int after_output(int status) {
  std::cout.flush();
  if (std::cout) return status;
  std::cerr << "withstand: standard output could not be written to its end\n";
  const std::vector codes{record::to_exit_code(status), record::ExitCode::harness_error};
  return code(record::combine(codes));
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& names) {
  const auto near = spec::nearest(word, names);
  return near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near);
}

/// What is wrong with how the program was called, in one line, and where to read on.
std::string usage_problem(CLI::App& app, const CLI::ParseError& error) {
  const auto chosen = app.get_subcommands();
  const CLI::App& command = chosen.empty() ? app : *chosen.front();
  const std::string help =
      fmt::format("; `withstand {}--help` says more", chosen.empty() ? "" : command.get_name() + " ");
  const auto extras = app.remaining(true);
  const bool unexpected = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError);
  if (!unexpected || extras.empty()) return error.what() + help;
  const std::string& word = extras.front();
  if (word.starts_with('-')) {
    std::vector<std::string> options;
    for (const auto* option : command.get_options())
      for (const auto& name : option->get_lnames())
        if (!option->get_group().empty()) options.push_back("--" + name);
    return fmt::format("there is no option '{}' here{}{}", word, did_you_mean(word, options), help);
  }
  if (!chosen.empty()) return error.what() + help;
  std::vector<std::string> names;
  for (const auto* one : app.get_subcommands([](CLI::App*) { return true; })) names.push_back(one->get_name());
  return fmt::format("there is no command '{}'{}{}", word, did_you_mean(word, names), help);
}

/// The words after the program's name, last first, as CLI11 takes them. What follows `shell` is a command of a node's
/// with options of its own, unless help is asked for.
std::vector<std::string> words_of(int argc, char** argv) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (!words.empty() && words.front() == "help") {  // as in git
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  const auto first = std::find_if(words.begin(), words.end(), [](const auto& word) { return !word.starts_with('-'); });
  if (first != words.end() && *first == "shell" && first + 1 != words.end() && first[1] != "-h" && first[1] != "--help")
    words.insert(first + 1, "--");
  std::reverse(words.begin(), words.end());
  return words;
}

int parse_and_run(CLI::App& app, Session& session, int argc, char** argv) {
  try {
    app.parse(words_of(argc, argv));
  } catch (const CLI::ParseError& error) {
    // CLI11's own statuses are not ours: help is a success, everything else is usage.
    if (error.get_exit_code() == 0) return app.exit(error, std::cout, std::cerr);
    throw UsageError(usage_problem(app, error));
  }
  if (session.action) return session.action();
  std::cout << app.help();
  return code(record::ExitCode::usage);
}

}  // namespace

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

report::Style Session::style_for(int descriptor) const {
  report::Style style;
  const bool terminal = ::isatty(descriptor) == 1;
  const auto wish = report::parse_colour_wish(colour);
  style.colour = report::choose_colour(wish.value_or(report::ColourWish::automatic), environment, terminal);
  style.unicode = report::choose_unicode(environment);
  winsize size{};
  if (terminal && ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40) style.width = size.ws_col;
  return style;
}

int main(int argc, char** argv, const std::function<core::Catalog()>& catalog) {
  try {
    if (const auto status = run_hidden(argc, argv)) return *status;
    hold_standard_streams();
    if (argc > 1 && not_built(argv[1])) throw UsageError(fmt::format("'{}' is not built yet", argv[1]));
    Session session{catalog, argc > 0 ? argv[0] : "withstand", "auto", {}};
    CLI::App app("Withstand: inject faults into a system under load, and get a verdict with evidence.", "withstand");
    app.set_version_flag("--version", "withstand " + run::version());
    app.add_option("--color", session.colour, "Colour in what is printed: auto, always or never")
        ->check(CLI::IsMember({"auto", "always", "never"}));
    app.require_subcommand(0, 1);
    app.fallthrough();
    for (const auto add : {add_run, add_plan, add_list, add_describe, add_doctor, add_check, add_report, add_replay,
                           add_stop, add_shell, add_recover, add_schema})
      add(app, session);
    app.footer(record::exit_codes_help());  // after the commands, which would take it over
    return after_output(parse_and_run(app, session, argc, argv));
  } catch (const UsageError& error) {
    std::cerr << "withstand: " << error.what() << '\n';
    return code(record::ExitCode::usage);
  } catch (const std::exception& error) {
    std::cerr << "withstand: " << error.what() << '\n';
    return code(record::ExitCode::harness_error);
  }
}

}  // namespace withstand::cli
