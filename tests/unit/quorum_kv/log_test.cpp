#include "kv/log.hpp"

#include <map>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "fake_disk.hpp"
#include "kv/exit_code.hpp"
#include "kv/storage_policy.hpp"

namespace quorum_kv::testing {
namespace {

const Log::Owner owner{"n1", {"n1", "n2", "n3"}};

Record record(const std::string& key, std::uint64_t counter) {
  return {key, {Tag{counter, 0, 1, counter}, fmt::format("{}-{}", key, counter)}};
}

ExitCode refusal(FakeDisk& disk, bool init = false, const Log::Owner& who = owner) {
  try {
    if (init) {
      Log::create(disk.directory(), who);
    } else {
      Log::open(disk.directory(), who);
    }
  } catch (const Refusal& refused) {
    return refused.code();
  }
  return ExitCode::ok;
}

TEST(Log, KeepsTheNewestRecordOfEveryKeyAndCountsBoots) {
  FakeDisk disk(1);
  {
    auto opened = Log::create(disk.directory(), owner);
    EXPECT_EQ(opened.log.boot(), 1u);
    opened.log.append(std::vector{record("a", 1), record("b", 1)});
    opened.log.append(std::vector{record("a", 3)});
    opened.log.append(std::vector{record("a", 2)});
  }
  const auto opened = Log::open(disk.directory(), owner);
  EXPECT_EQ(opened.log.boot(), 2u);
  EXPECT_EQ(opened.records, (std::vector{record("a", 3), record("b", 1)}));
  EXPECT_EQ(Log::open(disk.directory(), owner).log.boot(), 3u);
}

TEST(Log, RewritingLeavesWhatCountsAndGoesOn) {
  FakeDisk disk(1);
  auto opened = Log::create(disk.directory(), owner);
  for (std::uint64_t i = 1; i <= 1000; ++i) opened.log.append(std::vector{record("a", i)});
  const auto before = opened.log.size();
  opened.log.rewrite({record("a", 1000)});
  EXPECT_LT(opened.log.size(), before / 5);
  opened.log.append(std::vector{record("b", 1)});
  EXPECT_EQ(Log::open(disk.directory(), owner).records, (std::vector{record("a", 1000), record("b", 1)}));
}

TEST(Log, SplitsALargeStateIntoSeveralFrames) {
  FakeDisk disk(1);
  auto opened = Log::create(disk.directory(), owner);
  std::vector<Record> large;
  for (int i = 0; i < 5; ++i) large.push_back({fmt::format("k{}", i), {Tag{1, 0, 1, 1}, std::string(600'000, 'x')}});
  opened.log.rewrite(large);
  EXPECT_EQ(Log::open(disk.directory(), owner).records, large);
}

TEST(Log, RefusesAnEmptyDirectoryWithoutInit) {
  FakeDisk disk(1);
  EXPECT_EQ(refusal(disk), ExitCode::not_initialised);
  disk.put("lost+found", "");
  disk.put("log.new", "never renamed");
  EXPECT_EQ(refusal(disk), ExitCode::not_initialised);
  EXPECT_EQ(refusal(disk, true), ExitCode::ok);
}

TEST(Log, RefusesInitOverState) {
  FakeDisk disk(1);
  EXPECT_EQ(refusal(disk, true), ExitCode::ok);
  EXPECT_EQ(refusal(disk, true), ExitCode::already_initialised);
  EXPECT_EQ(refusal(disk), ExitCode::ok);
}

TEST(Log, RefusesADirectoryWhoseLogIsMissing) {
  FakeDisk disk(1);
  disk.put("something", "else");
  EXPECT_EQ(refusal(disk), ExitCode::damaged);
}

TEST(Log, RefusesTheDataOfAnotherNodeOrCluster) {
  FakeDisk disk(1);
  EXPECT_EQ(refusal(disk, true), ExitCode::ok);
  EXPECT_EQ(refusal(disk, false, {"n2", owner.members}), ExitCode::damaged);
  EXPECT_EQ(refusal(disk, false, {"n1", {"n1"}}), ExitCode::damaged);
}

/// A log of a few frames, as a killed process leaves it.
std::string written_log() {
  FakeDisk disk(1);
  auto opened = Log::create(disk.directory(), owner);
  for (std::uint64_t i = 1; i <= 4; ++i) opened.log.append(std::vector{record("key", i), record("other", i)});
  return disk.content("log");
}

TEST(Log, RefusesAnyDamagedByteOfHeaderAndFrames) {
  const std::string good = written_log();
  for (std::size_t at = 0; at < good.size(); ++at) {
    // 58 bytes of header for these names; then padding, and the marks: see the next test.
    if (at >= 58 && at < log_frames_offset) continue;
    FakeDisk disk(1);
    disk.put("log", good);
    disk.content("log")[at] = static_cast<char>(disk.content("log")[at] ^ 0x10);
    EXPECT_EQ(refusal(disk), ExitCode::damaged) << "byte " << at;
  }
}

TEST(Log, OutlivesOneDamagedMarkAndRefusesTwo) {
  std::string log = written_log();
  log[mark_offset(4)] = static_cast<char>(log[mark_offset(4)] ^ 1);
  FakeDisk one(1);
  one.put("log", log);
  EXPECT_EQ(refusal(one), ExitCode::ok);
  log[mark_offset(3)] = static_cast<char>(log[mark_offset(3)] ^ 1);
  FakeDisk two(1);
  two.put("log", log);
  EXPECT_EQ(refusal(two), ExitCode::damaged);
}

TEST(Log, RefusesALogThatWasCutShort) {
  const std::string good = written_log();
  for (std::size_t length = 0; length < good.size(); ++length) {
    FakeDisk disk(1);
    disk.put("log", good.substr(0, length));
    EXPECT_EQ(refusal(disk), ExitCode::damaged) << "length " << length;
  }
}

TEST(Log, DropsATornTailThatWasNeverAcknowledged) {
  const std::string good = written_log();
  const auto contents = std::get<LogContents>(decode_log(good));
  const std::string next = encode_log_frame(contents.header.epoch, contents.frames + 1, std::vector{record("new", 9)});
  for (std::size_t length = 1; length < next.size(); ++length) {
    FakeDisk disk(1);
    disk.put("log", good + next.substr(0, length));
    const auto opened = Log::open(disk.directory(), owner);
    EXPECT_EQ(opened.torn_bytes, length);
    EXPECT_EQ(opened.records, (std::vector{record("key", 4), record("other", 4)}));
  }
}

TEST(Log, AFailedSyncEndsItAndTheNextStartWritesAFreshFile) {
  FakeDisk disk(1);
  auto opened = Log::create(disk.directory(), owner);
  opened.log.append(std::vector{record("a", 1)});
  disk.fail_sync_after(1);
  EXPECT_THROW(opened.log.append(std::vector{record("a", 2)}), StorageError);
  // The killed process left a file that reads well and is not on the disk. Serving it again needs a fresh one.
  const auto again = Log::open(disk.directory(), owner);
  EXPECT_EQ(again.records, std::vector{record("a", 2)});
  disk.lose_power();
  EXPECT_EQ(Log::open(disk.directory(), owner).records, std::vector{record("a", 2)});
}

/// Lives of one node, each ended by a power cut at a drawn moment. What was acknowledged must be there in the next one.
class PowerCuts {
 public:
  PowerCuts(std::uint64_t seed, const Bugs& bugs) : disk_(seed), bugs_(bugs) {}

  /// What is wrong after `lives` lives, or nothing.
  std::optional<std::string> run(int lives) {
    open_log(disk_.directory(), owner, true, Bugs{});
    for (int life = 0; life < lives; ++life) {
      disk_.cut_after(1 + disk_.draw(30));
      try {
        if (const auto wrong = live()) return wrong;
      } catch (const PowerCut&) {
      } catch (const Refusal& refused) {
        return fmt::format("refused: {}", refused.what());
      }
      disk_.lose_power();
    }
    disk_.cut_after(~std::uint64_t{0});
    return check(open_log(disk_.directory(), owner, false, bugs_));
  }

 private:
  std::optional<std::string> live() {
    auto opened = open_log(disk_.directory(), owner, false, bugs_);
    if (const auto wrong = check(opened)) return wrong;
    boot_ = opened.log.boot();
    for (;;) {
      std::vector<Record> batch;
      for (std::uint64_t i = disk_.draw(3) + 1; i > 0; --i) {
        batch.push_back(record(fmt::format("k{}", disk_.draw(4)), ++counter_));
      }
      if (disk_.draw(6) == 0) opened.log.settle();
      opened.log.append(batch);
      for (const Record& acknowledged : batch) acknowledged_[acknowledged.key] = acknowledged.data.tag.counter;
    }
  }

  std::optional<std::string> check(const Log::Opened& opened) const {
    if (opened.log.boot() <= boot_) return fmt::format("boot {} again", boot_);
    std::map<std::string, std::uint64_t> found;
    for (const Record& kept : opened.records) found[kept.key] = kept.data.tag.counter;
    for (const auto& [key, counter] : acknowledged_) {
      if (found[key] < counter) return fmt::format("{} is at {}, {} was acknowledged", key, found[key], counter);
    }
    return std::nullopt;
  }

  FakeDisk disk_;
  Bugs bugs_;
  std::uint64_t boot_ = 0;
  std::uint64_t counter_ = 0;
  std::map<std::string, std::uint64_t> acknowledged_;
};

TEST(LogUnderPowerCuts, NeverLosesWhatItAcknowledgedAndNeverRefuses) {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    const auto wrong = PowerCuts(seed, Bugs{}).run(6);
    ASSERT_FALSE(wrong) << "seed " << seed << ": " << *wrong;
  }
}

TEST(LogUnderPowerCuts, ShowThePlantedBugs) {
  for (const char* name : {"no-fsync", "no-dir-sync"}) {
    Bugs bugs;
    ASSERT_TRUE(plant(bugs, name));
    bool seen = false;
    for (std::uint64_t seed = 1; seed <= 200 && !seen; ++seed) seen = PowerCuts(seed, bugs).run(6).has_value();
    EXPECT_TRUE(seen) << name;
  }
}

TEST(StoragePolicy, IgnoredSyncErrorLosesAnAcknowledgedRecord) {
  FakeDisk disk(1);
  Bugs bugs;
  bugs.ignore_fsync_error = true;
  auto opened = open_log(disk.directory(), owner, true, bugs);
  disk.fail_sync_after(1);
  EXPECT_NO_THROW(opened.log.append(std::vector{record("a", 1)}));
  disk.lose_power();
  EXPECT_TRUE(open_log(disk.directory(), owner, false, bugs).records.empty());
}

TEST(StoragePolicy, TruncatedDamageLosesAnAcknowledgedRecord) {
  FakeDisk disk(1);
  Bugs bugs;
  bugs.truncate_damage = true;
  std::string log = written_log();
  log[log_frames_offset + 40] = static_cast<char>(log[log_frames_offset + 40] ^ 1);
  disk.put("log", log);
  EXPECT_TRUE(open_log(disk.directory(), owner, false, bugs).records.empty());
}

TEST(StoragePolicy, WithoutChecksumsAFlippedBitIsServed) {
  FakeDisk disk(1);
  Bugs bugs;
  bugs.no_checksum = true;
  std::string log = written_log();
  log[log.rfind("key-4")] = 'K';
  disk.put("log", log);
  EXPECT_EQ(open_log(disk.directory(), owner, false, bugs).records.front().data.value, "Key-4");
}

TEST(StoragePolicy, ForgettingStartsWithNothing) {
  FakeDisk disk(1);
  Bugs bugs;
  bugs.forget_on_restart = true;
  disk.put("log", written_log());
  EXPECT_TRUE(open_log(disk.directory(), owner, false, bugs).records.empty());
}

}  // namespace
}  // namespace quorum_kv::testing
