#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "spec/diagnostic.hpp"
#include "spec/parameter.hpp"
#include "spec/target.hpp"
#include "spec/threshold.hpp"
#include "spec/units.hpp"

/// The experiment file as plain structs, after parsing and checking. Value types; no thread rules.
namespace withstand::spec {

/// Whom a fault or probe concerns, as written: a node's name ("n1", "redis-2"), a kind ("redis"), "KIND:ROLE", "all",
/// "any" (one, drawn), "minority", "majority", "KIND:any", "KIND:minority", ..., or a client's name. Resolved at the
/// moment of injection, then fixed.
struct Selector {
  std::string text;
  Position at;
};

/// When an injection starts.
struct Trigger {
  enum class Kind {
    at,     ///< `at`: offset from the start of the `during` phase
    fault,  ///< `when = { fault = NAME, after = DURATION }`: measured from that fault's injection
    log,    ///< `when = { log = REGEX, on = SELECTOR, after = DURATION }`: a matching line of stdout or stderr, from
            ///< `during` on
    role,   ///< `when = { role = "primary", on = KIND, after = DURATION }`: another node takes the role than held it at
            ///< the start of `during`
  };
  Kind kind = Kind::at;
  Duration offset{};    ///< `at`, or `after`
  std::string fault;    ///< Kind::fault
  std::string pattern;  ///< Kind::log: regular expression, see spec/pattern.hpp
  std::string role;     ///< Kind::role
  std::optional<Selector> on;
  Position at;
};

struct FaultSpec {
  std::string name;  ///< given, or the kind plus a digest of the fault's table
  std::string kind;
  std::optional<Selector> on, from, to;
  Trigger trigger;
  std::optional<Duration> lasts;            ///< `for`; absent: until the end of `during`
  std::map<std::string, Value> parameters;  ///< every parameter of the kind that was given or has a default
  std::set<std::string> given{};            ///< the names of those that the file gives
  bool evidence_required = true;            ///< false: `evidence = "optional"`
  Position at;                              ///< of the [[fault]] header
};

/// One thing observed again and again. Exactly one of the sources is set.
struct ProbeSpec {
  enum class Source { http, tcp, command, log, prometheus };
  std::string name;
  Source source = Source::tcp;
  std::string
      text;  ///< URL, "host:port" or command line with placeholders {node} {address} {address6} {port} {port.NAME}
             ///< {NODE.address} ... (spec/template.hpp); for log a regular expression without placeholders
  std::optional<Selector> on;  ///< each selected node is probed; absent: once, from the client
  Duration every = std::chrono::seconds(1);
  Duration timeout = std::chrono::seconds(1);
  int status = 200;     ///< http: expected status
  std::string body;     ///< http/command: regular expression that the body/output must match; may be empty
  std::string pointer;  ///< http: JSON pointer (RFC 6901) into the body; may be empty
  std::string equals;   ///< http: what the pointed value must be, as JSON text
  std::string metric;   ///< prometheus: sample name with labels, e.g. `kv_ops_total{op="read"}`
  std::optional<double> minimum, maximum;  ///< prometheus: accepted range
  int exit_status = 0;                     ///< command
  bool absent = false;                     ///< log: true when the line must never appear
  std::optional<Ratio> tolerance;          ///< share of failed samples that is tolerated per phase; the reader adds the
                                   ///< expectation "probe.NAME >= 1 - tolerance" to ExpectSpec's before and after
  Position at;
};

/// How often operations are due, where it is not the same all the time.
struct RateShape {
  /// From `rate` to this one in a straight line, from the start of the load; or, with `each_phase`, from the start of
  /// before, during and after each, and `rate` again when `over` has passed.
  struct Ramp {
    Rate to;
    Duration over{};
    bool each_phase = false;
  };
  /// rate * (1 + swing * sin(2 pi t / period))
  struct Sine {
    Ratio swing;
    Duration period{};
  };
  struct Step {
    Duration lasting{};
    Rate rate;
  };
  std::optional<Ramp> ramp;
  std::optional<Sine> sine;
  std::vector<Step> steps;  ///< one after the other; the last one's rate holds
  std::string trace;        ///< a file of arrival times, absolute path; empty: none
};

/// How often each key is chosen. Neither set: all alike.
struct KeyShape {
  double zipf = 0;    ///< exponent of Zipf's law, 0: none
  Ratio hot_keys{};   ///< share of the keys that are hot, 0: none
  Ratio hot_share{};  ///< of the operations that go to those
};

struct LoadSpec {
  std::string workload;  ///< one of workloads() in spec/vocabulary.hpp
  std::string driver;    ///< empty: the target's
  /// driver "exec": the program that speaks JSON lines. Templates: {target}, {build}, {NODE...}, {LISTNAME}. A relative
  /// path starts at the folder of the experiment file, where the program runs too.
  std::vector<std::string> command;
  std::map<std::string, std::string> options;  ///< of the driver, (T) as Target::driver_options; each replaces its own
  Rate rate{100'000};
  std::map<std::string, std::int64_t> mix;  ///< weights per operation kind; empty: the workload's default
  std::int64_t keys = 16;
  Bytes value_size{16};
  std::vector<std::pair<Bytes, std::int64_t>> value_sizes;  ///< with weights; empty: all have `value_size`
  std::string arrival = "constant";                         ///< or "poisson"
  RateShape shape;
  KeyShape popularity;
  std::int64_t users = 0;  ///< closed loop: so many take turns, each client's share of them; 0: open loop
  Duration think{};        ///< closed loop: mean time from an answer to the user's next operation
  Duration hold = std::chrono::milliseconds(20);  ///< workload "lock": how long a holder keeps it
  std::vector<Threshold> slo;  ///< what must hold of a second for the rate offered in it to count as `capacity`
  Duration timeout = std::chrono::seconds(1);
  std::int64_t clients = 1;  ///< client nodes: client (or client-1, client-2, ...)
  std::int64_t in_flight =
      256;  ///< most operations under way at once, per client; beyond it an operation is dropped, and counted
  Position at;
};

struct PhasesSpec {
  Duration warm_up = std::chrono::seconds(1);
  Duration before = std::chrono::seconds(5);
  Duration during = std::chrono::seconds(20);
  Duration after = std::chrono::seconds(5);
};

struct LimitsSpec {
  std::string down;  ///< empty, "minority", or a number: how many nodes of one kind may be down or paused at once
  std::optional<Duration> max_duration;  ///< longest single injection
  Position at;
};

/// `capture`: every packet of every link, with what was decided on it, in RUN/capture.pcapng.
struct CaptureSpec {
  Bytes snap{512};           ///< of each packet; 64 B to 64 KiB
  Bytes limit{256LL << 20};  ///< of the file; 64 KiB or more
};

struct ExpectSpec {
  std::vector<Threshold> before, during, after;
  std::vector<std::string> checks;  ///< of checks() in spec/vocabulary.hpp
  /// An expectation holds or fails only where the 95 % confidence interval of its figure is on one side of the limit.
  bool confident = false;
  /// Exits that are allowed although no fault asked for them: "KIND:CODE", "NODE:SIGNAL", e.g. "redis:0", "n1:SIGABRT".
  std::vector<std::string> exits;
};

/// What a file that is meant to fail says about its verdict.
struct ExpectedVerdict {
  std::string verdict = "withstood";  ///< or "failed"
  std::vector<std::string> fails;     ///< names: a check, or "PHASE: EXPRESSION", "exit: NODE", "ready: NODE"
  std::vector<std::string> may_fail;
};

struct Experiment {
  std::string file;  ///< path as given on the command line
  std::string title;
  std::optional<std::uint64_t> seed;
  std::vector<std::string> tags;
  ExpectedVerdict expected;
  Target target;                              ///< resolved: `use` loaded, or the inline table
  std::map<std::string, std::int64_t> nodes;  ///< how many of each kind
  /// `[target] args`, appended to the commands of each kind's nodes.
  std::map<std::string, std::vector<std::string>> extra_args;
  std::map<std::string, std::string> extra_env;
  Bytes log_limit{64LL << 20};  ///< of each of a node's stdout and stderr
  std::optional<LoadSpec> load;
  PhasesSpec phases;
  std::optional<CaptureSpec> capture;
  std::vector<ProbeSpec> probes;
  std::vector<FaultSpec> faults;  ///< in file order
  LimitsSpec limits;
  std::vector<StopCondition> stop;
  ExpectSpec expect;
  std::vector<std::string> requires_;  ///< `requires = ["tun"]`: features beyond those the faults need (doctor's names)
};

/// Whether the target could fail at all: an expectation of a phase, a probe's tolerance (it is one), a check, or an
/// exit that `fails` counts on. With faults, that of `before` is none: it is over when they begin. Exits that nobody
/// asked for are held against every target, but expect nothing of it.
[[nodiscard]] inline bool expects_something(const Experiment& experiment) {
  const ExpectSpec& expect = experiment.expect;
  const bool steady = !expect.before.empty() && experiment.faults.empty();
  return steady ||
         !(expect.during.empty() && expect.after.empty() && expect.checks.empty() && experiment.expected.fails.empty());
}

}  // namespace withstand::spec
