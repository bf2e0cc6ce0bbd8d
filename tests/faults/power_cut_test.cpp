// Power cuts, seen in the folder below, by the node's own programs and by its peers.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#include "core/disk.hpp"
#include "fault_fixture.hpp"

namespace withstand::faults::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

class PowerCutTest : public FaultTest {
 protected:
  void SetUp() override {
    if (::access("/dev/fuse", R_OK | W_OK) != 0) GTEST_SKIP() << "needs /dev/fuse";
    FaultTest::SetUp();
  }
  void stand(const std::string& script, std::int64_t nodes = 2) {
    core::Claim claim;
    claim.medium = core::Claim::Medium::disk;
    for (core::NodeId id = 0; id < static_cast<core::NodeId>(nodes); ++id) claim.nodes.push_back(id);
    claim.durability = true;
    more_claims_ = {claim};
    launch(script, nodes);
  }
  core::Injection& cut(std::vector<core::NodeId> nodes, const std::string& model, std::int64_t keep_ppb,
                       std::optional<milliseconds> restart = milliseconds(100)) {
    std::map<std::string, spec::Value> parameters{{"model", model}, {"keep", spec::Ratio{keep_ppb}}};
    if (restart) parameters["restart"] = spec::Duration(*restart);
    return inject("machine.power-cut", std::move(parameters), {std::move(nodes), {}});
  }
  [[nodiscard]] bool is_back(core::NodeId node) const {
    const auto state = lab_->state(node);
    return state.starts == 2 && state.host_pid != 0;
  }
  [[nodiscard]] std::string content(core::NodeId node, const std::string& name) const {
    std::ifstream file(data(node, name));
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  static std::string text(core::Injection& injection) {
    std::string all;
    for (const auto& row : injection.observe().rows)
      all +=
          row.what + " | " + row.requested + " | " + row.measured + " | " + std::string(to_text(row.judgement)) + "\n";
    return all;
  }
};

constexpr std::int64_t nothing = 0, everything = 1'000'000'000;

TEST_F(PowerCutTest, WhatWasSyncedIsThereAndTheRestIsLost) {
  stand("exec sleep 1000");
  ASSERT_EQ(run(0, "echo synced > s; sync s .; echo lost > l; mkdir d; echo lost >> s").error, "");
  auto& injection = cut({0}, "strict-posix", nothing);
  ASSERT_TRUE(wait([&] { return is_back(0); })) << text(injection);
  EXPECT_EQ(run(0, "cat s; ls").output, "synced\ns\n");
  EXPECT_EQ(content(0, "s"), "synced\n");
  EXPECT_TRUE(injection.observe().took_effect()) << text(injection);
  EXPECT_THAT(text(injection), HasSubstr("4 of 4 operations lost"));
  std::ifstream manifest(folder_.path() + "/nodes/" + lab_->topology().at(0).name + "/lost-machine.power-cut-0.jsonl");
  std::string line;
  EXPECT_TRUE(std::getline(manifest, line) && std::getline(manifest, line));
  EXPECT_THAT(line, HasSubstr("\"path\":\"l\""));
}

TEST_F(PowerCutTest, ACutThatLosesNothingSaysSo) {
  stand("exec sleep 1000");
  ASSERT_EQ(run(0, "echo text > f; sync f .").error, "");
  auto& first = cut({0}, "strict-posix", nothing);
  ASSERT_TRUE(wait([&] { return is_back(0); })) << text(first);
  EXPECT_THAT(text(first), HasSubstr("nothing was at stake"));
  EXPECT_TRUE(first.observe().took_effect()) << text(first);
  EXPECT_EQ(content(0, "f"), "text\n");
}

TEST_F(PowerCutTest, AllNodesGoAtOneInstant) {
  stand("while :; do echo x >> f; done", 3);
  ASSERT_TRUE(wait([&] { return !content(2, "f").empty(); }));
  auto& injection = cut({0, 1, 2}, "prefix", everything / 2);
  ASSERT_TRUE(wait([&] { return is_back(0) && is_back(1) && is_back(2); })) << text(injection);
  EXPECT_TRUE(injection.observe().took_effect()) << text(injection);
  EXPECT_THAT(text(injection), HasSubstr("cut of 3 nodes | at one instant | within"));
}

TEST_F(PowerCutTest, NamespacesEndAndConnectionsVanishWithoutAWord) {
  stand("echo $$ > /tmp/mark; echo > /dev/shm/mark; exec sleep 1000");
  ASSERT_TRUE(wait([&] { return run(0, "ls /tmp").output == "mark\n"; }));
  run(0, "echo more > /tmp/other");
  const auto before = run(0, "readlink /proc/self/ns/net /proc/self/ns/mnt").output;
  auto& injection = cut({0}, "strict-posix", nothing, milliseconds(3000));
  EXPECT_TRUE(ask(client(), 0).timed_out);
  ASSERT_TRUE(wait([&] { return is_back(0); })) << text(injection);
  EXPECT_NE(run(0, "readlink /proc/self/ns/net /proc/self/ns/mnt").output, before);
  EXPECT_EQ(run(0, "ls /tmp").output, "mark\n");  // of the new start
  EXPECT_FALSE(ask(client(), 0).timed_out);
  EXPECT_EQ(lab_->links().health().overload, "");
}

TEST_F(PowerCutTest, WithoutRestartTheNodeStaysOff) {
  stand("exec sleep 1000");
  auto& injection = cut({0}, "ext4-ordered", nothing, std::nullopt);
  ASSERT_TRUE(wait([&] { return injection.ended().has_value(); })) << text(injection);
  EXPECT_TRUE(injection.observe().took_effect()) << text(injection);
  EXPECT_TRUE(ask(client(), 0).timed_out);
  EXPECT_NE(run(0, "true").exit_status, 0);
  injection.revert();
  EXPECT_EQ(lab_->state(0).phase, core::NodeState::Phase::exited);
}

TEST_F(PowerCutTest, ARunningProgramCannotActOnTheCut) {
  stand("i=0; while :; do i=$((i + 1)); echo $i > f.new; sync f.new; mv f.new f; sync .; echo $i; done");
  std::int64_t said = 0;
  const auto lines = lab_->on_log([&](const core::LogLine& line) {
    if (line.node == 0 && lab_->state(0).starts == 1) said = std::atoll(line.text.c_str());
  });
  ASSERT_TRUE(wait([&] { return said > 20; }));
  auto& injection = cut({0}, "strict-posix", nothing, std::nullopt);
  ASSERT_TRUE(wait([&] { return injection.ended().has_value(); })) << text(injection);
  // What it said it had done, it had done; what it had begun, it may have.
  EXPECT_GE(std::atoll(content(0, "f").c_str()), said);
  EXPECT_LE(std::atoll(content(0, "f").c_str()), said + 1);
}

TEST_F(PowerCutTest, AMachineWhoseTargetHasEndedCanLoseItsPower) {
  stand("exec sleep 1000");
  run(0, "echo text > f");
  lab_->kill(0, "the test");
  ASSERT_TRUE(wait([&] { return lab_->state(0).phase == core::NodeState::Phase::exited; }));
  auto& injection = cut({0}, "strict-posix", nothing);
  ASSERT_TRUE(wait([&] { return lab_->state(0).starts == 2; })) << text(injection);
  EXPECT_TRUE(injection.observe().took_effect()) << text(injection);
  EXPECT_THAT(text(injection), HasSubstr("its target had ended before"));
  EXPECT_THAT(text(injection), HasSubstr("2 of 2 operations lost"));
}

TEST_F(PowerCutTest, WhoIsOffCannotLoseItsPower) {
  stand("exec sleep 1000");
  auto& first = cut({0}, "strict-posix", nothing, std::nullopt);
  ASSERT_TRUE(wait([&] { return first.ended().has_value(); }));
  EXPECT_FALSE(cut({0}, "strict-posix", nothing).observe().took_effect());
}

TEST_F(PowerCutTest, RulesOnDisksGoOnAfterTheBoot) {
  core::Claim claim;
  claim.medium = core::Claim::Medium::disk;
  claim.nodes = {0};
  claim.files = {{core::DiskOperations::all(), ""}};
  claim.durability = true;
  more_claims_ = {claim};
  launch("exec sleep 1000", 1);
  core::DiskRule rule;
  rule.fault = "full";
  rule.operations = {core::DiskOperation::write};
  rule.error = ENOSPC;
  rule.path = "f";
  const auto handle = lab_->disks().add(rule, {0});
  auto& injection = cut({0}, "strict-posix", nothing);
  ASSERT_TRUE(wait([&] { return is_back(0); })) << text(injection);
  EXPECT_THAT(run(0, "cat /etc/hostname > f").error, HasSubstr("No space left"));
  EXPECT_EQ(lab_->disks().effect(handle).at(0).decided, 1U);
}

TEST_F(PowerCutTest, AProcessThatHangsAtItsDiskEnds) {
  core::Claim claim;
  claim.medium = core::Claim::Medium::disk;
  claim.nodes = {0};
  claim.files = {{core::DiskOperations::all(), ""}};
  claim.durability = true;
  more_claims_ = {claim};
  launch("while :; do echo x >> f; done", 1);
  core::DiskRule rule;
  rule.fault = "hang";
  rule.operations = {core::DiskOperation::write};
  rule.action = core::DiskRule::Action::stall;
  lab_->disks().add(rule, {0});
  auto& injection = cut({0}, "strict-posix", nothing);
  ASSERT_TRUE(wait([&] { return is_back(0); })) << text(injection);
  EXPECT_TRUE(injection.observe().took_effect()) << text(injection);
}

}  // namespace
}  // namespace withstand::faults::testing
