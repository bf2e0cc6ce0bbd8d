#include "lab/doctor/doctor.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <random>
#include <set>
#include <stdexcept>
#include <unistd.h>

#include <sys/wait.h>

#include "lab/doctor/probe.hpp"
#include "os/cgroup.hpp"
#include "os/check.hpp"
#include "os/passing_cgroup.hpp"
#include "os/process.hpp"
#include "spec/vocabulary.hpp"

namespace withstand::lab {
namespace {

using State = Feature::State;

TEST(Doctor, FindsSomethingToSayAboutEveryFeatureAndAFixWhereOneIsWanted) {
  for (const auto& feature : examine()) {
    SCOPED_TRACE(feature.id);
    EXPECT_FALSE(feature.title.empty());
    EXPECT_FALSE(feature.why.empty());
    EXPECT_TRUE(feature.state != State::ok || feature.fix.empty()) << feature.fix;
  }
}

TEST(Doctor, NamesAreUniqueAndShort) {
  const auto ids = feature_ids();
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), ids.size());
  for (const auto& id : ids) EXPECT_EQ(id.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string::npos) << id;
}

TEST(Doctor, ItsNamesAreThoseThatExperimentsMayRequire) { EXPECT_EQ(feature_ids(), spec::features()); }

TEST(Doctor, ExaminesOnlyWhatIsAsked) {
  const auto features = examine({"tun", "kernel"});
  ASSERT_EQ(features.size(), 2U);
  EXPECT_EQ(features[0].id, "tun");
  EXPECT_EQ(features[1].id, "kernel");
  EXPECT_EQ(features[1].state, State::ok);
}

TEST(Doctor, RefusesAnUnknownFeature) { EXPECT_THROW((void)examine({"warp-drive"}), std::invalid_argument); }

TEST(Doctor, LeavesNoChildAndNoDescriptorBehind) {
  const auto open_files = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  };
  const auto before = open_files();
  (void)examine();
  EXPECT_EQ(open_files(), before);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(Doctor, KilledWhileItTriesCgroupsItLeavesNeitherCgroupNorProcess) {
  std::string why;
  const auto place = os::cgroup_place(&why);
  if (!place) GTEST_SKIP() << why;
  const os::Cgroup top(*place + "/withstand-unit-doctor-" + std::to_string(::getpid()));
  std::mt19937 random(4711);
  for (int round = 0; round < 40; ++round) {
    auto working = os::make_pipe();
    const auto examiner = os::clone_process("start an examiner", {0, top.get()}, [&]() -> int {
      if (::write(working.write.get(), "x", 1) != 1) return 1;
      for (;;) (void)examine({"cgroup", "cgroup-freezer", "cgroup-kill"});
    });
    char word = 0;
    ASSERT_EQ(::read(working.read.get(), &word, 1), 1);
    ::usleep(static_cast<useconds_t>(random() % 20'000));
    examiner.pidfd.send(SIGKILL);
    examiner.pidfd.reap();
    const auto clean = [&] { return !top.is_populated() && os::cgroups_from(top.path()).size() == 1; };
    for (int i = 0; i < 5000 && !clean(); ++i) ::usleep(1000);
    ASSERT_TRUE(clean()) << "round " << round << ": " << ::testing::PrintToString(os::cgroups_from(top.path()));
  }
}

TEST(DoctorProbe, AnExceptionBecomesAFindingThatNamesTheAttempt) {
  const auto finding = doctor::in_child(
      []() -> doctor::Finding { throw os::SystemError("open the pod bay doors", EPERM); }, std::chrono::seconds(5));
  EXPECT_EQ(finding.state, State::missing);
  EXPECT_EQ(finding.why, "open the pod bay doors: Operation not permitted");
}

TEST(DoctorProbe, AChildThatHangsIsKilledAndReported) {
  const auto start = std::chrono::steady_clock::now();
  const auto finding = doctor::in_child(
      []() -> doctor::Finding {
        for (;;) ::pause();
      },
      std::chrono::milliseconds(1000));
  EXPECT_EQ(finding.state, State::missing);
  EXPECT_EQ(finding.why, "the attempt hung for 1 s");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
}

TEST(DoctorProbe, AChildKilledBySeccompGetsItsAdvice) {
  const auto finding = doctor::in_child(
      []() -> doctor::Finding {
        std::signal(SIGSYS, SIG_DFL);
        ::raise(SIGSYS);
        return {};
      },
      std::chrono::seconds(5));
  EXPECT_EQ(finding.state, State::missing);
  EXPECT_NE(finding.why.find("killed by signal"), std::string::npos);
  EXPECT_NE(finding.fix.find("seccomp"), std::string::npos);
}

TEST(DoctorProbe, ACloneReportsWhichAttemptFailed) {
  try {
    doctor::run_in_clone(0, [] { throw os::SystemError("mount a node's /proc", EPERM); });
    FAIL() << "no exception";
  } catch (const os::SystemError& error) {
    EXPECT_STREQ(error.what(), "mount a node's /proc: Operation not permitted");
  }
}

}  // namespace
}  // namespace withstand::lab
