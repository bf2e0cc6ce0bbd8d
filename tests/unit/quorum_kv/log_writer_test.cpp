#include "kv/log_writer.hpp"

#include <future>
#include <mutex>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "fake_disk.hpp"

namespace quorum_kv::testing {
namespace {

const Log::Owner lone_owner{"n1", {"n1"}};

Record record(std::uint64_t i) { return {fmt::format("k{}", i % 7), {Tag{i, 0, 1, i}, std::to_string(i)}}; }

void run_at_once(const LogWriter::Task& task) { task(); }

TEST(LogWriter, CallsBackInOrderAndSharesSyncs) {
  FakeDisk disk(1);
  std::vector<std::uint64_t> order;
  {
    LogWriter writer(std::move(Log::create(disk.directory(), lone_owner).log), run_at_once, [](const StorageError&) {});
    std::promise<void> all;
    for (std::uint64_t i = 1; i <= 2000; ++i) writer.append(record(i), [&order, i] { order.push_back(i); });
    writer.barrier([&] { all.set_value(); });
    all.get_future().wait();
    EXPECT_LT(writer.syncs(), 2000u);
    EXPECT_TRUE(writer.stop(std::chrono::seconds(10)));
  }
  ASSERT_EQ(order.size(), 2000u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(Log::open(disk.directory(), lone_owner).records.size(), 7u);
}

TEST(LogWriter, ARewriteKeepsWhatIsAppendedAfterIt) {
  FakeDisk disk(1);
  {
    LogWriter writer(std::move(Log::create(disk.directory(), lone_owner).log), run_at_once, [](const StorageError&) {});
    writer.append(record(1), [] {});
    writer.rewrite({record(1)});
    writer.append(record(2), [] {});
    EXPECT_TRUE(writer.stop(std::chrono::seconds(10)));
  }
  EXPECT_EQ(Log::open(disk.directory(), lone_owner).records, (std::vector{record(1), record(2)}));
}

TEST(LogWriter, AnIdleLogMakesItsMarkDurable) {
  FakeDisk disk(1);
  LogWriter writer(std::move(Log::create(disk.directory(), lone_owner).log), run_at_once, [](const StorageError&) {});
  std::promise<void> both;
  disk.on_sync = [&, left = 2]() mutable {
    if (--left == 0) both.set_value();  // the record, and after a while the mark
  };
  writer.append(record(1), [] {});
  both.get_future().wait();
  EXPECT_TRUE(writer.stop(std::chrono::seconds(10)));
  // Had the mark only been written, a power cut could have taken it, and the damage below would look like a torn tail.
  disk.lose_power();
  disk.content("log").back() = 'x';
  EXPECT_TRUE(std::holds_alternative<Damage>(decode_log(disk.content("log"))));
}

TEST(LogWriter, ReportsAFailedSyncAndAcknowledgesNothingAfterIt) {
  FakeDisk disk(1);
  Log log = std::move(Log::create(disk.directory(), lone_owner).log);
  disk.fail_sync_after(1);
  std::promise<void> failed;
  bool acknowledged = false;
  LogWriter writer(std::move(log), run_at_once, [&](const StorageError&) { failed.set_value(); });
  writer.append(record(1), [&] { acknowledged = true; });
  failed.get_future().wait();
  EXPECT_TRUE(writer.stop(std::chrono::seconds(10)));
  EXPECT_FALSE(acknowledged);
}

}  // namespace
}  // namespace quorum_kv::testing
