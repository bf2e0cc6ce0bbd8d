// The demo by somebody who is not root, on a machine whose device files are as udev makes them.

#include <regex>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/stat.h>

#include "cli/command.hpp"

namespace withstand::cli_test {
namespace {

constexpr int inconclusive = 4;

/// The experiment with delays, and bounds on time, so many times as long.
std::string slowed_down(const std::string& text, int times) {
  static const std::regex time(R"re((delay +=|jitter +=|timeout +=|p99 <) *("?)([0-9]+)(m?s))re");
  std::string out;
  std::size_t copied = 0;
  for (std::sregex_iterator at(text.begin(), text.end(), time), end; at != end; ++at) {
    const auto& found = *at;
    const auto place = static_cast<std::size_t>(found.position());
    out += text.substr(copied, place - copied);
    out += fmt::format("{} {}{}{}", found.str(1), found.str(2), std::stoi(found.str(3)) * times, found.str(4));
    copied = place + static_cast<std::size_t>(found.length());
  }
  return out + text.substr(copied);
}

class OrdinaryUser : public ::testing::TestWithParam<const char*> {
 protected:
  [[nodiscard]] Outcome run(const std::vector<std::string>& arguments) const {
    return withstand(arguments, root_ ? Before(become_somebody) : Before());
  }
  const bool root_ = ::geteuid() == 0;
};

TEST_P(OrdinaryUser, RunsTheDemo) {
  if (const auto why = why_no_run(); !why.empty()) GTEST_SKIP() << why;
  if (root_ && !somebody_may_read_the_project()) GTEST_SKIP() << "the project's folder is closed to other users";
  const Folder folder;
  ASSERT_EQ(::chmod(folder.path().c_str(), 0777), 0);
  const auto doctor = run({"doctor"});
  if (doctor.status == 77) GTEST_SKIP() << "an ordinary user cannot run experiments here:\n" << doctor.out;
  const std::string name = fmt::format("experiments/quickstart/{}.toml", GetParam());
  // Without real-time priority the fabric is late when the machine is busy with other things, and says so; longer
  // delays bear more. One try must come to the verdict.
  std::string seen;
  for (const int times : {1, 1, 2, 2, 3}) {
    const auto file =
        times == 1 ? name : folder.write("slower.toml", slowed_down(read(WITHSTAND_SOURCE_DIR "/" + name), times));
    const auto outcome = run({"run", file, "--output", folder.path("runs")});
    if (outcome.status == 0) return;
    seen += fmt::format("delays times {}: status {}\n{}{}\n", times, outcome.status, outcome.out, outcome.err);
    if (outcome.status != inconclusive) break;
  }
  ADD_FAILURE() << "no run came to the verdict that the file states:\n" << seen;
}

INSTANTIATE_TEST_SUITE_P(File, OrdinaryUser, ::testing::Values("quorum-kv-withstands", "quorum-kv-read-one-fails"),
                         [](const auto& parameter) {
                           return std::string(parameter.param).substr(10) == "withstands" ? "that_withstands"
                                                                                          : "that_fails";
                         });

TEST(SlowedDown, IsAnExperimentWithLongerTimes) {
  EXPECT_EQ(slowed_down("delay  = \"80ms\"\nafter = [\"p99 < 250ms\", \"recovery < 2s\"]", 3),
            "delay  = \"240ms\"\nafter = [\"p99 < 750ms\", \"recovery < 2s\"]");
}

}  // namespace
}  // namespace withstand::cli_test
