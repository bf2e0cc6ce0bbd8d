#include "spec/limits.hpp"

#include "fixtures.hpp"

namespace withstand::spec {
namespace {

using namespace std::chrono_literals;

FaultSpec fault(const std::string& name, const std::string& kind, const std::string& on, Duration at) {
  FaultSpec out;
  out.name = name;
  out.kind = kind;
  out.on = Selector{on, {}};
  out.trigger.offset = at;
  return out;
}

/// Five nodes of one kind, a minority (two) of which may be down.
Experiment five() {
  Experiment experiment;
  experiment.file = "x.toml";
  experiment.target.kinds.resize(1);
  experiment.target.kinds[0].name = "kv";
  experiment.nodes["kv"] = 5;
  experiment.limits.down = "minority";
  return experiment;
}

std::size_t violations(const Experiment& experiment) { return limit_violations(experiment, fixtures::Kinds()).size(); }

TEST(Limits, CountWhatIsCertain) {
  for (const auto& [selector, expected] : std::map<std::string, std::size_t>{
           {"all", 1}, {"majority", 1}, {"kv", 1}, {"kv:majority", 1}, {"minority", 0}, {"any", 0}, {"n1", 0}}) {
    Experiment experiment = five();
    experiment.faults.push_back(fault("a", "process.pause", selector, 0s));
    EXPECT_EQ(violations(experiment), expected) << selector;
  }
}

TEST(Limits, NeverCountANodeTwice) {
  Experiment experiment = five();
  for (const char* name : {"a", "b", "c"}) experiment.faults.push_back(fault(name, "process.pause", "n1", 0s));
  EXPECT_EQ(violations(experiment), 0U);
  // `minority` takes two; n1 may be one of them.
  experiment.faults.push_back(fault("d", "process.pause", "minority", 1s));
  EXPECT_EQ(violations(experiment), 0U);
  experiment.faults.push_back(fault("e", "process.pause", "n2", 2s));
  experiment.faults.push_back(fault("f", "process.pause", "n3", 3s));
  EXPECT_EQ(violations(experiment), 1U);
}

TEST(Limits, MindTheTimes) {
  Experiment experiment = five();
  experiment.limits.down = "1";
  experiment.faults.push_back(fault("a", "process.pause", "n1", 0s));
  experiment.faults.back().lasts = 5s;
  experiment.faults.push_back(fault("b", "process.kill", "n2", 5s));
  EXPECT_EQ(violations(experiment), 0U) << "one ends when the other begins";
  experiment.faults.back().trigger.offset = 4999ms;
  EXPECT_EQ(violations(experiment), 1U);
  experiment.faults.back().trigger.kind = Trigger::Kind::log;
  EXPECT_EQ(violations(experiment), 1U) << "a log line may come at any time";
}

TEST(Limits, CountWhatWaitsForAnEventWithWhateverMayBeDownThen) {
  Experiment experiment = five();
  experiment.phases.during = 20s;
  experiment.faults.push_back(fault("a", "process.pause", "n1", 0s));
  experiment.faults.back().lasts = 1s;
  experiment.faults.push_back(fault("b", "process.pause", "n2", 10s));
  experiment.faults.back().lasts = 1s;
  experiment.faults.push_back(fault("c", "process.pause", "n3", 0s));
  experiment.faults.back().lasts = 1s;
  experiment.faults.back().trigger.kind = Trigger::Kind::log;
  EXPECT_EQ(violations(experiment), 0U) << "a and b are never down together, so two at most";
  experiment.faults.push_back(fault("d", "process.pause", "n4", 0s));
  experiment.faults.back().trigger.kind = Trigger::Kind::role;
  const auto found = limit_violations(experiment, fixtures::Kinds());
  ASSERT_EQ(found.size(), 1U) << "told once";
  EXPECT_NE(found[0].message.find("may have 3 of 5"), std::string::npos) << found[0].message;
  // After the same event the times between them are known.
  experiment.faults.back().trigger = {Trigger::Kind::fault, 1s, "c", "", "", {}, {}};
  EXPECT_EQ(violations(experiment), 0U);
  experiment.faults.back().trigger.offset = 999ms;
  EXPECT_EQ(violations(experiment), 1U);
}

TEST(Limits, AFaultWithoutEndThatWaitsForAnEventMayLastAllOfDuring) {
  Experiment experiment = five();
  experiment.phases.during = 20s;
  experiment.limits.max_duration = 19s;
  experiment.faults.push_back(fault("a", "process.pause", "n1", 1s));
  EXPECT_EQ(violations(experiment), 0U);
  experiment.faults.back().trigger.kind = Trigger::Kind::log;
  EXPECT_EQ(violations(experiment), 1U);
}

TEST(Limits, NetworkFaultsTakeNothingDown) {
  Experiment experiment = five();
  experiment.faults.push_back(fault("a", "network.partition", "all", 0s));
  EXPECT_EQ(violations(experiment), 0U);
}

TEST(PlannedStart, FollowsChains) {
  Experiment experiment = five();
  experiment.faults.push_back(fault("a", "process.pause", "n1", 2s));
  experiment.faults.push_back(fault("b", "process.pause", "n1", 3s));
  experiment.faults.back().trigger = {Trigger::Kind::fault, 3s, "a", "", "", {}, {}};
  experiment.faults.push_back(fault("c", "process.pause", "n1", 0s));
  experiment.faults.back().trigger = {Trigger::Kind::fault, 4s, "b", "", "", {}, {}};
  EXPECT_EQ(planned_start(experiment, experiment.faults[2]), Duration(9s));
  experiment.faults[0].trigger.kind = Trigger::Kind::log;
  EXPECT_EQ(planned_start(experiment, experiment.faults[2]), std::nullopt);
  experiment.faults[0].trigger = {Trigger::Kind::fault, 0s, "c", "", "", {}, {}};
  EXPECT_EQ(planned_start(experiment, experiment.faults[2]), std::nullopt) << "a circle has no start";
}

TEST(PlannedStart, AbsurdOffsetsDoNotOverflow) {
  Experiment experiment = five();
  experiment.faults.push_back(fault("a", "process.pause", "n1", 2s));
  for (const char* name : {"b", "c", "d"}) {
    const std::string before = experiment.faults.back().name;
    experiment.faults.push_back(fault(name, "process.pause", "n1", 0s));
    experiment.faults.back().trigger = {Trigger::Kind::fault, Duration::max(), before, "", "", {}, {}};
  }
  EXPECT_GT(planned_start(experiment, experiment.faults.back()), experiment.phases.during);
}

TEST(PlannedLength, OfAnInstantIsUntilTheNodeIsBack) {
  const fixtures::Kinds kinds;
  FaultSpec kill = fault("a", "process.kill", "n1", 0s);
  EXPECT_EQ(planned_length(kill, *kinds.find("process.kill")), std::nullopt);
  kill.parameters["restart"] = Duration(3s);
  EXPECT_EQ(planned_length(kill, *kinds.find("process.kill")), Duration(3s));
  const FaultSpec pause = fault("a", "process.pause", "n1", 0s);
  EXPECT_EQ(planned_length(pause, *kinds.find("process.pause")), std::nullopt);
}

}  // namespace
}  // namespace withstand::spec
