#include "load/chooser.hpp"

#include <vector>

namespace withstand::load {
namespace {

using std::chrono::milliseconds;

std::vector<std::size_t> choose(Chooser& chooser, core::Instant now, int count) {
  std::vector<std::size_t> out;
  for (; count > 0; --count) out.push_back(chooser.choose(now));
  return out;
}

TEST(Chooser, GoesRoundFromWhereTheSeedSays) {
  Chooser chooser(3, true, 4);
  EXPECT_EQ(choose(chooser, {}, 4), (std::vector<std::size_t>{1, 2, 0, 1}));
}

TEST(Chooser, LeavesOutWhatFailedAndThenTriesItOnceAtATime) {
  Chooser chooser(3, true, 0);
  chooser.failed(1, milliseconds(0));
  EXPECT_EQ(choose(chooser, milliseconds(499), 4), (std::vector<std::size_t>{0, 2, 0, 2}));
  EXPECT_EQ(choose(chooser, milliseconds(500), 5), (std::vector<std::size_t>{0, 1, 2, 0, 2})) << "one trial";
  chooser.failed(1, milliseconds(700));
  EXPECT_EQ(choose(chooser, milliseconds(1'199), 2), (std::vector<std::size_t>{0, 2}));
  EXPECT_EQ(choose(chooser, milliseconds(1'200), 2), (std::vector<std::size_t>{0, 1}));
  chooser.succeeded(1);
  EXPECT_EQ(choose(chooser, milliseconds(1'201), 4), (std::vector<std::size_t>{2, 0, 1, 2}));
}

TEST(Chooser, WhenAllFailedAllAreUsedInTurn) {
  Chooser chooser(2, true, 0);
  chooser.failed(0, {});
  chooser.failed(1, {});
  EXPECT_EQ(choose(chooser, {}, 4), (std::vector<std::size_t>{0, 1, 0, 1}));
}

TEST(Chooser, SpreadLeavesNothingOut) {
  Chooser chooser(2, false, 0);
  chooser.failed(0, {});
  EXPECT_EQ(choose(chooser, {}, 4), (std::vector<std::size_t>{0, 1, 0, 1}));
}

}  // namespace
}  // namespace withstand::load
