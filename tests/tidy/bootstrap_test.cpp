// What ./bootstrap test tells of ctest's output, and that it always comes to its end.

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

/// What a script says that has these functions of bootstrap; it ends well.
std::string said_by(const std::vector<std::string>& functions, const std::string& commands) {
  const auto file = std::filesystem::temp_directory_path() / fmt::format("bootstrap-script-{}", ::getpid());
  std::ofstream script(file);
  script << "set -euo pipefail\n";
  for (const auto& name : functions)
    script << fmt::format("eval \"$(sed -n '/^{}() {{.*}}$/p; /^{}() {{$/,/^}}/p' {}/bootstrap)\"\n", name, name,
                          WITHSTAND_SOURCE_DIR);
  script << commands;
  script.close();
  FILE* told = ::popen(("bash " + file.string() + " 2>&1").c_str(), "r");
  if (told == nullptr) return "no shell";
  std::string text;
  for (char buffer[256]; std::fgets(buffer, sizeof buffer, told) != nullptr;) text += buffer;
  EXPECT_EQ(::pclose(told), 0) << text;
  std::filesystem::remove(file);
  return text;
}

TEST(Bootstrap, NamesTheTestsThatPassedAtTheSecondTry) {
  const auto file = std::filesystem::temp_directory_path() / fmt::format("ctest-output-{}", ::getpid());
  std::ofstream(file) << output;
  EXPECT_EQ(said_by({"second_tries"}, "second_tries " + file.string()),
            "at the second try: unit_os.Cgroup.Freezes\nat the second try: e2e.A\n");
  std::filesystem::remove(file);
}

TEST(Bootstrap, GoesOnToItsSummaryAfterABuildThatFailed) {
  const std::string text = said_by({"say", "note", "complain", "die", "build", "stage"}, R"(
jobs=2 log=/dev/null broken=no stages=()
cmake() { [[ $* != *wrong* ]]; }
ninja() { [[ $* != *build/broken* ]]; }
signs_of_life() { cat; }
for preset in wrong broken whole; do stage "build $preset" build "$preset"; done
for one in "${stages[@]}"; do echo "${one%% *} ${one##* }"; done
echo "$broken"
)");
  EXPECT_NE(text.find("bootstrap: cmake failed (wrong)\n"), std::string::npos) << text;
  EXPECT_NE(text.find("bootstrap: the build failed (broken)\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nbuild failed\nbuild failed\nbuild ok\nyes\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace withstand::tidy
