#include "check/workload_checks.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <vector>

#include "check/describe.hpp"
#include "check/history/history.hpp"
#include "check/history/scanner.hpp"
#include "check/linear/judge.hpp"
#include "check/named/named.hpp"
#include "check/named/write_skew.hpp"
#include "check/txn/judge.hpp"

namespace withstand::check {

namespace {

using record::Operation;
using record::Outcome;

Value value_of(const Operation& operation, Values& values) {
  if (!operation.value) return {};
  if (!operation.json) return values.text(*operation.value);
  return Scanner(*operation.value, true).form(values);
}

/// Operations that are given nothing: their value is what they got.
bool only_gets(const Operation& operation) {
  return operation.op == "read" || operation.op == "dequeue" || operation.op == "generate" ||
         operation.op == "acquire" || operation.op == "inc";
}

/// A run's operations as a history of any model. Where the reader of lines has a line, they have their id.
OperationHistory history_of(std::span<const Operation> operations) {
  OperationHistory out;
  out.timed = true;
  std::vector<const Operation*> by_begin;
  for (const Operation& operation : operations) by_begin.push_back(&operation);
  std::stable_sort(by_begin.begin(), by_begin.end(), [](const auto* a, const auto* b) { return a->sent < b->sent; });
  std::unordered_map<std::uint32_t, std::uint32_t> processes;
  for (const Operation* operation : by_begin) {
    const auto [process, fresh] =
        processes.try_emplace(operation->process, static_cast<std::uint32_t>(out.processes.size()));
    if (fresh) out.processes.push_back(std::to_string(operation->process));
    HistoryOperation one;
    one.begin = one.begin_time = operation->sent;
    one.end_time = operation->done;
    const bool ended = operation->outcome == Outcome::ok || operation->outcome == Outcome::fail;
    if (ended) one.end = operation->done;
    one.process = process->second;
    one.line = static_cast<std::uint32_t>(operation->id);
    one.outcome = operation->outcome;
    one.final_read = operation->final_read;
    one.f = out.values.text(operation->op);
    if (!operation->key.empty()) one.key = out.values.text(operation->key);
    one.output = value_of(*operation, out.values);
    if (!only_gets(*operation)) one.input = one.output;
    if (!operation->node.empty()) one.node = out.values.text(operation->node);
    if (!operation->error.empty()) one.error = out.values.text(operation->error);
    out.operations.push_back(one);
  }
  return out;
}

/// What judges of files call a line is an operation's number here.
std::string without_lines(std::string text) {
  constexpr std::string_view line = ". line ";
  if (const auto at = text.find(line); at != std::string::npos) text.replace(at, line.size(), ". operation ");
  return text;
}

class HistoryChecker : public Checker {
 public:
  using Judge = Finding (*)(const OperationHistory&);
  constexpr HistoryChecker(std::string_view name, std::string_view workload, std::string_view summary, Judge rule)
      : name_(name), workload_(workload), summary_(summary), rule_(rule) {}
  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::string_view summary() const override { return summary_; }
  [[nodiscard]] bool applies_to(std::string_view workload) const override { return workload == workload_; }

  [[nodiscard]] record::CheckResult judge(std::span<const Operation> operations,
                                          const CheckContext& context) const override {
    const OperationHistory history = history_of(operations);
    Finding finding = rule_(history);
    record::CheckResult out{std::string(name_), to_text(finding.judgement), std::move(finding.summary), {}};
    if (!finding.misfit.empty()) {
      out.outcome = to_text(Judgement::inconclusive);
      out.summary = std::move(finding.misfit);
    }
    for (auto& line : finding.explanation) out.explanation.push_back(without_lines(std::move(line)));
    if (!finding.culprits.empty() && context.faults_known) {
      Window when{INT64_MAX, 0};
      for (const auto culprit : finding.culprits) {
        const auto& one = history.operations[culprit];
        when.from = std::min(when.from, one.begin_time);
        when.to = std::max(when.to, one.end_time);
      }
      out.explanation.push_back(faults_active(context.faults, when, context.phases));
    }
    return out;
  }

 private:
  std::string_view name_, workload_, summary_;
  Judge rule_;
};

Finding bank(const OperationHistory& history) { return judge_bank(history, {}); }
Finding cas_register(const OperationHistory& history) {
  return judge_linearizable(history, LinearObject::cas_register, {});
}

template <int level>
Finding isolation(const OperationHistory& history) {
  constexpr std::array names{"read-committed", "repeatable-read", "snapshot-isolation", "serializable",
                             "strict-serializable"};
  TransactionOptions options;
  options.level = find_level(names[level]);
  return judge_transactions(history, TransactionKind::list_append, options);
}

const HistoryChecker all[] = {
    {"linearizable", "cas-register", "one register per key, with compare-and-set", cas_register},
    {"set-full", "set", "every acknowledged element stays, and none comes from nowhere", judge_set},
    {"counter-bounds", "counter", "every read lies within what the adds allow", judge_counter},
    {"total-queue", "queue", "what was put in comes out once", judge_total_queue},
    {"unique-ids", "unique-ids", "no value was given twice", judge_unique_ids},
    {"bank", "bank", "every read finds the same total", bank},
    {"lock", "lock", "one holder at a time, and growing tokens", judge_lock},
    {"write-skew", "write-skew", "no pair has both halves", judge_write_skew},
    {"long-fork", "long-fork", "no two reads saw two writes in opposite orders", judge_long_fork},
    {"monotonic", "monotonic", "no counter goes back in real time", judge_monotonic},
    {"sessions", "session", "users read their own writes, and nothing goes back for them", judge_sessions},
    {"read-committed", "append", "no anomaly that read committed forbids", isolation<0>},
    {"repeatable-read", "append", "no anomaly that repeatable read forbids", isolation<1>},
    {"snapshot-isolation", "append", "no anomaly that snapshot isolation forbids", isolation<2>},
    {"serializable", "append", "no anomaly that serializability forbids", isolation<3>},
    {"strict-serializable", "append", "serializable in an order that respects real time", isolation<4>},
};

}  // namespace

std::span<const Checker* const> workload_checkers() {
  static const auto pointers = [] {
    std::array<const Checker*, std::size(all)> out{};
    std::transform(std::begin(all), std::end(all), out.begin(), [](const HistoryChecker& one) { return &one; });
    return out;
  }();
  return pointers;
}

}  // namespace withstand::check
