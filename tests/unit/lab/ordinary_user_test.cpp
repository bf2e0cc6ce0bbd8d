#include "ordinary_user.hpp"

#include <filesystem>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "support/lab_fixture.hpp"

namespace withstand::lab::testing {
namespace {

/// The tests of the lab once more, by a user without privileges in a user namespace of its own.
TEST(OrdinaryUserTest, HasAWholeLab) {
  if (::geteuid() != 0) GTEST_SKIP() << "the lab's tests are run by an ordinary user as it is";
  if (const std::string reason = why_no_lab(); !reason.empty()) GTEST_SKIP() << reason;
  os::Pipe output = os::make_pipe();
  const auto child = start_own_program({"unit_lab", "--gtest_filter=LocalLabTest.*:LaunchTest.*", "--gtest_color=no"},
                                       false, output.write.get());
  output.write.reset();
  std::string said;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(output.read.get(), buffer, sizeof buffer)) > 0;)
    said.append(buffer, static_cast<std::size_t>(got));
  EXPECT_EQ(child.pidfd.reap().to_text(), "exited with status 0") << said;
  EXPECT_THAT(said, ::testing::HasSubstr("[       OK ] LocalLabTest.PausesNestAndAreProvedFromOutside"));
  std::error_code gone;
  EXPECT_FALSE(std::filesystem::is_empty(fmt::format("/tmp/withstand-{}", ordinary_uid), gone)) << "left behind";
}

}  // namespace
}  // namespace withstand::lab::testing
