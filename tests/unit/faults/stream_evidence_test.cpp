// What the account of a link says of paces, beside other faults.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "network/stream_injection.hpp"

namespace withstand::faults {
namespace {

using core::StreamEffect;
using core::StreamSettings;
using ::testing::HasSubstr;
using Judgement = core::EvidenceRow::Judgement;

const StreamSettings bandwidth{.action = StreamSettings::Action::bandwidth, .bits_per_second = 8'000'000};

/// One connection that carried so many bytes in a second while more waited, and so many where it was alone.
StreamEffect carried(std::uint64_t bytes, std::uint64_t alone) {
  StreamEffect effect;
  effect.connections = effect.chosen = effect.decided = effect.struck = 1;
  effect.waited = 100;
  effect.busy_bytes = bytes;
  effect.busy_ns = 1'000'000'000;
  effect.alone_bytes = alone;
  effect.alone_ns = alone > 0 ? 1'000'000'000 : 0;
  return effect;
}

core::EvidenceRow row(const StreamEffect& effect) { return judge_stream(bandwidth, "bandwidth", effect, "a>b"); }

TEST(StreamEvidence, ARateThatIsHeldAgrees) {
  EXPECT_EQ(row(carried(1'000'000, 1'000'000)).judgement, Judgement::agrees);
}

TEST(StreamEvidence, SlowerThanAskedIsWrongWhereNoOtherFaultPacesThem) {
  EXPECT_EQ(row(carried(250'000, 250'000)).judgement, Judgement::mismatch);
  StreamEffect effect = carried(250'000, 0);
  EXPECT_EQ(row(effect).judgement, Judgement::agrees);
  EXPECT_THAT(row(effect).measured, HasSubstr("which other faults paced too"));
  effect.struck = 0;
  EXPECT_EQ(row(effect).judgement, Judgement::informative) << "the others did it all";
}

TEST(StreamEvidence, FasterThanAskedIsWrongAlways) {
  EXPECT_EQ(row(carried(1'200'000, 0)).judgement, Judgement::mismatch);
}

}  // namespace
}  // namespace withstand::faults
