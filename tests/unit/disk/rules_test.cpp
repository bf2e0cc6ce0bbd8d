// Rules, seen from outside: by programs that use the mounted folder.
#include "lab/disk/rules.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <map>
#include <thread>

#include <fmt/format.h>

#include "lab/disk/delay.hpp"
#include "posix_fixture.hpp"

namespace withstand::lab::disk::testing {
namespace {

using namespace std::chrono_literals;
using Action = core::DiskRule::Action;

/// The rules live in the server's process: what they did is told in words, in a file beside, whenever it has changed.
class Teller : public Gate {
 public:
  Teller(FileSystem& files, const std::vector<core::DiskRule>& rules) : rules_(files, "n1") {
    for (std::size_t i = 0; i < rules.size(); ++i) rules_.add(i + 1, rules[i]);
  }
  Verdict judge(Request& request) override { return rules_.judge(request); }
  void answered(std::uint64_t rule) override { rules_.answered(rule), tell(); }
  void waited(std::uint64_t rule, std::chrono::nanoseconds asked, std::chrono::nanoseconds took) override {
    rules_.waited(rule, asked, took), tell();
  }
  void died(std::uint64_t rule) override { rules_.died(rule), tell(); }
  void tell() {
    std::string text;
    for (std::uint64_t handle = 1; const auto effect = rules_.effect(handle); ++handle) {
      text += fmt::format("rule {}: counted {} decided {} answered {} waited {} died {} min {}us\n", handle,
                          effect->counted, effect->decided, effect->answered, effect->waited, effect->died,
                          effect->waited_min.count() / 1000);
      for (const auto& each : effect->strikes)
        text += fmt::format("  {} {} {} at {} size {} by {} {}\n", each.ordinal, to_text(each.operation), each.path,
                            each.offset, each.size, each.pid, each.command);
      for (const auto& each : effect->nearest) text += "  near " + each + "\n";
    }
    const os::Fd file(::open(told_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    EXPECT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string told_;

 private:
  Rules rules_;
};

class RulesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!why_no_mount().empty()) GTEST_SKIP() << why_no_mount();
  }
  /// Mounts a folder with these rules in force.
  void with(std::vector<core::DiskRule> rules, bool passthrough = false) {
    std::vector<core::DiskConcern> concerns;
    for (const auto& each : rules) concerns.push_back({each.operations, each.path});
    claimed_ = std::make_unique<ClaimedFiles>(concerns);
    DiskRig::Options options;
    options.concerns = claimed_.get();
    options.passthrough = passthrough;
    told_ = fmt::format("/tmp/withstand-told-{}", ::getpid());
    options.gate = [rules = std::move(rules), told = told_](FileSystem& files) {
      auto teller = std::make_unique<Teller>(files, rules);
      teller->told_ = told;
      return teller;
    };
    rig_ = std::make_unique<DiskRig>(options);
  }
  void TearDown() override {
    if (!told_.empty()) ::unlink(told_.c_str());
  }
  static core::DiskRule rule(Operations operations, const std::string& path, Action action, int error = EIO) {
    core::DiskRule rule;
    rule.fault = "test";
    rule.seed = 1;
    rule.operations = operations;
    rule.path = path;
    rule.action = action;
    rule.error = error;
    return rule;
  }
  [[nodiscard]] std::string at(const std::string& name) const { return rig_->mounted() + "/" + name; }
  [[nodiscard]] os::Fd open(const std::string& name, int flags = O_RDWR | O_CREAT) const {
    return os::Fd(::open(at(name).c_str(), flags | O_CLOEXEC, 0644));
  }
  [[nodiscard]] std::string told() const {
    std::string text(1 << 16, '\0');
    const os::Fd file(::open(told_.c_str(), O_RDONLY | O_CLOEXEC));
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(file.get(), text.data(), text.size()))));
    return text;
  }

  /// The server tells when it has answered, which may be a moment after the answer is here.
  [[nodiscard]] bool tells(const std::string& text) const {
    for (int i = 0; i < 5000; ++i) {
      if (told().find(text) != std::string::npos) return true;
      std::this_thread::sleep_for(1ms);
    }
    return false;
  }

  std::unique_ptr<ClaimedFiles> claimed_;
  std::unique_ptr<DiskRig> rig_;
  std::string told_;
};

TEST_F(RulesTest, TheNthWriteFailsAndNothingOfItIsDone) {
  auto third = rule({Operation::write}, "f", Action::error, ENOSPC);
  third.first = third.last = 3;
  with({third});
  const os::Fd file = open("f"), other = open("g");
  for (int i = 1; i <= 5; ++i) {
    if (i == 3) {
      EXPECT_FAILS(static_cast<int>(::pwrite(file.get(), "x", 1, i)), ENOSPC);
    } else {
      EXPECT_EQ(::pwrite(file.get(), "x", 1, i), 1);
    }
    EXPECT_EQ(::pwrite(other.get(), "x", 1, i), 1);
  }
  const os::Fd below(::open((rig_->backing() + "/f").c_str(), O_RDONLY));
  EXPECT_EQ(Posix::read(below), std::string("\0xx\0xx", 6));
  EXPECT_TRUE(tells(" decided 1 answered 1 ")) << told();
  EXPECT_TRUE(tells(fmt::format("3 write f at 3 size 1 by {} ", ::getpid()))) << told();
}

TEST_F(RulesTest, EveryStepthFromTheFirstToTheLast) {
  auto some = rule({Operation::fsync}, "", Action::error);
  some.first = 2;
  some.step = 3;
  some.last = 8;
  with({some});
  const os::Fd file = open("f");
  std::string failed;
  for (int i = 1; i <= 12; ++i)
    if (::fsync(file.get()) != 0) failed += std::to_string(i) + " ";
  EXPECT_EQ(failed, "2 5 8 ");
}

TEST_F(RulesTest, ChanceIsTheSeeds) {
  auto half = rule({Operation::unlink}, "*", Action::error, EROFS);
  half.probability_ppb = 500'000'000;
  std::string first;
  for (int round = 0; round < 2; ++round) {
    with({half});
    std::string failed;
    for (int i = 0; i < 200; ++i) {
      static_cast<void>(open("f"));
      failed += ::unlink(at("f").c_str()) == 0 ? '.' : 'x';
    }
    const auto count = std::count(failed.begin(), failed.end(), 'x');
    EXPECT_GT(count, 60);
    EXPECT_LT(count, 140);
    if (round == 0) first = failed;
    EXPECT_EQ(failed, first);
  }
}

TEST_F(RulesTest, RangesAndBytesBefore) {
  auto page = rule({Operation::read}, "f", Action::error);
  page.first_byte = 4096;
  page.end_byte = 8192;
  auto later = rule({Operation::write}, "f", Action::error, EDQUOT);
  later.after_bytes = 10;
  with({page, later});
  const os::Fd file = open("f");
  EXPECT_EQ(::pwrite(file.get(), "0123456789", 10, 5000), 10);
  EXPECT_FAILS(static_cast<int>(::pwrite(file.get(), "x", 1, 0)), EDQUOT);
  std::array<char, 8192> room{};
  EXPECT_EQ(::pread(file.get(), room.data(), 4096, 0), 4096);
  EXPECT_FAILS(static_cast<int>(::pread(file.get(), room.data(), 2, 4095)), EIO);
  EXPECT_EQ(::pread(file.get(), room.data(), 100, 8192), 0);
}

TEST_F(RulesTest, ReadsAreSeenEveryTimeDespiteThePageCache) {
  with({rule({Operation::read}, "f", Action::error)});
  const os::Fd file = open("f");
  ASSERT_EQ(::pwrite(file.get(), "x", 1, 0), 1);
  char byte = 0;
  for (int i = 0; i < 3; ++i) EXPECT_FAILS(static_cast<int>(::pread(file.get(), &byte, 1, 0)), EIO);
}

TEST_F(RulesTest, PathsFollowRenamesAndLinks) {
  with({rule({Operation::write}, "d/hit", Action::error)});
  ASSERT_EQ(::mkdir(at("d").c_str(), 0755), 0);
  ASSERT_EQ(::mkdir(at("e").c_str(), 0755), 0);
  const os::Fd file = open("d/tmp");
  EXPECT_EQ(::write(file.get(), "x", 1), 1);
  ASSERT_EQ(::rename(at("d/tmp").c_str(), at("d/hit").c_str()), 0);
  EXPECT_FAILS(static_cast<int>(::write(file.get(), "x", 1)), EIO);
  ASSERT_EQ(::unlink(at("d/hit").c_str()), 0);
  EXPECT_FAILS(static_cast<int>(::write(file.get(), "x", 1)), EIO);  // its last name still counts
  const os::Fd linked = open("e/other");
  ASSERT_EQ(::link(at("e/other").c_str(), at("d/hit").c_str()), 0);
  EXPECT_FAILS(static_cast<int>(::write(linked.get(), "x", 1)), EIO);
  ASSERT_EQ(::unlink(at("d/hit").c_str()), 0);
  EXPECT_EQ(::write(linked.get(), "x", 1), 1);
  const os::Fd moved = open("e/hit");
  EXPECT_EQ(::write(moved.get(), "x", 1), 1);
  ASSERT_EQ(::rename(at("d").c_str(), at("old").c_str()), 0);
  ASSERT_EQ(::rename(at("e").c_str(), at("d").c_str()), 0);
  EXPECT_FAILS(static_cast<int>(::write(moved.get(), "x", 1)), EIO);
}

TEST_F(RulesTest, NamesOfOperationsOnNames) {
  with({rule({Operation::rename}, "to", Action::error, EXDEV), rule({Operation::mkdir}, "d*", Action::error, ENOSPC),
        rule({Operation::create}, "c", Action::error, EMFILE)});
  static_cast<void>(open("from"));
  EXPECT_FAILS(::rename(at("from").c_str(), at("to").c_str()), EXDEV);
  EXPECT_EQ(::rename(at("from").c_str(), at("too").c_str()), 0);
  EXPECT_FAILS(::mkdir(at("dir").c_str(), 0755), ENOSPC);
  EXPECT_EQ(::mkdir(at("other").c_str(), 0755), 0);
  EXPECT_FAILS(::open(at("c").c_str(), O_CREAT | O_WRONLY, 0644), EMFILE);
}

TEST_F(RulesTest, OnlyTheProcessThatIsMeant) {
  auto mine = rule({Operation::mkdir}, "", Action::error);
  mine.process = "mkd*";
  with({mine});
  EXPECT_EQ(::mkdir(at("a").c_str(), 0755), 0);
  EXPECT_EQ(Posix::in_child(0, [&] { return ::execlp("mkdir", "mkdir", at("b").c_str(), nullptr); }), 1);
  EXPECT_TRUE(tells("mkdir b at 0 size 0")) << told();
}

TEST_F(RulesTest, WritesAndReadsAreCutShort) {
  auto half = rule({Operation::write, Operation::read}, "f", Action::shorten);
  with({half});
  const os::Fd file = open("f");
  const std::string text(1000, 'x');
  EXPECT_EQ(::pwrite(file.get(), text.data(), text.size(), 0), 500);
  std::array<char, 400> room{};
  EXPECT_EQ(::pread(file.get(), room.data(), room.size(), 0), 200);
  EXPECT_EQ(::pwrite(file.get(), "x", 1, 0), 1);
}

TEST_F(RulesTest, DelaysHoldNobodyElseUp) {
  auto slow = rule({Operation::fsync}, "slow*", Action::latency);
  slow.delay = 300ms;
  with({slow});
  const os::Fd other = open("fast");
  std::vector<os::Fd> slow_ones;  // the kernel lets nobody else at a file that is being synced (fuse_fsync)
  for (int i = 0; i < 20; ++i) slow_ones.push_back(open("slow-" + std::to_string(i)));
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> waiting;
  for (const auto& file : slow_ones) waiting.emplace_back([&file] { EXPECT_EQ(::fsync(file.get()), 0); });
  int done = 0;
  while (std::chrono::steady_clock::now() - begin < 200ms) {
    ASSERT_EQ(::pwrite(other.get(), "x", 1, 0), 1);
    ++done;
  }
  for (auto& each : waiting) each.join();
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, 300ms);
  EXPECT_LT(took, 20 * 300ms / 2);  // they waited together
  EXPECT_GT(done, 20);
}

TEST_F(RulesTest, StalledProcessesCanBeKilledButNotDisturbed) {
  with({rule({Operation::write}, "f", Action::stall)});
  static_cast<void>(open("f"));
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGUSR1, [](int) {});
    const int file = ::open(at("f").c_str(), O_WRONLY);
    ::_exit(::write(file, "x", 1) == 1 ? 0 : 1);
  }
  const auto is_waiting = [&] {
    std::array<char, 64> text{};
    const os::Fd file(::open(fmt::format("/proc/{}/syscall", child).c_str(), O_RDONLY | O_CLOEXEC));
    return ::read(file.get(), text.data(), text.size()) > 2 && text[0] == '1' && text[1] == ' ';  // write(2) on x86-64
  };
  while (!is_waiting()) std::this_thread::sleep_for(1ms);
  std::this_thread::sleep_for(20ms);
  ::kill(child, SIGUSR1);
  int how = 0;
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(::waitpid(child, &how, WNOHANG), 0);  // a handled signal does not end an operation on a disk
  ::kill(child, SIGTERM);
  EXPECT_EQ(::waitpid(child, &how, 0), child);
  EXPECT_TRUE(WIFSIGNALED(how) && WTERMSIG(how) == SIGTERM);
  const os::Fd below(::open((rig_->backing() + "/f").c_str(), O_RDONLY));
  EXPECT_EQ(Posix::read(below), "");
  EXPECT_TRUE(tells("died 1")) << told();
}

TEST_F(RulesTest, SyncsThatOnlySaySo) {
  with({rule({Operation::fsync, Operation::fdatasync, Operation::fsyncdir}, "", Action::pretend)});
  const os::Fd file = open("f"), folder(::open(rig_->mounted().c_str(), O_RDONLY | O_DIRECTORY));
  EXPECT_EQ(::fsync(file.get()), 0);
  EXPECT_EQ(::fdatasync(file.get()), 0);
  EXPECT_EQ(::fsync(folder.get()), 0);
  EXPECT_TRUE(tells("counted 3 decided 3 answered 3")) << told();
}

TEST_F(RulesTest, WhatWasNotHitIsComparedWithWhatWasTouched) {
  auto missed = rule({Operation::write}, "data/walfile", Action::error);
  auto hit = rule({Operation::fsync}, "", Action::error);
  with({missed, hit});
  ASSERT_EQ(::mkdir(at("data").c_str(), 0755), 0);
  const os::Fd file = open("data/walfiles"), other = open("unlike");
  EXPECT_EQ(::write(other.get(), "x", 1), 1);
  EXPECT_EQ(::write(file.get(), "x", 1), 1);
  EXPECT_EQ(::fsync(file.get()), -1);
  EXPECT_TRUE(tells("near data/walfiles\n  near unlike")) << told();
}

TEST_F(RulesTest, FilesThatNoRuleCanConcernPassThrough) {
  with({rule({Operation::write}, "watched/*", Action::error)}, true);
  const os::Fd file = open("free");
  EXPECT_EQ(::write(file.get(), "x", 1), 1);
  ASSERT_EQ(::mkdir(at("watched").c_str(), 0755), 0);
  const os::Fd watched = open("watched/f");
  EXPECT_FAILS(static_cast<int>(::write(watched.get(), "x", 1)), EIO);
}

TEST(Delays, FollowTheirDistributions) {
  core::DiskRule rule;
  rule.delay = 10ms;
  rule.jitter = 2ms;
  const auto stream = core::draw_stream(7, "f", "n1", "test");
  const std::map<core::DiskRule::Spread, std::pair<double, double>> bounds{
      {core::DiskRule::Spread::constant, {10, 10}},
      {core::DiskRule::Spread::uniform, {9.95, 10.05}},
      {core::DiskRule::Spread::normal, {9.95, 10.05}},
      {core::DiskRule::Spread::exponential, {9.7, 10.3}},
      {core::DiskRule::Spread::pareto, {7, 16}}};
  for (const auto& [spread, mean] : bounds) {
    rule.spread = spread;
    double sum = 0;
    constexpr int count = 20000;
    for (std::uint64_t i = 1; i <= count; ++i)
      sum += std::chrono::duration<double, std::milli>(draw_delay(rule, stream, i)).count();
    EXPECT_GE(sum / count, mean.first);
    EXPECT_LE(sum / count, mean.second);
  }
}

}  // namespace
}  // namespace withstand::lab::disk::testing
