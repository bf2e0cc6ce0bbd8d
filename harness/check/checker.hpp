#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "check/judgement.hpp"
#include "check/windows.hpp"
#include "record/history.hpp"
#include "record/journal.hpp"

namespace withstand::check {

/// What a checker may know beside the history.
struct CheckContext {
  std::vector<PhaseWindow> phases;
  std::vector<FaultWindow> faults;
  bool faults_known = true;  ///< false: nobody can say which faults were active (a history that stands alone)
  std::vector<std::string> live_nodes;       ///< that serve clients and were up at the read-back; empty: those it asked
  std::vector<std::string> operation_kinds;  ///< of the load's mix ("read", "write"); empty: those in the history
};

/// A judge of a whole history: held, failed, or inconclusive with the reason; never held on too little evidence.
/// Stateless, safe from any thread.
class Checker {
 public:
  virtual ~Checker() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;     ///< as in `checks = [...]`
  [[nodiscard]] virtual std::string_view summary() const = 0;  ///< one line for people
  [[nodiscard]] virtual bool applies_to(std::string_view workload) const = 0;
  [[nodiscard]] virtual record::CheckResult judge(std::span<const record::Operation> operations,
                                                  const CheckContext& context) const = 0;
};

/// Every checker, by name.
std::span<const Checker* const> checkers();
/// nullptr when there is none of that name, for that workload; for "" the first of that name.
const Checker* find_checker(std::string_view name, std::string_view workload = {});

/// What a history with lines that could not be read says is not known: a violation may be the doing of what is missing.
/// With any such line the result is inconclusive, whatever it was.
void doubt_for_bad_lines(record::CheckResult& result, std::uint64_t bad_lines, std::span<const std::string> problems);

/// Guards every run with load against a vacuous pass: each kind of operation succeeded at least once, else
/// inconclusive. Its name is "load"; not among checkers(), since every run with load gets it.
record::CheckResult judge_load(std::span<const record::Operation> operations, const CheckContext& context);

}  // namespace withstand::check
