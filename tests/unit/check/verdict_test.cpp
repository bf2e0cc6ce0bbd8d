#include "check/verdict.hpp"

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace withstand::check {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

/// One ingredient of a run; a row of the table is a list of them. Whatever is not named went well.
using Ingredient = std::function<void(VerdictInput&)>;

Ingredient expectation(std::string phase, std::string text, std::string outcome) {
  return [=](VerdictInput& in) { in.expectations.push_back({phase, text, outcome, "7%", "", 0}); };
}
Ingredient check(std::string name, std::string outcome) {
  return [=](VerdictInput& in) { in.checks.push_back({name, outcome, "because", {}}); };
}
Ingredient evidence(bool took_effect, bool required = true) {
  return [=](VerdictInput& in) {
    in.evidence.push_back(
        {"cut", "network.partition", took_effect, required, took_effect ? "" : "nothing was refused"});
  };
}
Ingredient expects_failure(std::vector<std::string> fails, std::vector<std::string> may_fail = {}) {
  return [=](VerdictInput& in) { in.expected = {"failed", fails, may_fail}; };
}

const Ingredient steady = expectation("before", "errors == 0%", "held");
const Ingredient unsteady = expectation("before", "errors == 0%", "failed");
const Ingredient steady_unknown = expectation("before", "errors == 0%", "inconclusive");
const Ingredient slo_held = expectation("after", "errors == 0%", "held");
const Ingredient slo_failed = expectation("after", "errors == 0%", "failed");
const Ingredient slo_unknown = expectation("after", "errors == 0%", "inconclusive");
const Ingredient probe_failed = expectation("during", "probe.ping >= 95%", "failed");
const Ingredient safe = check("linearizable", "held");
const Ingredient unsafe = check("linearizable", "failed");
const Ingredient safety_unknown = check("linearizable", "inconclusive");
const Ingredient exited = check("exit: n2", "failed");
const Ingredient effective = evidence(true);
const Ingredient ineffective = evidence(false);
const Ingredient optional_ineffective = evidence(false, false);
const Ingredient overload = [](VerdictInput& in) { in.media.push_back({"link fabric", false, "12 packets late"}); };
const Ingredient healthy = [](VerdictInput& in) { in.media.push_back({"link fabric", true, ""}); };
const Ingredient out_of_memory = [](VerdictInput& in) { in.host_out_of_memory = "oom_kill rose by 1"; };
const Ingredient stalled = [](VerdictInput& in) { in.media.push_back({"harness", false, "it stood still"}); };
Ingredient crowded(std::string phase) {
  return [=](VerdictInput& in) { in.crowd[phase] = "other programs used 1.4 of 2 processors"; };
}
const Ingredient stopped = [](VerdictInput& in) { in.stopped = "probe.ping < 10% for 30s"; };
const Ingredient interrupted = [](VerdictInput& in) { in.signal = SIGINT; };
const Ingredient terminated = [](VerdictInput& in) { in.signal = SIGTERM; };
const Ingredient broken = [](VerdictInput& in) { in.error = "the link fabric died"; };
const Ingredient dirty = [](VerdictInput& in) { in.rollback_failed = "cgroup n1 is busy"; };
const Ingredient faults_due = [](VerdictInput& in) { in.planned = 1; };
const Ingredient skipped = [](VerdictInput& in) { in.skipped = "/dev/net/tun is missing"; };

const Ingredient nothing_expected = [](VerdictInput& in) { in.nothing_expected = true; };

struct Row {
  const char* what;
  std::vector<Ingredient> ingredients;
  const char* verdict;
  bool as_expected;
  int exit_code;
};

VerdictInput mix(const std::vector<Ingredient>& ingredients) {
  VerdictInput input;
  for (const Ingredient& ingredient : ingredients) ingredient(input);
  return input;
}

const std::vector<Row> table{
    {"nothing was asked and nothing happened", {}, "withstood", true, 0},
    {"all held, every fault took effect", {steady, slo_held, safe, effective, healthy}, "withstood", true, 0},
    {"optional evidence may be absent", {steady, slo_held, effective, optional_ineffective}, "withstood", true, 0},

    {"an SLO failed", {steady, slo_failed, effective}, "failed", false, 1},
    {"a probe failed", {steady, probe_failed, effective}, "failed", false, 1},
    {"a check failed", {steady, slo_held, unsafe, effective}, "failed", false, 1},
    {"a node exited unasked", {steady, slo_held, exited, effective}, "failed", false, 1},
    {"failed wins over inconclusive", {steady, slo_failed, safety_unknown, effective}, "failed", false, 1},
    {"an SLO failed although a fault had no effect", {steady, slo_failed, ineffective}, "failed", false, 1},
    {"a check failed although a fault had no effect", {steady, unsafe, ineffective}, "failed", false, 1},

    {"no evidence, no pass", {steady, slo_held, safe, ineffective}, "inconclusive", false, 4},
    {"a threshold without a sample", {steady, slo_unknown, effective}, "inconclusive", false, 4},
    {"a check on too little evidence", {steady, slo_held, safety_unknown, effective}, "inconclusive", false, 4},
    {"the steady state was missed", {unsteady, slo_held, safe, effective}, "inconclusive", false, 4},
    {"the steady state is unknown", {steady_unknown, slo_held, effective}, "inconclusive", false, 4},
    {"a medium was overloaded", {steady, slo_held, effective, overload}, "inconclusive", false, 4},
    {"the host ran out of memory", {steady, slo_held, effective, out_of_memory}, "inconclusive", false, 4},

    {"the harness was stopped", {steady, slo_held, effective, stalled}, "inconclusive", false, 4},
    {"an SLO failed while the harness was stopped", {steady, slo_failed, stalled}, "inconclusive", false, 4},
    {"data was lost while the harness was stopped", {steady, unsafe, stalled}, "failed", false, 1},
    {"all held on a crowded machine", {steady, slo_held, effective, crowded("after")}, "withstood", true, 0},
    {"an SLO failed on a crowded machine", {steady, slo_failed, crowded("after")}, "inconclusive", false, 4},
    {"a recovery began on a crowded machine", {steady, slo_failed, crowded("during")}, "inconclusive", false, 4},
    {"the machine was crowded only before", {steady, slo_failed, crowded("before")}, "failed", false, 1},
    {"the machine was crowded only later", {steady, probe_failed, crowded("after")}, "failed", false, 1},
    {"data was lost on a crowded machine", {steady, slo_failed, unsafe, crowded("after")}, "failed", false, 1},
    {"a node exited on a crowded machine", {steady, exited, crowded("during")}, "failed", false, 1},
    {"as a file expects, but on a crowded machine",
     {expects_failure({"after: errors == 0%"}), steady, slo_failed, effective, crowded("after")},
     "inconclusive",
     false,
     4},

    {"nothing was expected", {effective, healthy, nothing_expected}, "inconclusive", false, 4},
    {"nothing was expected, and a node exited unasked", {effective, nothing_expected, exited}, "failed", false, 1},

    {"an SLO failed after a missed steady state", {unsteady, slo_failed, effective}, "inconclusive", false, 4},
    {"an SLO failed with an overloaded medium", {steady, slo_failed, effective, overload}, "inconclusive", false, 4},
    {"a probe failed with an overloaded medium", {steady, probe_failed, overload}, "inconclusive", false, 4},
    {"an SLO failed with the host out of memory", {slo_failed, out_of_memory}, "inconclusive", false, 4},
    {"data was lost with an overloaded medium", {steady, slo_failed, unsafe, overload}, "failed", false, 1},
    {"data was lost with the host out of memory", {unsafe, out_of_memory}, "failed", false, 1},
    {"data was lost after a missed steady state", {unsteady, unsafe}, "failed", false, 1},
    {"a node exited after a missed steady state", {unsteady, exited}, "failed", false, 1},

    {"stopped by a condition", {steady, slo_failed, effective, stopped}, "aborted", false, 7},
    {"stopped, all well until then", {steady, stopped}, "aborted", false, 7},
    {"stopped after data was lost", {steady, unsafe, stopped}, "failed", false, 1},
    {"interrupted", {steady, slo_failed, interrupted}, "aborted", false, 130},
    {"terminated", {steady, terminated}, "aborted", false, 143},
    {"interrupted after data was lost", {unsafe, interrupted}, "aborted", false, 130},
    {"skipped", {skipped}, "skipped", false, 77},
    {"the harness failed", {steady, slo_failed, unsafe, broken}, "error", false, 3},
    {"the harness failed while interrupted", {broken, interrupted}, "error", false, 3},
    {"rollback failed", {steady, slo_held, effective, dirty}, "error", false, 6},
    {"rollback failed after an interrupt", {interrupted, dirty}, "error", false, 6},
    {"rollback failed after a harness error", {broken, dirty}, "error", false, 6},

    {"failed as expected", {expects_failure({"linearizable"}), steady, slo_held, unsafe, effective}, "failed", true, 0},
    {"an SLO failed as expected",
     {expects_failure({"after: errors == 0%"}), steady, slo_failed, effective},
     "failed",
     true,
     0},
    {"spacing of names does not matter",
     {expects_failure({"after:errors==0%"}), steady, slo_failed},
     "failed",
     true,
     0},
    {"an exit was expected", {expects_failure({"exit: n2"}), steady, exited}, "failed", true, 0},
    {"a probe was expected to fail",
     {expects_failure({"during: probe.ping >= 95%"}), steady, probe_failed},
     "failed",
     true,
     0},
    {"more failed, and that was allowed",
     {expects_failure({"linearizable"}, {"after: errors == 0%"}), unsafe, slo_failed, effective},
     "failed",
     true,
     0},
    {"more failed than was allowed", {expects_failure({"linearizable"}), unsafe, slo_failed}, "failed", false, 1},
    {"only what may fail failed",
     {expects_failure({"linearizable"}, {"after: errors == 0%"}), safe, slo_failed},
     "failed",
     false,
     1},
    {"not all of it failed", {expects_failure({"linearizable", "exit: n2"}), unsafe}, "failed", false, 1},
    {"failed as expected, but without evidence",
     {expects_failure({"linearizable"}), unsafe, ineffective},
     "failed",
     false,
     1},
    {"failed as expected, but already before the faults",
     {expects_failure({"linearizable"}), unsteady, unsafe},
     "failed",
     false,
     1},
    {"failed as expected, but the steady state is unknown",
     {expects_failure({"linearizable"}), steady_unknown, unsafe, effective},
     "failed",
     false,
     1},
    {"failed as expected, but no fault was injected",
     {expects_failure({"exit: n2"}), exited, faults_due},
     "failed",
     false,
     1},
    {"an exit before any fault", {exited, faults_due}, "failed", false, 1},
    {"ended before its faults were due", {steady, slo_held, faults_due}, "inconclusive", false, 4},
    {"failed as expected, optional evidence absent",
     {expects_failure({"linearizable"}), unsafe, optional_ineffective},
     "failed",
     true,
     0},
    {"failed as expected, but overload hides whether more failed than was allowed",
     {expects_failure({"linearizable"}), unsafe, slo_failed, overload},
     "inconclusive",
     false,
     4},
    {"what overload hides was free to fail",
     {expects_failure({"linearizable"}, {"after: errors == 0%"}), unsafe, slo_failed, overload},
     "failed",
     true,
     0},
    {"one of those that must fail is undecided",
     {expects_failure({"linearizable", "after: errors == 0%"}), unsafe, slo_failed, effective, crowded("after")},
     "inconclusive",
     false,
     4},
    {"more failed than was allowed, and something is undecided",
     {expects_failure({"linearizable"}), unsafe, exited, slo_unknown, effective},
     "failed",
     false,
     1},
    {"withstood although it should fail",
     {expects_failure({"linearizable"}), steady, slo_held, safe, effective},
     "withstood",
     false,
     1},
    {"inconclusive although it should fail",
     {expects_failure({"linearizable"}), steady, safety_unknown, effective},
     "inconclusive",
     false,
     4},
    {"no evidence although it should fail",
     {expects_failure({"linearizable"}), safe, ineffective},
     "inconclusive",
     false,
     4},
    {"aborted although it should fail", {expects_failure({"linearizable"}), stopped}, "aborted", false, 7},
    {"skipped although it should fail", {expects_failure({"linearizable"}), skipped}, "skipped", false, 77},
    {"error although it should fail", {expects_failure({"linearizable"}), unsafe, broken}, "error", false, 3},
};

TEST(Verdict, LostDataIsExcusedByNothing) {
  auto input = mix({steady, effective, overload, out_of_memory, crowded("during")});
  record::ExpectationResult lost{"during", "lost == 0%", "failed", "12%", "", 0};
  lost.is_safety = true;
  input.expectations.push_back(lost);
  const auto ended = decide(input);
  EXPECT_EQ(ended.verdict, "failed");
  EXPECT_EQ(ended.exit_code, 1);
}

TEST(Verdict, SaysWhichOptionalFaultHadNoEffect) {
  EXPECT_THAT(decide(mix({steady, slo_held, effective, optional_ineffective})).reason, HasSubstr("without effect"));
}

TEST(Verdict, Table) {
  for (const Row& row : table) {
    const auto ended = decide(mix(row.ingredients));
    EXPECT_EQ(ended.verdict, row.verdict) << row.what;
    EXPECT_EQ(ended.as_expected, row.as_expected) << row.what;
    EXPECT_EQ(ended.exit_code, row.exit_code) << row.what;
    ASSERT_FALSE(ended.reasons.empty()) << row.what;
    EXPECT_EQ(ended.reason, ended.reasons.front()) << row.what;
  }
}

TEST(Verdict, RollbackFailureIsRecorded) {
  EXPECT_TRUE(decide(mix({steady})).rollback_ok);
  EXPECT_FALSE(decide(mix({steady, dirty})).rollback_ok);
}

TEST(Verdict, TheFirstReasonSaysWhatDecided) {
  EXPECT_EQ(decide(mix({slo_unknown, unsafe})).reason, "linearizable: because");
  EXPECT_EQ(decide(mix({steady, slo_failed})).reason, "after: errors == 0%, measured 7%");
  EXPECT_EQ(decide(mix({unsteady, slo_failed})).reason,
            "the steady state was not reached before the first fault: errors == 0%, measured 7%");
  EXPECT_EQ(decide(mix({ineffective})).reason,
            "fault 'cut' (network.partition) has no evidence that it took effect (nothing was refused)");
  EXPECT_EQ(decide(mix({overload})).reason, "link fabric did not keep its promise (12 packets late)");
  EXPECT_EQ(decide(mix({stopped, slo_failed})).reason, "probe.ping < 10% for 30s");
}

TEST(Verdict, SaysThatNothingWasExpected) {
  EXPECT_THAT(decide(mix({effective, nothing_expected})).reason,
              HasSubstr("the experiment expects nothing of the target"));
}

TEST(Verdict, AnExcusedFailureIsStillTold) {
  EXPECT_THAT(decide(mix({overload, slo_failed})).reasons,
              Contains(HasSubstr("after: errors == 0%, measured 7% (not held against the target: link fabric")));
}

TEST(Verdict, SaysWhatIsNotAsTheFileSays) {
  const auto ended = decide(mix({expects_failure({"linearizable"}), slo_failed}));
  EXPECT_THAT(ended.reasons, Contains("'linearizable' was expected to fail and did not"));
  EXPECT_THAT(ended.reasons, Contains(HasSubstr("was not expected to fail")));
  EXPECT_THAT(decide(mix({expects_failure({"linearizable"}), safe})).reasons,
              Contains("'linearizable' was expected to fail and did not"));
}

}  // namespace
}  // namespace withstand::check
