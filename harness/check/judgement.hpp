#pragma once

#include <string>

namespace withstand::check {

/// The outcome of one expectation or check. Inconclusive is never reported as a pass: too little was seen to judge.
enum class Judgement { held, failed, inconclusive };

/// "held", "failed", "inconclusive": the words of the journal.
std::string to_text(Judgement judgement);

/// False beats unknown beats true.
Judgement worse(Judgement a, Judgement b);

}  // namespace withstand::check
