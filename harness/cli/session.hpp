#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/fault.hpp"
#include "report/style.hpp"

namespace CLI {
class App;
}

namespace withstand::cli {

/// What every command gets: the catalogue, how output may look, and a place for what to do once the arguments are
/// parsed.
struct Session {
  std::function<core::Catalog()> catalog;
  std::string program;          ///< as it was called, for commands to copy
  std::string colour = "auto";  ///< --color
  std::function<int()> action;  ///< set by the chosen command's callback

  [[nodiscard]] report::Style style_for(int descriptor) const;
};

std::optional<std::string> environment(const std::string& name);

/// A mistake in how the command was called or in a file it was given: printed as "withstand: ...", exit status 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// One per command; each adds its subcommand and sets session.action when it is chosen.
void add_check(CLI::App& app, Session& session);
void add_describe(CLI::App& app, Session& session);
void add_doctor(CLI::App& app, Session& session);
void add_list(CLI::App& app, Session& session);
void add_plan(CLI::App& app, Session& session);
void add_recover(CLI::App& app, Session& session);
void add_replay(CLI::App& app, Session& session);
void add_report(CLI::App& app, Session& session);
void add_run(CLI::App& app, Session& session);
void add_schema(CLI::App& app, Session& session);
void add_shell(CLI::App& app, Session& session);
void add_stop(CLI::App& app, Session& session);

}  // namespace withstand::cli
