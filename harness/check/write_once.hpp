#pragma once

#include "check/checker.hpp"

namespace withstand::check {

/// `no-acknowledged-write-lost`, for keys that are written once each (workload "write-once") and read back after
/// recovery through every live node (Operation::final_read).
///
/// Failed: a live node's read-back that began after a key was acknowledged returned nothing or another value; or any
/// read, of the load or the read-back, returned a value that was never attempted on that key, whose write failed, or
/// whose write began only after the read had ended. A write of unknown
/// outcome may be there or not; how many were recovered is reported. "Every live node" is meant: a system that lets a
/// node answer without what was acknowledged has lost it for the users of that node.
///
/// Inconclusive: no write was acknowledged, nothing was read back, some acknowledged key could not be read back through
/// a live node (which is named), or a key was written more than once.
class NoAcknowledgedWriteLost : public Checker {
 public:
  [[nodiscard]] std::string_view name() const override { return "no-acknowledged-write-lost"; }
  [[nodiscard]] std::string_view summary() const override {
    return "every write that was acknowledged can be read back through every live node";
  }
  [[nodiscard]] bool applies_to(std::string_view workload) const override { return workload == "write-once"; }
  [[nodiscard]] record::CheckResult judge(std::span<const record::Operation> operations,
                                          const CheckContext& context) const override;
};

}  // namespace withstand::check
