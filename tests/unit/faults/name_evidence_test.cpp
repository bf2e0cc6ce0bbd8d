#include "network/name_evidence.hpp"

#include <gmock/gmock.h>

namespace withstand::faults::testing {
namespace {

using core::EvidenceRow;
using ::testing::HasSubstr;

class NameEvidence : public ::testing::Test {
 protected:
  NameEvidence() {
    spec::Experiment experiment;
    spec::NodeKind kind;
    kind.name = "node";
    kind.count = 3;
    kind.command = {"true"};
    experiment.target.kinds = {kind};
    topology_ = core::Topology(experiment);
    fault_.answer = core::NameAnswer::servfail;
    fault_.fault = "f";
    fault_.seed = 42;
    fault_.names = {"n2"};
    fault_.share_ppb = 500'000'000;
  }

  /// As many queries for n2 as said, all answered as the seed decides.
  [[nodiscard]] core::NameEffect honest(std::uint64_t asked) const {
    core::NameEffect effect;
    effect.asked = asked;
    effect.names = {{"n2", 1, asked}};
    const auto draws = core::query_draws(fault_, "n1", "n2", 1);
    for (std::uint64_t i = 0; i < asked; ++i) ++(core::strikes(fault_, draws, i) ? effect.shown : effect.spared);
    return effect;
  }
  [[nodiscard]] EvidenceRow row(const core::NameEffect& effect) const {
    return name_evidence(fault_, {effect}, topology_).rows.at(0);
  }

  core::Topology topology_;
  core::NameFault fault_;
};

TEST_F(NameEvidence, AgreesWhenWhatWasWrittenIsWhatTheSeedDecides) {
  const auto seen = row(honest(100));
  EXPECT_EQ(seen.judgement, EvidenceRow::Judgement::agrees) << seen.measured;
  EXPECT_EQ(seen.what, "names asked by n1");
  EXPECT_EQ(seen.requested, "servfail for n2, 50% of queries");
  EXPECT_THAT(seen.measured, HasSubstr("of 100 queries struck (n2 A 100)"));
}

TEST_F(NameEvidence, OneMoreOrLessThanTheSeedDecidesIsAMismatch) {
  auto effect = honest(100);
  ++effect.shown, --effect.spared;
  EXPECT_EQ(row(effect).judgement, EvidenceRow::Judgement::mismatch);
  EXPECT_THAT(row(effect).measured, HasSubstr("but the seed decides"));
}

TEST_F(NameEvidence, AStrayOrAnUnreadQueryIsAMismatch) {
  auto effect = honest(100);
  effect.unread = 3;
  EXPECT_EQ(row(effect).judgement, EvidenceRow::Judgement::mismatch);
  effect = honest(100);
  --effect.shown, ++effect.strayed;
  effect.stray = "n2 A got NOERROR instead of servfail";
  EXPECT_EQ(row(effect).judgement, EvidenceRow::Judgement::mismatch);
  EXPECT_THAT(row(effect).measured, HasSubstr("n2 A got NOERROR instead"));
}

TEST_F(NameEvidence, AQueryThatNobodyAskedIsNoEffect) {
  core::NameEffect effect;
  effect.others = {"n3 A"};
  EXPECT_EQ(row(effect).judgement, EvidenceRow::Judgement::absent);
  EXPECT_THAT(row(effect).measured, HasSubstr("n3 A"));
}

TEST_F(NameEvidence, ANodeWhereChanceOrAnotherFaultLeftNothingProvesNothing) {
  core::NameEffect effect = honest(100);
  effect.overruled = std::exchange(effect.shown, 0);
  EXPECT_EQ(row(effect).judgement, EvidenceRow::Judgement::informative);
  EXPECT_FALSE(name_evidence(fault_, {effect}, topology_).took_effect());
}

TEST_F(NameEvidence, SlowAnswersThatAreMuchLaterThanAskedAreAMismatch) {
  fault_.answer = core::NameAnswer::slow;
  fault_.delay = std::chrono::milliseconds(100);
  core::NameEffect effect = honest(10);
  effect.asked_delay_mean_ns = 100'000'000;
  effect.delay_mean_ns = effect.delay_min_ns = effect.delay_max_ns = 101'000'000;
  EXPECT_EQ(row(effect).judgement, EvidenceRow::Judgement::agrees) << row(effect).measured;
  effect.delay_mean_ns = 150'000'000;
  EXPECT_EQ(row(effect).judgement, EvidenceRow::Judgement::mismatch);
}

}  // namespace
}  // namespace withstand::faults::testing
