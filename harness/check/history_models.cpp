#include "check/history_models.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "check/named/write_skew.hpp"

namespace withstand::check {

namespace {

template <LinearObject object>
Finding linear(const OperationHistory& history, const HistoryOptions& options) {
  return judge_linearizable(history, object, options.linear);
}
template <TransactionKind kind>
Finding transactions(const OperationHistory& history, const HistoryOptions& options) {
  return judge_transactions(history, kind, options.transactions);
}
template <Finding (*judge)(const OperationHistory&)>
Finding plain(const OperationHistory& history, const HistoryOptions& /*options*/) {
  return judge(history);
}
Finding bank(const OperationHistory& history, const HistoryOptions& options) {
  return judge_bank(history, options.bank);
}

constexpr std::array<HistoryModel, 23> all{{
    {"register", "registers, read and written; linearizable", linear<LinearObject::reg>},
    {"cas-register", "registers with compare-and-set; linearizable", linear<LinearObject::cas_register>},
    {"key-value", "texts by key: get, put, append, delete; linearizable", linear<LinearObject::key_value>},
    {"multi-register", "registers read and written several at once; linearizable", linear<LinearObject::registers>},
    {"set", "add, remove, contains, read; linearizable", linear<LinearObject::set>},
    {"counter", "add and read; linearizable", linear<LinearObject::counter>},
    {"queue", "enqueue and dequeue, first in first out; linearizable", linear<LinearObject::queue>},
    {"stack", "push and pop, last in first out; linearizable", linear<LinearObject::stack>},
    {"bag", "enqueue and dequeue in any order; linearizable", linear<LinearObject::bag>},
    {"mutex", "acquire and release; linearizable", linear<LinearObject::mutex>},
    {"list-append", "transactions that append to lists and read them; isolation anomalies",
     transactions<TransactionKind::list_append>},
    {"rw-register", "transactions that write and read registers; isolation anomalies",
     transactions<TransactionKind::rw_register>},
    {"set-full", "every acknowledged add is seen and stays; nothing from nowhere, nothing twice", plain<judge_set>},
    {"counter-bounds", "every read lies within what the adds allow", plain<judge_counter>},
    {"total-queue", "what was enqueued is dequeued once; order does not matter", plain<judge_total_queue>},
    {"unique-ids", "no two operations return the same", plain<judge_unique_ids>},
    {"bank", "accounts always sum to the same total", bank},
    {"lock", "one holder at a time, growing tokens, no stale token accepted", plain<judge_lock>},
    {"lease", "one lease at a time", plain<judge_leases>},
    {"sessions", "each client reads its writes, and nothing goes back for it", plain<judge_sessions>},
    {"monotonic", "versions never go back in real time", plain<judge_monotonic>},
    {"long-fork", "no two reads see two writes in different orders", plain<judge_long_fork>},
    {"write-skew", "of two halves of a pair one is made at most", plain<judge_write_skew>},
}};

}  // namespace

std::span<const HistoryModel> history_models() { return all; }

const HistoryModel* find_history_model(std::string_view name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const HistoryModel& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

Finding judge_history(const OperationHistory& history, const HistoryModel& model, const HistoryOptions& options) {
  Finding out;
  if (history.operations.empty() && history.bad_lines > 0) out.misfit = "it holds no operation";
  if (!history.contradiction.empty()) out.misfit = history.contradiction;
  if (!out.misfit.empty()) return out;
  out = model.judge(history, options);
  if (history.bad_lines == 0 || !out.misfit.empty() || out.judgement == Judgement::inconclusive) return out;
  const char* const why =
      out.judgement == Judgement::held ? "what they said is not known" : "what looks wrong may come of what they said";
  out.summary = fmt::format("{} lines are wrong, the first: {}; {}; of the rest: {}", history.bad_lines,
                            history.problems.front(), why, out.summary);
  out.judgement = Judgement::inconclusive;
  return out;
}

}  // namespace withstand::check
