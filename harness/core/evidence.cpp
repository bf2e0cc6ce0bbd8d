#include "core/evidence.hpp"

#include <algorithm>

namespace withstand::core {

bool Evidence::took_effect() const {
  const auto is = [](EvidenceRow::Judgement judgement) {
    return [judgement](const EvidenceRow& row) { return row.judgement == judgement; };
  };
  return std::any_of(rows.begin(), rows.end(), is(EvidenceRow::Judgement::agrees)) &&
         std::none_of(rows.begin(), rows.end(), is(EvidenceRow::Judgement::absent)) &&
         std::none_of(rows.begin(), rows.end(), is(EvidenceRow::Judgement::mismatch));
}

std::string Evidence::objection() const {
  if (took_effect()) return {};
  for (const auto& row : rows) {
    if (row.judgement == EvidenceRow::Judgement::absent) return row.what + ": no effect seen (" + row.measured + ")";
    if (row.judgement == EvidenceRow::Judgement::mismatch)
      return row.what + ": asked for " + row.requested + ", measured " + row.measured;
  }
  return rows.empty() ? "nothing was measured" : rows.front().what + ": no effect seen (" + rows.front().measured + ")";
}

std::string_view to_text(EvidenceRow::Judgement judgement) {
  switch (judgement) {
    case EvidenceRow::Judgement::agrees:
      return "agrees";
    case EvidenceRow::Judgement::absent:
      return "absent";
    case EvidenceRow::Judgement::mismatch:
      return "mismatch";
    case EvidenceRow::Judgement::informative:
      return "informative";
  }
  return "informative";
}

}  // namespace withstand::core
