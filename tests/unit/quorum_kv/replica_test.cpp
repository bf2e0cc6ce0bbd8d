#include "kv/replica.hpp"

#include <deque>
#include <utility>

#include <gtest/gtest.h>

namespace quorum_kv {
namespace {

/// A disk whose syncs the test lets happen.
class HeldDisk : public DurableStore {
 public:
  void append(const Record& record, std::function<void()> durable) override {
    appended.push_back(record);
    waiting.push_back(std::move(durable));
  }
  void barrier(std::function<void()> durable) override { waiting.push_back(std::move(durable)); }
  void sync() {
    for (const auto& durable : std::exchange(waiting, {})) durable();
  }
  std::vector<Record> appended;
  std::deque<std::function<void()>> waiting;
};

const Record older{"k", {{1, 0, 1, 1}, "older"}};
const Record newer{"k", {{2, 0, 1, 2}, "newer"}};

TEST(Replica, ShowsAndAcknowledgesOnlyWhatIsDurable) {
  HeldDisk disk;
  Replica replica(disk, {});
  bool acknowledged = false;
  replica.store(older, [&] { acknowledged = true; });
  EXPECT_FALSE(acknowledged);
  EXPECT_TRUE(replica.query("k").tag.is_initial());
  EXPECT_EQ(replica.snapshot(), std::vector{older});
  disk.sync();
  EXPECT_TRUE(acknowledged);
  EXPECT_EQ(replica.query("k"), older.data);
}

TEST(Replica, NeverGoesBack) {
  HeldDisk disk;
  Replica replica(disk, {newer});
  bool acknowledged = false;
  replica.store(older, [&] { acknowledged = true; });
  EXPECT_TRUE(acknowledged);
  EXPECT_TRUE(disk.appended.empty());
  EXPECT_EQ(replica.query("k"), newer.data);
}

TEST(Replica, ARepeatedStoreWaitsForTheFirstOneAndWritesNothing) {
  HeldDisk disk;
  Replica replica(disk, {});
  int acknowledged = 0;
  for (int i = 0; i < 3; ++i) replica.store(newer, [&] { ++acknowledged; });
  replica.store(older, [&] { ++acknowledged; });
  EXPECT_EQ(acknowledged, 0);
  EXPECT_EQ(disk.appended.size(), 1u);
  disk.sync();
  EXPECT_EQ(acknowledged, 4);
}

TEST(Replica, RecoversTheNewestOfSeveralRecords) {
  HeldDisk disk;
  EXPECT_EQ(Replica(disk, {newer, older}).query("k"), newer.data);
}

}  // namespace
}  // namespace quorum_kv
