#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <system_error>

#include "check/models.hpp"
#include "cli/session.hpp"
#include "record/exit_code.hpp"
#include "record/history.hpp"

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

/// The histories that a run directory holds, one for each client; any other path is a history's own.
std::vector<std::string> history_files(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::is_directory(path, error)) return {path};
  const std::string only = (fs::path(path) / "history.jsonl").string();
  if (fs::exists(only, error)) return {only};
  std::vector<std::string> several;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("history-") && name.ends_with(".jsonl")) several.push_back(entry.path().string());
  }
  if (several.empty()) throw UsageError(fmt::format("'{}' is a folder without a history.jsonl", path));
  std::sort(several.begin(), several.end());
  return several;
}

record::HistoryReading read_file(const std::string& path) {
  errno = 0;
  std::ifstream in(path);
  if (!in)
    throw UsageError(fmt::format("the history '{}' cannot be read: {}", path, std::generic_category().message(errno)));
  return record::read_history(in);
}

/// As a run judges them: the clients' operations together.
record::HistoryReading read_together(const std::vector<std::string>& files) {
  if (files.size() == 1) return read_file(files.front());
  record::HistoryReading all;
  for (const std::string& file : files) {
    auto one = read_file(file);
    const std::string name = std::filesystem::path(file).filename().string();
    for (const std::string& problem : one.problems) all.problems.push_back(name + ": " + problem);
    if (!one.contradiction.empty() && all.contradiction.empty()) all.contradiction = name + ": " + one.contradiction;
    all.bad_lines += one.bad_lines;
    std::move(one.operations.begin(), one.operations.end(), std::back_inserter(all.operations));
  }
  return all;
}

int check_history(const CheckArguments& arguments) {
  const check::Model* model = check::find_model(arguments.model);
  if (model == nullptr)
    throw UsageError(fmt::format("there is no model '{}'; there are:{}", arguments.model, known_models()));
  const bool piped = arguments.history == "-";
  const auto files = piped ? std::vector<std::string>() : history_files(arguments.history);
  const std::string name = piped ? "standard input" : files.size() == 1 ? files.front() : arguments.history;
  const auto judged = check::judge_history(piped ? record::read_history(std::cin) : read_together(files), *model);
  for (const auto& problem : judged.problems) std::cerr << name << ": " << problem << '\n';
  if (!judged.misfit.empty())
    throw UsageError(fmt::format("{} is no history of model {}: {}", name, model->name, judged.misfit));
  std::cout << fmt::format("{}: {}\n{}\n", judged.result.check, judged.result.outcome, judged.result.summary);
  for (const auto& line : judged.result.explanation) std::cout << "  " << line << '\n';
  if (judged.result.outcome == "held") return static_cast<int>(record::ExitCode::as_it_should_be);
  return static_cast<int>(judged.result.outcome == "failed" ? record::ExitCode::failed
                                                            : record::ExitCode::inconclusive);
}

}  // namespace

void add_check(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("check", "Judge a history that was recorded before, or elsewhere");
  auto arguments = std::make_shared<CheckArguments>();
  command
      ->add_option("history", arguments->history,
                   "History file, JSON lines, or the directory of a run that has one; - is standard input")
      ->required();
  command->add_option("--model", arguments->model, "What the history is of:" + known_models())->required();
  command->callback([arguments, &session] { session.action = [arguments] { return check_history(*arguments); }; });
}

}  // namespace withstand::cli
