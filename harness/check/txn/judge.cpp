#include "check/txn/judge.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "check/history/words.hpp"
#include "check/txn/cycles.hpp"

namespace withstand::check {

namespace {

void explain(const OperationHistory& history, const Transactions& transactions, const AnomalyList& anomalies,
             const IsolationLevel& level, Finding& out) {
  std::size_t told = 0;
  constexpr std::size_t most_told = 6;
  for (const bool forbidden : {true, false}) {
    for (const auto& [name, found] : anomalies.all()) {
      if (forbids(level, name) != forbidden || told++ >= most_told) continue;
      const TransactionAnomaly& example = found.examples.front();
      out.explanation.push_back(fmt::format("{}{}{}:", name,
                                            found.count > 1 ? fmt::format(" ({} found)", found.count) : "",
                                            forbidden ? "" : fmt::format(", which {} allows", level.name)));
      for (std::size_t i = 0; i < example.transactions.size(); ++i) {
        const std::uint32_t index = transactions.all[example.transactions[i]].index;
        out.explanation.push_back(fmt::format("  T{} is {}", i + 1, operation_text(history, index)));
        if (forbidden) out.culprits.push_back(index);
      }
      out.explanation.push_back("  " + example.text + ".");
    }
  }
  std::sort(out.culprits.begin(), out.culprits.end());
  out.culprits.erase(std::unique(out.culprits.begin(), out.culprits.end()), out.culprits.end());
}

std::uint64_t reads_from_others(const DependencyGraph& graph) {
  return static_cast<std::uint64_t>(std::count_if(graph.edges().begin(), graph.edges().end(), [](const auto& edge) {
    return (edge.why & (depends::wr | depends::rw)) != 0;
  }));
}

}  // namespace

Finding judge_transactions(const OperationHistory& history, TransactionKind kind, const TransactionOptions& options) {
  Finding out;
  const IsolationLevel& level = options.level != nullptr ? *options.level : *find_level("strict-serializable");
  const Transactions transactions = read_transactions(history, kind);
  out.misfit = transactions.misfit;
  if (!out.misfit.empty()) return out;
  const bool real_time = minds_real_time(level) && !history.completions_only;
  // Weaker levels let a client's later transaction see an earlier version.
  const bool sessions = forbids(level, "G-single-item-process") && !history.completions_only;
  const VersionOrder order = real_time  ? VersionOrder::real_time
                             : sessions ? VersionOrder::sessions
                                        : VersionOrder::observed;
  TransactionFacts facts = kind == TransactionKind::list_append ? list_append_facts(history, transactions)
                                                                : rw_register_facts(history, transactions, order);
  out.misfit = facts.misfit;
  if (!out.misfit.empty()) return out;
  const std::uint64_t saw = reads_from_others(facts.graph);
  if (minds_processes(level) && !history.completions_only) add_time(history, transactions, real_time, facts.graph);
  facts.graph.close();
  find_cycles(history, transactions, facts);

  std::set<std::string> all, forbidden;
  for (const auto& [name, found] : facts.anomalies.all()) {
    all.insert(name);
    if (forbids(level, name)) forbidden.insert(name);
  }
  const auto committed = std::count_if(transactions.all.begin(), transactions.all.end(),
                                       [](const Transaction& one) { return one.committed(); });
  explain(history, transactions, facts.anomalies, level, out);
  const std::string counts = fmt::format("{} of {} transactions committed", committed, transactions.all.size());
  if (!forbidden.empty()) {
    out.judgement = Judgement::failed;
    out.summary = fmt::format("not {}: {}; not even {} ({})", level.name, fmt::join(forbidden, ", "),
                              fmt::join(weakest_ruled_out(all), ", "), counts);
  } else if (committed == 0 || saw == 0) {
    out.judgement = Judgement::inconclusive;
    out.summary = committed == 0 ? "no transaction committed" : "no transaction depends on what another read or wrote";
  } else {
    out.summary = fmt::format("no anomaly that {} forbids{} ({})", level.name,
                              all.empty() ? "" : fmt::format("; there are {}", fmt::join(all, ", ")), counts);
  }
  return out;
}

}  // namespace withstand::check
