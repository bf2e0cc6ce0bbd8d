#include <fstream>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "check/models.hpp"
#include "cli/session.hpp"
#include "record/exit_code.hpp"

namespace withstand::cli {

namespace {

struct CheckArguments {
  std::string history, model;
};

std::string known_models() {
  std::string text;
  for (const auto& model : check::models()) text += fmt::format("\n  {:<14} {}", model.name, model.summary);
  return text;
}

int check_history(const CheckArguments& arguments) {
  const check::Model* model = check::find_model(arguments.model);
  if (model == nullptr)
    throw UsageError(fmt::format("there is no model '{}'; there are:{}", arguments.model, known_models()));
  std::ifstream in(arguments.history);
  if (!in) throw UsageError(fmt::format("the history '{}' cannot be read", arguments.history));
  const auto judged = check::judge_history(in, *model);
  std::cout << fmt::format("{}: {}\n{}\n", judged.result.check, judged.result.outcome, judged.result.summary);
  for (const auto& line : judged.result.explanation) std::cout << "  " << line << '\n';
  for (const auto& problem : judged.problems) std::cerr << arguments.history << ": " << problem << '\n';
  if (judged.result.outcome == "held") return static_cast<int>(record::ExitCode::as_it_should_be);
  return static_cast<int>(judged.result.outcome == "failed" ? record::ExitCode::failed
                                                            : record::ExitCode::inconclusive);
}

}  // namespace

void add_check(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("check", "Judge a history that was recorded before, or elsewhere");
  auto arguments = std::make_shared<CheckArguments>();
  command->add_option("history", arguments->history, "History file, JSON lines")->required();
  command->add_option("--model", arguments->model, "What the history is of:" + known_models())->required();
  command->callback([arguments, &session] { session.action = [arguments] { return check_history(*arguments); }; });
}

}  // namespace withstand::cli
