// What ./bootstrap test tells of ctest's output.

#include <cstdio>

#include <sys/wait.h>

#include "tidy/scan.hpp"

namespace withstand::tidy {
namespace {

/// As ctest prints it, with two tests that passed at the second try: one failed first, one took too long.
constexpr const char* output = R"(Test project /root/build
    Start 1: unit_os.Cgroup.Freezes
    Start 2: unit_spec.All/Units.Read/3  # GetParam() = "5 s"
1/4 Test #1: unit_os.Cgroup.Freezes ...........***Failed    0.05 sec
x.cpp:5: Failure

    Start 1: unit_os.Cgroup.Freezes
1/4 Test #2: unit_spec.All/Units.Read/3 .......   Passed    0.07 sec
    Test #1: unit_os.Cgroup.Freezes ...........   Passed    0.05 sec
3/4 Test #3: unit_run.Never ...................***Failed    0.04 sec
    Start 3: unit_run.Never
    Test #3: unit_run.Never ...................***Failed    0.04 sec
4/4 Test #14: e2e.A ...........................***Timeout   1.06 sec
    Start 14: e2e.A
    Test #14: e2e.A ...........................   Passed    0.02 sec
)";

TEST(Bootstrap, NamesTheTestsThatPassedAtTheSecondTry) {
  const auto file = std::filesystem::temp_directory_path() / fmt::format("ctest-output-{}", ::getpid());
  std::ofstream(file) << output;
  const std::string script =
      fmt::format("bash -c 'eval \"$(sed -n \"/^second_tries()/,/^}}/p\" {}/bootstrap)\"; second_tries {}'",
                  WITHSTAND_SOURCE_DIR, file.string());
  FILE* told = ::popen(script.c_str(), "r");
  ASSERT_NE(told, nullptr);
  std::string text;
  for (char buffer[256]; std::fgets(buffer, sizeof buffer, told) != nullptr;) text += buffer;
  EXPECT_EQ(::pclose(told), 0);
  std::filesystem::remove(file);
  EXPECT_EQ(text, "at the second try: unit_os.Cgroup.Freezes\nat the second try: e2e.A\n");
}

}  // namespace
}  // namespace withstand::tidy
