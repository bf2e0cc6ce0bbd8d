// A series of runs in which one goes wrong as no run should: the others keep their results, and so do the reports.

#include <filesystem>
#include <sched.h>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/mount.h>

#include "cli/command.hpp"

namespace withstand::cli_test {
namespace {

using ::testing::HasSubstr;

namespace fs = std::filesystem;

class Series : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = why_no_run(); !reason.empty()) GTEST_SKIP() << reason;
  }
  [[nodiscard]] std::vector<std::string> run(int repeat) const {
    const auto file = folder_.write("short.toml", short_experiment({}));
    return {"run", file, "--repeat", std::to_string(repeat), "--output", runs(), "--junit", junit(), "--json"};
  }
  [[nodiscard]] std::string runs() const { return folder_.path("runs"); }
  [[nodiscard]] std::string junit() const { return folder_.path("junit.xml"); }
  static int suites_in(const std::string& xml) {
    int count = 0;
    for (auto at = xml.find("<testsuite "); at != std::string::npos; at = xml.find("<testsuite ", at + 1)) ++count;
    return count;
  }
  Folder folder_;
};

TEST_F(Series, AFolderThatGoesAwayInItsMiddleCostsTheOtherRunsNothing) {
  Running series(run(3), {});
  ASSERT_TRUE(series.wait_for_progress("2/3"));
  fs::rename(runs(), folder_.path("away"));
  folder_.write("runs", "no folder any more");
  const auto outcome = series.wait();
  EXPECT_EQ(outcome.status, 3) << outcome.err;
  const auto told = nlohmann::json::parse(outcome.out).at("runs");
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[0].at("verdict"), "withstood");
  EXPECT_EQ(told[1].at("verdict"), "error");
  EXPECT_EQ(told[2].at("verdict"), "error");
  EXPECT_THAT(told[2].at("reason").get<std::string>(), HasSubstr("Not a directory"));
  EXPECT_NE(told[1].at("seed"), told[2].at("seed"));
  const auto xml = read(junit());
  EXPECT_EQ(suites_in(xml), 3);
  EXPECT_THAT(xml, HasSubstr("Not a directory"));
}

TEST_F(Series, ADiskThatBecomesFullInItsMiddleCostsTheOtherRunsNothing) {
  if (::geteuid() != 0) GTEST_SKIP() << "a disk of its own needs root";
  fs::create_directory(runs());
  const auto small_disk = [&] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", runs().c_str(), "tmpfs", MS_NOSUID, "size=200k") != 0)
      ::_exit(125);
  };
  const auto outcome = withstand(run(5), small_disk);
  EXPECT_EQ(outcome.status, 3) << outcome.err;
  const auto told = nlohmann::json::parse(outcome.out).at("runs");
  ASSERT_EQ(told.size(), 5U);
  EXPECT_EQ(told.front().at("verdict"), "withstood");
  EXPECT_EQ(told.back().at("verdict"), "error");
  EXPECT_THAT(outcome.out + outcome.err, HasSubstr("No space left on device"));
  EXPECT_EQ(suites_in(read(junit())), 5);
}

}  // namespace
}  // namespace withstand::cli_test
