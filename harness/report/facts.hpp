#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "record/run_record.hpp"

/// What every reporter says in the same words, derived from a run record. Texts are raw: clean or escape them.
namespace withstand::report {

/// "experiments/network/kv-partition.toml" → "network.kv-partition"; of a path from elsewhere the last folder and the
/// name. Never empty.
std::string experiment_name(const std::string& file);

/// The same for each run, told apart where a name comes more than once: "network.kv-partition",
/// "network.kv-partition#2".
std::vector<std::string> unique_names(const std::vector<record::RunRecord>& runs);

/// "withstood", "failed, as expected", "withstood, but its file expects failed", ...
std::string headline(const record::RunRecord& run);

/// The reasons without the first, headlining one.
std::vector<std::string> further_reasons(const record::RunRecord& run);

/// A time on the run's clock as a file counts it, from the start of its phase: "during+3.200s"; "3.200s" before any
/// phase. All of a person's reports speak so.
std::string phase_time(const record::RunRecord& run, std::int64_t t);
/// The same, always from the start of `during` where there is one: what `at` in a fault counts from.
std::string fault_time(const record::RunRecord& run, std::int64_t t);

/// One word for colours and counts: "good" (as it should be), "bad" (failed, error, rollback failed), "doubt"
/// (inconclusive, aborted), "skipped".
enum class Standing { good, bad, doubt, skipped };
Standing standing(const record::RunRecord& run);

/// Whether an injection has what its verdict asks for, and the words when it has not.
struct Effect {
  bool proven = false;  ///< it took effect
  bool needed = true;   ///< without proof the run is inconclusive
  std::string words;    ///< "took effect", "no evidence: ...", "never injected: ..."
};
Effect effect(const record::InjectionRecord& injection);

/// Exits, restarts, pauses and what follows them, but neither the first start of a node nor its end at tear-down.
std::vector<std::pair<std::int64_t, record::NodeEvent>> notable_node_events(const record::RunRecord& run);

struct ProbeTotal {
  std::string probe;
  std::uint64_t ok = 0, all = 0;
  std::string last_failure;  ///< "n2: connection refused"; empty when none failed
};
std::vector<ProbeTotal> probe_totals(const record::RunRecord& run);  ///< in order of first appearance

/// What the capture holds: "1,234 packets of 12 links, 0.4 MiB".
std::string capture_size(const record::CaptureEnded& capture);

/// Whether the file says that this failed: its name ("linearizable", "after: errors == 0%") is in `fails`.
bool expected_to_fail(const record::RunRecord& run, const std::string& name);

/// The name of an expectation in `fails`: "after: errors == 0%".
std::string name_of(const record::ExpectationResult& expectation);

}  // namespace withstand::report
