#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "cli/selection.hpp"
#include "cli/session.hpp"
#include "record/exit_code.hpp"

namespace withstand::cli {

namespace {

struct ListArguments {
  ExperimentSelection selection;
  bool json = false;
};

int list(const ListArguments& arguments, Session& session) {
  const core::Catalog catalog = session.catalog();
  const auto selected = arguments.selection.load_good(catalog);
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const auto& file : selected.files) {
    const auto& experiment = file.experiment;
    std::vector<std::string> kinds;
    for (const auto& fault : experiment.faults) kinds.push_back(fault.kind);
    all.push_back({{"file", file.path},
                   {"title", experiment.title},
                   {"target", experiment.target.name},
                   {"faults", kinds},
                   {"tags", experiment.tags},
                   {"verdict", experiment.expected.verdict}});
    if (arguments.json) continue;
    std::cout << fmt::format("{}\n  {}\n  {} · {}{}{}\n", file.path, experiment.title, experiment.target.name,
                             kinds.empty() ? "no faults" : fmt::format("{}", fmt::join(kinds, ", ")),
                             experiment.tags.empty() ? "" : fmt::format(" · tags {}", fmt::join(experiment.tags, ", ")),
                             experiment.expected.verdict == "withstood" ? "" : " · expected to fail");
  }
  if (arguments.json) std::cout << nlohmann::ordered_json({{"v", 1}, {"experiments", all}}).dump(2) << '\n';
  if (!selected.problems.empty()) {
    std::cerr << "withstand: left out, because these cannot be run:\n" << selected.problems;
    return static_cast<int>(record::ExitCode::usage);
  }
  if (selected.files.empty()) return tell_nothing_selected(arguments.selection, selected);
  return static_cast<int>(record::ExitCode::as_it_should_be);
}

}  // namespace

void add_list(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("list", "List experiments, with the same selection as run");
  auto arguments = std::make_shared<ListArguments>();
  arguments->selection.add_options(*command);
  command->add_flag("--json", arguments->json, "One JSON object on stdout");
  command->callback(
      [arguments, &session] { session.action = [arguments, &session] { return list(*arguments, session); }; });
}

}  // namespace withstand::cli
