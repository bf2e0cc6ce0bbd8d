#include "check/judgement.hpp"

namespace withstand::check {

std::string to_text(Judgement judgement) {
  switch (judgement) {
    case Judgement::held:
      return "held";
    case Judgement::failed:
      return "failed";
    case Judgement::inconclusive:
      break;
  }
  return "inconclusive";
}

Judgement worse(Judgement a, Judgement b) {
  if (a == Judgement::failed || b == Judgement::failed) return Judgement::failed;
  if (a == Judgement::inconclusive || b == Judgement::inconclusive) return Judgement::inconclusive;
  return Judgement::held;
}

}  // namespace withstand::check
