#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <system_error>

#include "check/history/read.hpp"
#include "check/history/scanner.hpp"
#include "check/history_models.hpp"
#include "check/models.hpp"
#include "check/picture.hpp"
#include "cli/session.hpp"
#include "record/exit_code.hpp"
#include "record/history.hpp"
#include "record/run_record.hpp"
#include "spec/units.hpp"

namespace withstand::cli {

namespace {

namespace fs = std::filesystem;

struct CheckArguments {
  std::string history, model, format = "auto", isolation, initial, failed_cas = "auto", explain;
  std::string time_limit = "60s", memory_limit = "1GiB";
  std::optional<std::int64_t> total;
  bool negative_allowed = false, json = false;
};

std::string known_models() {
  std::string text;
  for (const auto& model : check::history_models()) text += fmt::format("\n  {:<15} {}", model.name, model.summary);
  for (const auto& model : check::models())
    if (check::find_history_model(model.name) == nullptr)
      text += fmt::format("\n  {:<15} {}", model.name, model.summary);
  return text;
}

/// The histories that a run directory holds, one for each client; any other path is a history's own.
std::vector<std::string> history_files(const std::string& path) {
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

/// The whole of each file, read once: standard input comes only once.
std::vector<check::NamedText> read_files(const std::string& path) {
  std::vector<check::NamedText> texts;
  if (path == "-") {
    texts.push_back({"standard input", {std::istreambuf_iterator<char>(std::cin), {}}});
    return texts;
  }
  for (const std::string& file : history_files(path)) {
    errno = 0;
    std::ifstream in(file, std::ios::binary);
    if (!in)
      throw UsageError(
          fmt::format("the history '{}' cannot be read: {}", file, std::generic_category().message(errno)));
    texts.push_back({fs::path(file).filename().string(), {std::istreambuf_iterator<char>(in), {}}});
  }
  return texts;
}

/// As a run judges them: the clients' operations together.
record::HistoryReading read_together(const std::vector<check::NamedText>& texts) {
  record::HistoryReading all;
  for (const auto& text : texts) {
    std::istringstream in(text.text);
    auto one = record::read_history(in);
    if (texts.size() == 1) return one;
    for (const std::string& problem : one.problems) all.problems.push_back(text.name + ": " + problem);
    if (!one.contradiction.empty() && all.contradiction.empty())
      all.contradiction = text.name + ": " + one.contradiction;
    all.bad_lines += one.bad_lines;
    std::move(one.operations.begin(), one.operations.end(), std::back_inserter(all.operations));
  }
  return all;
}

int exit_code_of(std::string_view outcome) {
  if (outcome == "held") return static_cast<int>(record::ExitCode::as_it_should_be);
  return static_cast<int>(outcome == "failed" ? record::ExitCode::failed : record::ExitCode::inconclusive);
}

struct Verdict {
  std::string check, outcome, summary;
  std::vector<std::string> explanation;
};

int tell(const Verdict& verdict, const CheckArguments& arguments) {
  if (arguments.json) {
    const nlohmann::json object{{"check", verdict.check},
                                {"outcome", verdict.outcome},
                                {"summary", verdict.summary},
                                {"explanation", verdict.explanation}};
    std::cout << object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  } else {
    std::cout << fmt::format("{}: {}\n{}\n", verdict.check, verdict.outcome, verdict.summary);
    for (const auto& line : verdict.explanation) std::cout << "  " << line << '\n';
  }
  return exit_code_of(verdict.outcome);
}

[[noreturn]] void no_history_of(std::string_view name, std::string_view model, std::string_view why) {
  throw UsageError(fmt::format("{} is no history of model {}: {}", name, model, why));
}

/// The checks that runs have, on what runs record. Nothing: the values are not unique, which only the general judge can
/// take.
std::optional<int> check_as_run(const std::vector<check::NamedText>& texts, const std::string& name,
                                const check::Model& model, const CheckArguments& arguments) {
  const auto judged = check::judge_history(read_together(texts), model);
  const bool ambiguous = judged.result.outcome == "inconclusive" && judged.problems.empty() &&
                         judged.result.summary.ends_with("cannot be judged");
  if (ambiguous && !model.once) return std::nullopt;
  for (const auto& problem : judged.problems) std::cerr << name << ": " << problem << '\n';
  if (!judged.misfit.empty()) no_history_of(name, model.name, judged.misfit);
  return tell({judged.result.check, judged.result.outcome, judged.result.summary, judged.result.explanation},
              arguments);
}

check::HistoryFormat format_of(const CheckArguments& arguments, const std::vector<check::NamedText>& texts) {
  if (arguments.format == "auto") return check::detect_format(texts.front().text);
  const auto format = check::find_format(arguments.format);
  if (format) return *format;
  std::string known;
  for (const auto& one : check::history_formats()) known += fmt::format("\n  {:<6} {}", one.name, one.summary);
  throw UsageError(
      fmt::format("there is no format '{}'; there are:\n  auto   what it looks like{}", arguments.format, known));
}

check::HistoryOptions options_of(const CheckArguments& arguments, check::HistoryFormat format, check::Values& values) {
  check::HistoryOptions options;
  const auto time = spec::parse_duration(arguments.time_limit);
  if (!time) throw UsageError(fmt::format("--time-limit '{}': {}", arguments.time_limit, time.error().message));
  const auto memory = spec::parse_bytes(arguments.memory_limit);
  if (!memory) throw UsageError(fmt::format("--memory-limit '{}': {}", arguments.memory_limit, memory.error().message));
  options.linear.time = std::chrono::duration_cast<std::chrono::milliseconds>(*time);
  options.linear.memory = static_cast<std::size_t>(memory->count);
  options.linear.refused_cas_counts =
      arguments.failed_cas == "seen" || (arguments.failed_cas == "auto" && format == check::HistoryFormat::log);
  if (!arguments.initial.empty()) {
    try {
      options.linear.initial = check::Scanner(arguments.initial, false).form(values);
    } catch (const check::ScanError& error) {
      throw UsageError(fmt::format("--initial '{}': {}", arguments.initial, error.what()));
    }
  }
  if (!arguments.isolation.empty()) {
    options.transactions.level = check::find_level(arguments.isolation);
    std::string known;
    for (const auto& level : check::isolation_levels()) known += fmt::format("\n  {}", level.name);
    if (options.transactions.level == nullptr)
      throw UsageError(fmt::format("there is no isolation level '{}'; there are:{}", arguments.isolation, known));
  }
  options.bank = {arguments.total, arguments.negative_allowed};
  return options;
}

/// The faults of the run that the history is of, as its journal has them.
void mark_faults(const std::string& path, check::OperationHistory& history) {
  std::error_code error;
  if (path == "-" || !fs::is_directory(path, error)) return;
  std::ifstream journal(fs::path(path) / "journal.jsonl");
  if (!journal) return;
  for (const auto& injection : record::read_run(journal).injections) {
    if (injection.injected < 0) continue;
    history.marks.push_back({injection.injected, injection.reverted < 0 ? check::never : injection.reverted,
                             fmt::format("{} ({})", injection.fault, injection.kind)});
  }
}

void write_picture(const CheckArguments& arguments, check::OperationHistory& history, const check::Finding& finding,
                   std::string_view model) {
  std::string path = arguments.explain;
  if (path == "html") {
    std::error_code error;
    path = arguments.history == "-"                     ? "history.html"
           : fs::is_directory(arguments.history, error) ? (fs::path(arguments.history) / "history.html").string()
                                                        : arguments.history + ".html";
  }
  mark_faults(arguments.history, history);
  errno = 0;
  std::ofstream out(path, std::ios::binary);
  out << check::picture_page(history, finding, std::string(model));
  out.close();
  if (!out) throw UsageError(fmt::format("'{}' cannot be written: {}", path, std::generic_category().message(errno)));
  std::cerr << "picture: " << path << '\n';
}

int check_history(const CheckArguments& arguments) {
  const check::Model* as_run = check::find_model(arguments.model);
  const check::HistoryModel* model = check::find_history_model(as_run != nullptr ? as_run->name : arguments.model);
  if (as_run == nullptr && model == nullptr)
    throw UsageError(fmt::format("there is no model '{}'; there are:{}", arguments.model, known_models()));
  const auto texts = read_files(arguments.history);
  const std::string name = arguments.history == "-" ? "standard input"
                           : texts.size() == 1      ? history_files(arguments.history).front()
                                                    : arguments.history;
  const auto format = format_of(arguments, texts);
  if (as_run != nullptr && format == check::HistoryFormat::lines && arguments.explain.empty() &&
      arguments.initial.empty())
    if (const auto code = check_as_run(texts, name, *as_run, arguments)) return *code;
  if (model == nullptr)
    throw UsageError(fmt::format("a history of model {} has the format \"lines\", and no picture", as_run->name));
  auto history = check::read_operations(texts, format);
  const auto options = options_of(arguments, format, history.values);
  const auto finding = check::judge_history(history, *model, options);
  for (const auto& problem : history.problems) std::cerr << name << ": " << problem << '\n';
  if (!finding.misfit.empty()) no_history_of(name, model->name, finding.misfit);
  if (!arguments.explain.empty()) write_picture(arguments, history, finding, model->name);
  return tell({std::string(model->name), check::to_text(finding.judgement), finding.summary, finding.explanation},
              arguments);
}

void add_options(CLI::App& command, CheckArguments& arguments) {
  command
      .add_option("history", arguments.history,
                  "History file, or the directory of a run that has one; - is standard input")
      ->required();
  command.add_option("--model", arguments.model, "What the history is of:" + known_models())->required();
  command.add_option("--format", arguments.format, "auto, lines, json, edn or log (harness/check/README.md)")
      ->capture_default_str();
  command.add_option("--explain", arguments.explain,
                     "Draw the history and what was found: html for HISTORY.html, or a path to write to");
  command.add_flag("--json", arguments.json, "Print the verdict as one JSON object");
  command.add_option("--initial", arguments.initial, "What a register holds, or a counter counts, at first");
  command
      .add_option(
          "--failed-cas", arguments.failed_cas,
          "A cas that failed was refused for what it saw (seen), or did not happen (removed); auto: seen in logs")
      ->check(CLI::IsMember({"auto", "seen", "removed"}))
      ->capture_default_str();
  command.add_option("--isolation", arguments.isolation,
                     "The level that transactions are to keep (strict-serializable)");
  command.add_option("--total", arguments.total, "What all accounts of a bank sum to; else what the first read says");
  command.add_flag("--negative-allowed", arguments.negative_allowed, "Accounts of a bank may be below zero");
  command.add_option("--time-limit", arguments.time_limit, "For searches, all together")->capture_default_str();
  command.add_option("--memory-limit", arguments.memory_limit, "For searches, all together")->capture_default_str();
}

}  // namespace

void add_check(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("check", "Judge a history that was recorded before, or elsewhere");
  auto arguments = std::make_shared<CheckArguments>();
  add_options(*command, *arguments);
  command->callback([arguments, &session] { session.action = [arguments] { return check_history(*arguments); }; });
}

}  // namespace withstand::cli
