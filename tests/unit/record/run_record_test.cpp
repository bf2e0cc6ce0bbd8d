#include "record/run_record.hpp"

#include <sstream>

#include <gtest/gtest.h>

namespace withstand::record {
namespace {

RunRecord read(const std::vector<JournalEntry>& entries, const std::string& tail = "") {
  std::stringstream journal;
  for (const JournalEntry& entry : entries) journal << to_line(entry) << '\n';
  journal << tail;
  return read_run(journal);
}

InjectionEvent injection(const std::string& fault, const std::string& what, std::int64_t due = 0) {
  return {fault, "process.kill", what, {"n1"}, "", due, 12};
}

RunStarted started() {
  RunStarted event;
  event.title = "t";
  return event;
}

RunEnded ended() {
  RunEnded event;
  event.verdict = "withstood";
  event.as_expected = true;
  return event;
}

TEST(RunRecord, AWholeRun) {
  const RunRecord run = read({{1, started()},
                              {2, PhaseStarted{"before"}},
                              {10, PhaseStarted{"during"}},
                              {30, PhaseStarted{"after"}},
                              {45, ended()}});
  EXPECT_TRUE(run.complete);
  EXPECT_EQ(run.start.title, "t");
  EXPECT_EQ(run.ended, 45);
  ASSERT_EQ(run.phases.size(), 3U);
  EXPECT_EQ(run.phases[1].from, 10);
  EXPECT_EQ(run.phases[1].to, 30);
  EXPECT_EQ(run.phases[2].to, 45);
  EXPECT_EQ(run.end.verdict, "withstood");
}

TEST(RunRecord, AKilledRunIsAnErrorAndKeepsWhatHappened) {
  const std::string torn = to_line({9, Note{"info", "never finished"}}).substr(0, 20);
  const RunRecord run = read({{2, PhaseStarted{"during"}}, {7, NodeEvent{"n1", "exited", "", 3}}}, torn);
  EXPECT_FALSE(run.complete);
  EXPECT_EQ(run.end.verdict, "error");
  EXPECT_EQ(run.end.exit_code, 3);
  EXPECT_NE(run.end.reason.find("the run did not end"), std::string::npos);
  EXPECT_EQ(run.phases.at(0).to, 7);
  EXPECT_EQ(run.node_events.size(), 1U);
  EXPECT_EQ(run.unread_lines, 1U);
}

TEST(RunRecord, NoJournalAtAllIsAnErrorToo) {
  EXPECT_EQ(read({}).end.verdict, "error");
  EXPECT_EQ(read({}, "\n\n\xff\n").unread_lines, 1U);
}

TEST(RunRecord, CutAnywhereItIsReadableAndNeverAPass) {
  const std::vector<JournalEntry> entries{{1, started()},
                                          {2, injection("kill", "scheduled", 5)},
                                          {5, injection("kill", "injected", 5)},
                                          {8, EvidenceVerdict{"kill", "process.kill", true, true, ""}},
                                          {9, ended()}};
  std::string whole;
  for (const JournalEntry& entry : entries) whole += to_line(entry) + "\n";
  for (std::size_t size = 0; size + 1 < whole.size(); ++size) {
    std::stringstream journal(whole.substr(0, size));
    const RunRecord run = read_run(journal);
    EXPECT_FALSE(run.complete) << size;
    EXPECT_EQ(run.end.verdict, "error") << size;
  }
}

TEST(RunRecord, AnInjectionGathersItsLifeAndItsLastEvidence) {
  const RunRecord run = read({{1, injection("kill", "scheduled", 5)},
                              {6, injection("kill", "injected", 5)},
                              {7, EvidenceEvent{"kill", "exit", "SIGKILL", "nothing yet", "kernel", "absent"}},
                              {8, EvidenceEvent{"kill", "exit", "SIGKILL", "SIGKILL", "kernel", "agrees"}},
                              {9, injection("kill", "reverted")},
                              {9, EvidenceVerdict{"kill", "process.kill", true, true, ""}}});
  ASSERT_EQ(run.injections.size(), 1U);
  const InjectionRecord& kill = run.injections[0];
  EXPECT_EQ(kill.due, 5);
  EXPECT_EQ(kill.injected, 6);
  EXPECT_EQ(kill.reverted, 9);
  EXPECT_EQ(kill.state, "reverted");
  EXPECT_EQ(kill.line, 12);
  ASSERT_EQ(kill.evidence.size(), 1U);
  EXPECT_EQ(kill.evidence[0].measured, "SIGKILL");
  EXPECT_TRUE(kill.judged && kill.took_effect);
}

TEST(RunRecord, RepeatedInjectionsOfOneFaultAreToldApartByWhenTheyWereDue) {
  const RunRecord run = read({{1, injection("kill", "scheduled", 5)},
                              {1, injection("kill", "scheduled", 50)},
                              {1, injection("other", "scheduled", 7)},
                              {6, injection("kill", "injected", 5)},
                              {9, injection("kill", "reverted")},
                              {9, EvidenceVerdict{"kill", "process.kill", true, true, ""}},
                              {50, injection("kill", "skipped", 50)},
                              {70, injection("kill", "injected", 70)}});
  ASSERT_EQ(run.injections.size(), 4U);
  EXPECT_EQ(run.injections[0].state, "reverted");
  EXPECT_TRUE(run.injections[0].judged);
  EXPECT_EQ(run.injections[1].state, "skipped");
  EXPECT_EQ(run.injections[2].state, "scheduled");
  EXPECT_EQ(run.injections[3].injected, 70);
  EXPECT_FALSE(run.injections[3].judged);
}

TEST(RunRecord, ATriggeredInjectionWhoseInstantWasNotKnownFindsItsPlan) {
  const RunRecord run = read({{1, injection("kill", "scheduled", -1)}, {9, injection("kill", "injected", 8)}});
  ASSERT_EQ(run.injections.size(), 1U);
  EXPECT_EQ(run.injections[0].due, 8);
}

TEST(RunRecord, AnErrorWhileRevertingStaysWithItsInjection) {
  InjectionEvent error = injection("kill", "error");
  error.detail = "could not restart";
  const RunRecord run =
      read({{1, injection("kill", "scheduled", 5)}, {6, injection("kill", "injected", 5)}, {9, error}});
  ASSERT_EQ(run.injections.size(), 1U);
  EXPECT_EQ(run.injections[0].state, "error");
  EXPECT_EQ(run.injections[0].detail, "could not restart");
}

}  // namespace
}  // namespace withstand::record
