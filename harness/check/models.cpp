#include "check/models.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

#include <fmt/format.h>

#include "check/checker.hpp"

namespace withstand::check {

namespace {

constexpr std::array<Model, 2> all{{
    {"register", "linearizable", "registers with unique values per key; linearizable", false},
    {"write-once", "no-acknowledged-write-lost", "keys written once each and read back at the end; nothing is lost",
     true},
}};

/// Why this is no history of the model; empty when it may be one.
std::string misfit_of(const record::HistoryReading& reading, const Model& model) {
  if (reading.operations.empty() && reading.bad_lines > 0) return "it holds no operation";
  if (!reading.contradiction.empty()) return reading.contradiction;
  std::unordered_map<std::string_view, std::uint64_t> written;
  for (const auto& operation : reading.operations) {
    if (operation.op.empty()) continue;  // its invoke line was lost, and was complained of
    if (operation.op != "read" && operation.op != "write")
      return fmt::format("operation {} is \"{}\", neither a read nor a write", operation.id, operation.op);
    if (operation.op != "write" || !model.once) continue;
    const auto [first, fresh] = written.try_emplace(operation.key, operation.id);
    if (!fresh)
      return fmt::format("key {} is written more than once, by operations {} and {}", operation.key, first->second,
                         operation.id);
  }
  return "";
}

}  // namespace

std::span<const Model> models() { return all; }

const Model* find_model(std::string_view name) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Model& one) { return one.name == name || one.checker == name; });
  return found == all.end() ? nullptr : &*found;
}

HistoryJudgement judge_history(const record::HistoryReading& reading, const Model& model) {
  CheckContext context;
  context.faults_known = false;
  HistoryJudgement judged{{}, misfit_of(reading, model), reading.problems};
  if (!judged.misfit.empty()) return judged;
  judged.result = find_checker(model.checker)->judge(reading.operations, context);
  doubt_for_bad_lines(judged.result, reading.bad_lines, reading.problems);
  return judged;
}

HistoryJudgement judge_history(std::istream& history, const Model& model) {
  return judge_history(record::read_history(history), model);
}

}  // namespace withstand::check
