#pragma once

#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "record/history.hpp"
#include "record/journal.hpp"

/// Judging a history that stands alone: `withstand check HISTORY --model M`.
namespace withstand::check {

struct Model {
  std::string_view name;     ///< "register", "write-once"
  std::string_view checker;  ///< the checker that judges it
  std::string_view summary;  ///< one line for people
  bool once;                 ///< a key is written once at most
};

std::span<const Model> models();
/// nullptr when there is none of that name. A checker's name works too ("linearizable").
const Model* find_model(std::string_view name);

struct HistoryJudgement {
  record::CheckResult result;
  std::string misfit;  ///< why the history is none of this model: then nothing was judged, and `result` is empty
  std::vector<std::string> problems;  ///< lines that could not be read; with any, no history holds and none fails
};

/// A history of another model gets no verdict: it holds operations that are neither reads nor writes, or it is to be
/// write-once and a key was written twice. Nor does a text that holds no operation at all, only lines of another kind,
/// nor one that contradicts itself (record::HistoryReading::contradiction).
HistoryJudgement judge_history(std::istream& history, const Model& model);
HistoryJudgement judge_history(const record::HistoryReading& reading, const Model& model);

}  // namespace withstand::check
