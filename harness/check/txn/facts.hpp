#pragma once

#include <map>
#include <string>
#include <vector>

#include "check/txn/graph.hpp"
#include "check/txn/transactions.hpp"

/// What a history of transactions says by itself, before cycles are looked for.
namespace withstand::check {

/// Something that no transaction of a certain isolation level does.
struct TransactionAnomaly {
  std::string name;                         ///< as in levels.hpp
  std::vector<std::uint32_t> transactions;  ///< into Transactions::all; in the order of the text
  std::string text;                         ///< why, with the transactions as T1, T2, ... in that order
};

/// Examples by name, and how many there were. A history may have one of a kind in every transaction.
class AnomalyList {
 public:
  void add(TransactionAnomaly anomaly) {
    constexpr std::size_t most_examples = 3;
    auto& [count, examples] = found_[anomaly.name];
    ++count;
    if (examples.size() < most_examples) examples.push_back(std::move(anomaly));
  }
  struct Found {
    std::uint64_t count = 0;
    std::vector<TransactionAnomaly> examples;
  };
  [[nodiscard]] const std::map<std::string, Found>& all() const { return found_; }
  [[nodiscard]] bool has(const std::string& name) const { return found_.contains(name); }

 private:
  std::map<std::string, Found> found_;
};

struct TransactionFacts {
  explicit TransactionFacts(const Transactions& transactions)
      : graph(static_cast<std::uint32_t>(transactions.all.size())) {}
  DependencyGraph graph;  ///< not closed yet
  AnomalyList anomalies;
  std::string misfit;
};

/// Lists that transactions append to: the longest list read of a key is the order of its versions.
TransactionFacts list_append_facts(const OperationHistory& history, const Transactions& transactions);

/// What tells which of two versions of a register came first, beside what transactions read and then wrote.
enum class VersionOrder {
  observed,   ///< nothing
  sessions,   ///< what one client saw or wrote earlier; each key by itself
  real_time,  ///< what had ended before what began, whoever did it; includes sessions
};

/// Registers: a read names the write it saw; what came before what follows from the initial nothing, from transactions
/// that read a version and wrote the next, and from `order`. (P. Alvaro, K. Kingsbury, "Elle", VLDB 2020, infer
/// versions in these ways, too.)
TransactionFacts rw_register_facts(const OperationHistory& history, const Transactions& transactions,
                                   VersionOrder order);

/// What both kinds share: two committed transactions that read the same version of a key and both wrote it next.
struct VersionRead {
  std::uint32_t key = 0, version = 0, transaction = 0;
};
void find_lost_updates(const OperationHistory& history, const Transactions& transactions,
                       std::vector<VersionRead> reads, AnomalyList& out);

}  // namespace withstand::check
