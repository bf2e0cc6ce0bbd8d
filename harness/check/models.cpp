#include "check/models.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "check/checker.hpp"

namespace withstand::check {

namespace {

constexpr std::array<Model, 2> all{{
    {"register", "linearizable", "registers with unique values per key; linearizable"},
    {"write-once", "no-acknowledged-write-lost", "keys written once each and read back at the end; nothing is lost"},
}};

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
  HistoryJudgement judged{find_checker(model.checker)->judge(reading.operations, context), reading.problems};
  if (!judged.problems.empty() && judged.result.outcome == to_text(Judgement::held)) {
    judged.result.outcome = to_text(Judgement::inconclusive);
    judged.result.summary =
        fmt::format("{} lines could not be read; of the rest: {}", judged.problems.size(), judged.result.summary);
  }
  return judged;
}

HistoryJudgement judge_history(std::istream& history, const Model& model) {
  return judge_history(record::read_history(history), model);
}

}  // namespace withstand::check
