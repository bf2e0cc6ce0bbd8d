// What the long series counts as left behind by a killed run, and what it makes of clang-tidy's findings.

#include <cstdio>

#include "tidy/scan.hpp"

namespace withstand::tidy {
namespace {

/// What Python says to this, with .ci/soak loaded as the module `soak` and `folder` an empty folder of the test's own.
std::string said_with_soak(const std::string& commands, const std::string& before = "") {
  const auto file = std::filesystem::temp_directory_path() / fmt::format("soak-script-{}.py", ::getpid());
  std::ofstream(file) << R"(import importlib.machinery, importlib.util, os, pathlib, subprocess, sys, tempfile
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("soak", ")"
                      << WITHSTAND_SOURCE_DIR << R"(/.ci/soak")
soak = importlib.util.module_from_spec(importlib.util.spec_from_loader("soak", loader))
loader.exec_module(soak)
scratch = tempfile.TemporaryDirectory()
folder = pathlib.Path(scratch.name)
)" << commands;
  FILE* told = ::popen((before + "python3 " + file.string() + " 2>&1").c_str(), "r");
  if (told == nullptr) return "no shell";
  std::string text;
  for (char buffer[256]; std::fgets(buffer, sizeof buffer, told) != nullptr;) text += buffer;
  EXPECT_EQ(::pclose(told), 0) << text;
  std::filesystem::remove(file);
  return text;
}

/// A child that stands for a run which has ended, and which has this name.
constexpr const char* dead_run = R"(
output = folder / "output"
run = subprocess.Popen(["sleep", "60"])
family = soak.Family(run.pid, output)
name = f"soak-test-{os.getpid()}"
(output / name).mkdir(parents=True)
run.kill()
run.wait()
)";

TEST(Soak, NothingIsLeftOfARunThatLeftNothing) {
  EXPECT_EQ(said_with_soak(std::string(dead_run) + R"(
(output / name / "journal.jsonl").write_text("{}")
print(family.left())
)"),
            "{}\n");
}

TEST(Soak, FilesAreSeenAndNotOnlyFolders) {
  EXPECT_EQ(said_with_soak(std::string(dead_run) + R"(
(folder / (name + ".undo")).write_text("")
(folder / "deep").mkdir()
(folder / "deep" / (name + ".json")).write_text("")
(folder / ("of-" + name)).mkdir()
(output / name / "lab").mkdir()
print(sorted(os.path.basename(path).replace(name, "RUN") for path in family.left()["files"]))
)"),
            "['RUN.json', 'RUN.undo', 'lab', 'of-RUN']\n");
}

TEST(Soak, JournalsAndStateInRunAreSeen) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root writes below /run";
  EXPECT_EQ(said_with_soak(std::string(dead_run) + R"(
planted = tempfile.TemporaryDirectory(dir="/run")
(pathlib.Path(planted.name) / (name + ".undo")).write_text("")
print([os.path.basename(path).replace(name, "RUN") for path in family.left()["files"]])
)"),
            "['RUN.undo']\n");
}

TEST(Soak, LinksOfTheHostAreCompared) {
  if (::geteuid() != 0 || ::access("/dev/net/tun", F_OK) != 0) GTEST_SKIP() << "needs root and a TUN device";
  EXPECT_EQ(said_with_soak(R"(
import fcntl, struct
subprocess.run(["mount", "-t", "sysfs", "none", "/sys"], check=True)
host = soak.Host()
print(host.changes())
with open("/dev/net/tun", "r+b", buffering=0) as tun:
    fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", b"planted0", 0x1001))
    print(host.changes())
print(host.changes())
)",
                           "unshare --net --mount "),
            "{}\n{'links': ['planted0']}\n{}\n");
}

TEST(Soak, CountsWhatLintFoundByCheckAndOncePerPlace) {
  EXPECT_EQ(said_with_soak(R"(
text = """lint: 12 files
/p/a.hpp:3:4: error: one thing [bugprone-one,-warnings-as-errors]
  int a;
/p/b.cpp:5:6: warning: another [modernize-two]
/p/a.hpp:3:4: error: one thing [bugprone-one,-warnings-as-errors]
"""
print(soak.lint_findings(text))
print(soak.lint_findings("lint: 0 files\n"))
)"),
            "(12, {'bugprone-one,-warnings-as-errors': 1, 'modernize-two': 1})\n(0, {})\n");
}

}  // namespace
}  // namespace withstand::tidy
