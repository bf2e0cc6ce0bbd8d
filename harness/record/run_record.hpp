#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "record/journal.hpp"

namespace withstand::record {

/// One injection with everything the journal says of it.
struct InjectionRecord {
  std::string fault, kind;
  std::vector<std::string> on;
  std::int64_t due = -1, injected = -1, reverted = -1;  ///< ns since epoch; -1: never
  std::string state;                    ///< the last of scheduled, injected, reverted, ended, skipped, error
  std::string detail;                   ///< why, for skipped, ended and error
  int line = 0;                         ///< in the experiment file; 0: not known
  std::vector<EvidenceEvent> evidence;  ///< the last of each `what`
  bool took_effect = false, evidence_required = true;
  bool judged = false;  ///< its evidence has a final word; without one nothing is known of its effect
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
  std::vector<LatencySummary> latencies;            ///< per phase
  std::vector<LatencySummary> latencies_by_second;  ///< all clients together; known at the end of the run
  std::vector<std::pair<std::int64_t, ProbeSample>> probes;
  std::vector<ExpectationResult> expectations;
  std::vector<CheckResult> checks;
  std::vector<MediumHealth> media;
  std::optional<CaptureEnded> capture;
  std::vector<std::pair<std::int64_t, Note>> notes;
  RunEnded end;                    ///< verdict "error", reason "the run did not end" when the journal has no end
  bool complete = false;           ///< the journal has an end
  std::int64_t ended = 0;          ///< time of the last readable line, ns since epoch
  std::uint64_t unread_lines = 0;  ///< damaged, torn or of a newer version; skipped
  std::string directory;           ///< of the run, for links to logs; set by the caller
};

/// Folds one event into the record. Events may come in any order that a journal may have; what belongs to an injection
/// goes to the latest one of that fault.
void apply(RunRecord& run, const JournalEntry& entry);

/// Reads a whole journal, also one that was cut short. Never throws on bad input.
RunRecord read_run(std::istream& journal);

}  // namespace withstand::record
