#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

/// The run's journal: every event as one JSON line, `{"t":ns,"event":"...",...}`, from one monotonic clock; t counts
/// from the run's epoch.
namespace withstand::record {

struct RunStarted {
  std::string run, title, file, version, kernel, host, wall_time;  ///< wall_time: RFC 3339 UTC, for display only
  std::uint64_t seed = 0;
  std::string target;
  std::map<std::string, std::string> versions;  ///< program -> first line of its version output
  std::vector<std::string> nodes;               ///< clients included
  std::vector<std::string> tags;
  std::string command;           ///< how to run it again
  bool control = false;          ///< --control: no faults
  std::string expected_verdict;  ///< "withstood" or "failed"
  std::vector<std::string> expected_fails;
  std::string path;  ///< of `file`, from the root
};
struct PhaseStarted {
  std::string phase;
};  ///< preflight prepare launch warm-up before during after check rollback tear-down
struct NodeEvent {
  std::string node;
  std::string what;    ///< "started", "ready", "exited", "restarted", "paused", "resumed"
  std::string detail;  ///< "SIGKILL, asked by fault 'kill'", "exit status 3, nobody asked"
  std::int64_t pid = 0;
};
struct InjectionEvent {
  std::string fault, kind;
  std::string what;             ///< "scheduled", "injected", "reverted", "ended" (and not reverted), "skipped", "error"
  std::vector<std::string> on;  ///< nodes or links ("n1→n2") after resolution
  std::string detail;
  std::int64_t due = 0;  ///< when it was to happen; t - due is the injection delay
  int line = 0;          ///< of the fault in the experiment file; 0: not known
};
struct EvidenceEvent {
  std::string fault;
  std::string what, requested, measured, source, judgement;  ///< judgement: agrees, absent, mismatch, informative
};
/// Final word on one injection's evidence.
struct EvidenceVerdict {
  std::string fault, kind;
  bool took_effect = false;
  bool required = true;
  std::string objection;
};
/// One second of load, for series; times in ns, ratios 0..1.
struct LoadSecond {
  std::string op;           ///< "read", "write", or "" for all
  std::int64_t second = 0;  ///< since epoch
  std::uint64_t ok = 0, fail = 0, info = 0, dropped = 0, late = 0;
  std::int64_t p50 = 0, p99 = 0, max = 0;  ///< with several clients of the slowest; LatencySummary is exact
};
struct LatencySummary {
  std::string phase, op;  ///< op "" for all
  std::uint64_t count = 0, ok = 0, fail = 0, info = 0, dropped = 0;
  std::int64_t p50 = 0, p90 = 0, p95 = 0, p99 = 0, p999 = 0, mean = 0, max = 0;  ///< response time (from intended)
  std::int64_t service_p50 = 0, service_p99 = 0;                                 ///< from sent
  std::int64_t second = -1;  ///< since epoch, of the operations that were due in it; -1: of a whole phase
};
struct ProbeSample {
  std::string probe, node;
  bool ok = false;
  std::int64_t took = 0;
  std::string detail;
};
struct ExpectationResult {
  std::string phase, text;  ///< "during", "outage < 8s"
  std::string outcome;      ///< "held", "failed", "inconclusive"
  std::string measured;     ///< "3.21s"
  std::string detail;       ///< why, in words; may be empty
  int line = 0;             ///< in the experiment file
  /// It would have failed by what was refused at once alone, which a busy machine does not explain. Not in the journal.
  bool beyond_excuse = false;
  bool is_safety = false;  ///< no circumstance excuses it: acknowledged data that is lost is lost
};
struct CheckResult {
  std::string check;
  std::string outcome;                   ///< "held", "failed", "inconclusive"
  std::string summary;                   ///< one line
  std::vector<std::string> explanation;  ///< the operations that cannot be reconciled, in words
  int line = 0;                          ///< in the experiment file; 0: not known
};
struct MediumHealth {
  std::string medium;
  bool promise_kept = true;
  std::string detail;
};
/// What the links' packets were taken down in.
struct CaptureEnded {
  std::string file;                                 ///< in the run's directory
  std::uint64_t packets = 0, links = 0, bytes = 0;  ///< in the file
  std::uint64_t missing = 0;                        ///< packets that should be in it
  std::string why;                                  ///< what the file lacks, and why; empty when it is whole
};
struct Note {
  std::string level, text;
};  ///< "info", "warning", "error"
struct RunEnded {
  std::string verdict;  ///< withstood failed inconclusive error skipped aborted
  std::string reason;   ///< one line
  std::vector<std::string> reasons;
  bool as_expected = false;  ///< verdict is what the file says
  int exit_code = 0;
  bool rollback_ok = true;
};

using Event = std::variant<RunStarted, PhaseStarted, NodeEvent, InjectionEvent, EvidenceEvent, EvidenceVerdict,
                           LoadSecond, LatencySummary, ProbeSample, ExpectationResult, CheckResult, MediumHealth,
                           CaptureEnded, Note, RunEnded>;

struct JournalEntry {
  std::int64_t t = 0;
  Event event;
};

/// One line without its newline, keys in a fixed order; valid UTF-8 whatever the input (what is not becomes U+FFFD).
std::string to_line(const JournalEntry& entry);

/// False, and `out` untouched, when it is not a line of ours: torn by a kill, damaged, or an event of a newer version
/// (readers skip those). Missing keys keep their defaults, unknown keys are ignored. Never throws on bad input.
bool from_line(const std::string& line, JournalEntry& out);

/// Hands each line to the kernel before it returns, so that a killed run keeps it. Appends to what is there. The file
/// is not inherited by children. Throws std::system_error when it cannot be written. Not thread-safe.
class JournalWriter {
 public:
  explicit JournalWriter(const std::string& path);
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;
  void write(const JournalEntry& entry);

 private:
  std::string path_;
  int fd_;
};

}  // namespace withstand::record
