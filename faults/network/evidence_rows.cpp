#include "network/evidence_rows.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace withstand::faults {

using Judgement = core::EvidenceRow::Judgement;

void EvidenceRows::add(core::EvidenceRow row) {
  if (row.judgement == Judgement::agrees && ++agreeing_ > most) return;
  evidence_.rows.push_back(std::move(row));
}

bool EvidenceRows::show_nothing() const {
  return agreeing_ == 0 && std::none_of(evidence_.rows.begin(), evidence_.rows.end(),
                                        [](const auto& row) { return row.judgement == Judgement::mismatch; });
}

core::Evidence EvidenceRows::finish(const std::string& source) {
  if (agreeing_ > most)
    evidence_.rows.push_back(
        {"further links", "", fmt::format("{} more agree", agreeing_ - most), source, Judgement::informative});
  return std::move(evidence_);
}

std::string plural(std::uint64_t count, const std::string& thing) {
  if (count != 1 && thing == "body") return fmt::format("{} bodies", count);
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

}  // namespace withstand::faults
