#pragma once

#include <span>
#include <string_view>

#include "check/history/history.hpp"
#include "check/linear/judge.hpp"
#include "check/named/named.hpp"
#include "check/txn/judge.hpp"

/// What a history that stands alone can be judged as: `withstand check HISTORY --model M`.
namespace withstand::check {

struct HistoryOptions {
  LinearOptions linear;
  TransactionOptions transactions;
  BankOptions bank;
};

struct HistoryModel {
  std::string_view name;
  std::string_view summary;  ///< one line for people
  Finding (*judge)(const OperationHistory& history, const HistoryOptions& options);
};

std::span<const HistoryModel> history_models();
/// nullptr when there is none of that name.
const HistoryModel* find_history_model(std::string_view name);

/// A history that contradicts itself, or holds nothing, is a misfit; one with lines that could not be read is neither
/// held nor failed, for what looks like a violation may come of what is missing.
Finding judge_history(const OperationHistory& history, const HistoryModel& model, const HistoryOptions& options);

}  // namespace withstand::check
