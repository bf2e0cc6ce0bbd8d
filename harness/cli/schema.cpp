#include <iostream>

#include <CLI/CLI.hpp>

#include "cli/session.hpp"
#include "spec/reader.hpp"

namespace withstand::cli {

void add_schema(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("schema", "Print the JSON Schema of experiment files, for editors");
  command->callback([&session] {
    session.action = [&session] {
      std::cout << spec::experiment_schema(session.catalog());
      return 0;
    };
  });
}

}  // namespace withstand::cli
