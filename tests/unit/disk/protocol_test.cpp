#include "lab/disk/protocol.hpp"

#include <gtest/gtest.h>

namespace withstand::lab::disk {
namespace {

TEST(Protocol, CommandsArriveAsTheyWereSent) {
  Command sent;
  sent.kind = Command::Kind::add;
  sent.handle = 7;
  sent.rule.fault = "f";
  sent.rule.seed = UINT64_MAX;
  sent.rule.operations = {core::DiskOperation::write, core::DiskOperation::removexattr};
  sent.rule.path = "wal/*.log";
  sent.rule.process = "postgres";
  sent.rule.first_byte = 4096;
  sent.rule.first = 3;
  sent.rule.step = 2;
  sent.rule.probability_ppb = 5;
  sent.rule.action = core::DiskRule::Action::latency;
  sent.rule.spread = core::DiskRule::Spread::pareto;
  sent.rule.delay = std::chrono::milliseconds(5);
  sent.rule.opened_before = true;
  sent.rule.bytes_per_second = 1 << 20;
  sent.rule.burst_bytes = 4096;
  sent.rule.space = {"wal", 0, 17};
  sent.rule.damage = {core::DiskRule::Damage::Kind::stale, core::DiskRule::Damage::Place::write, 3, 512, 65536, 1, 3};
  const Command got = decode_command(encode(sent));
  EXPECT_EQ(got.handle, 7U);
  EXPECT_EQ(got.rule.seed, UINT64_MAX);
  EXPECT_EQ(got.rule.operations.bits(), sent.rule.operations.bits());
  EXPECT_EQ(got.rule.path, sent.rule.path);
  EXPECT_EQ(got.rule.end_byte, core::DiskRule::no_end);
  EXPECT_EQ(got.rule.spread, sent.rule.spread);
  EXPECT_EQ(got.rule.delay, sent.rule.delay);
  EXPECT_EQ(got.rule.space.folder, "wal");
  EXPECT_EQ(got.rule.space.free_inodes, 17U);
  EXPECT_EQ(got.rule.damage.kind, core::DiskRule::Damage::Kind::stale);
  EXPECT_EQ(got.rule.damage.parts, 3U);
  EXPECT_EQ(encode(got), encode(sent));
  Command start;
  start.node = "n1";
  start.concerns = {{core::DiskOperations{core::DiskOperation::read}, "**/db"}};
  EXPECT_EQ(encode(decode_command(encode(start))), encode(start));
}

TEST(Protocol, EffectsArriveAsTheyWereSent) {
  core::DiskEffect sent;
  sent.counted = 3;
  sent.waited_max = std::chrono::seconds(2);
  sent.strikes = {{std::chrono::nanoseconds(5), 2, core::DiskOperation::fsync, "a\xff/b", 1, 2, 33, "sh", "EIO"}};
  sent.carrying = std::chrono::seconds(3);
  sent.left_bytes = core::DiskRule::no_end;
  sent.nearest = {"x"};
  const auto got = decode_effect(encode(sent));
  EXPECT_EQ(got.counted, 3U);
  EXPECT_EQ(got.waited_max, std::chrono::seconds(2));
  ASSERT_EQ(got.strikes.size(), 1U);
  EXPECT_EQ(got.strikes[0].operation, core::DiskOperation::fsync);
  EXPECT_EQ(got.strikes[0].pid, 33);
  EXPECT_EQ(got.strikes[0].result, "EIO");
  EXPECT_EQ(got.nearest, sent.nearest);
  EXPECT_EQ(encode(got), encode(sent));
}

TEST(Protocol, WhatTheServerCannotDoIsThrown) {
  EXPECT_NO_THROW(check_done(encode_done("")));
  EXPECT_THROW(check_done(encode_done("no such rule")), std::runtime_error);
  EXPECT_THROW(static_cast<void>(decode_effect("{}")), std::runtime_error);
  EXPECT_THROW(static_cast<void>(decode_command("not JSON")), std::runtime_error);
}

}  // namespace
}  // namespace withstand::lab::disk
