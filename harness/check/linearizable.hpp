#pragma once

#include "check/checker.hpp"

namespace withstand::check {

/// `linearizable`, for registers whose written values are unique per key (workload "register"). Every key is judged by
/// itself (linearizability is local: M. Herlihy, J. Wing, TOPLAS 12(3), 1990, theorem 1).
///
/// An operation runs from `sent` to `done`. A write of unknown outcome may take effect at any time after it was sent,
/// or never; unanswered reads say nothing. A write that failed, or was never sent, did not happen: reading its value is
/// a violation, as is reading a value that nobody wrote. Before the first write a key holds nothing. The read-back
/// after recovery is left out: it asks nodes that the load would not ask.
///
/// Inconclusive: no write or no read succeeded, no read saw a written value, or a key's values are not unique.
class Linearizable : public Checker {
 public:
  [[nodiscard]] std::string_view name() const override { return "linearizable"; }
  [[nodiscard]] std::string_view summary() const override {
    return "every read sees the latest write, as if each operation happened at one instant";
  }
  [[nodiscard]] bool applies_to(std::string_view workload) const override { return workload == "register"; }
  [[nodiscard]] record::CheckResult judge(std::span<const record::Operation> operations,
                                          const CheckContext& context) const override;
};

}  // namespace withstand::check
