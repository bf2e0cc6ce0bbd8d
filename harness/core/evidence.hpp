#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace withstand::core {

/// One comparison that shows whether an injection took effect.
struct EvidenceRow {
  enum class Judgement {
    agrees,       ///< measured is what was requested (exactly, or within the model's own variance)
    absent,       ///< nothing was seen: the fault had no effect
    mismatch,     ///< seen, but not what was requested: decided and observed disagree, or improbable beyond 1e-9
    informative,  ///< shown, not judged
  };
  std::string what;       ///< "delay n1→n2"
  std::string requested;  ///< "40ms ± 5ms"
  std::string measured;   ///< "mean 40.1ms, p99 45.0ms over 1873 packets"
  std::string source;     ///< who saw it: "kernel: waitid", "link fabric egress", "kernel: interface counters"
  Judgement judgement = Judgement::informative;
};

struct Evidence {
  std::vector<EvidenceRow> rows;

  /// No evidence, no pass: at least one row agrees and none is absent or a mismatch.
  [[nodiscard]] bool took_effect() const;
  /// Why not, in words; empty when it did.
  [[nodiscard]] std::string objection() const;
};

std::string_view to_text(EvidenceRow::Judgement judgement);

}  // namespace withstand::core
