#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "record/journal.hpp"

namespace withstand::record {

/// One injection with everything the journal says of it.
struct InjectionRecord {
  std::string fault, kind;
  std::vector<std::string> on;
  std::int64_t due = -1, injected = -1, reverted = -1;  ///< ns since epoch; -1: never
  std::string detail;
  std::vector<EvidenceEvent> evidence;  ///< the last of each `what`
  bool took_effect = false, evidence_required = true;
  std::string objection;
};

struct PhaseRecord {
  std::string phase;
  std::int64_t from = 0, to = 0;
};

/// A whole run as the reports need it, folded from its journal alone.
struct RunRecord {
  RunStarted start;
  std::vector<PhaseRecord> phases;
  std::vector<InjectionRecord> injections;
  std::vector<std::pair<std::int64_t, NodeEvent>> node_events;
  std::vector<LoadSecond> seconds;
  std::vector<LatencySummary> latencies;
  std::vector<std::pair<std::int64_t, ProbeSample>> probes;
  std::vector<ExpectationResult> expectations;
  std::vector<CheckResult> checks;
  std::vector<MediumHealth> media;
  std::vector<std::pair<std::int64_t, Note>> notes;
  RunEnded end;  ///< verdict "error", reason "the run did not end" when the journal has no end
  bool complete = false;
  std::string directory;  ///< of the run, for links to logs
};

RunRecord read_run(std::istream& journal);

}  // namespace withstand::record
