// What goes where: results on stdout, progress on stderr, reports into files, and the same again from a run's folder.

#include <cstdlib>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"

namespace withstand::cli_test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* faults = R"([[fault]]
name = "cut"
kind = "network.partition"
shape = "isolate"
on = "any"
at = "200ms"
for = "700ms"
)";

int shell(const std::string& command) { return std::system(command.c_str()); }

TEST(Output, PlanIsTheSameBytesForTheSameSeedAndTouchesNothing) {
  const Folder folder;
  const auto file = folder.write("short.toml", short_experiment({.faults = faults}));
  const auto first = withstand({"plan", file, "--seed", "5"});
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_EQ(first.out, withstand({"plan", file, "--seed", "5"}).out);
  EXPECT_THAT(first.out, HasSubstr("network.partition"));
  EXPECT_FALSE(std::filesystem::exists(folder.path("runs")));
}

TEST(Output, PlanSaysWhatIsNotRevertedAndNamesSignals) {
  const Folder folder;
  const auto plan_of = [&](const std::string& more) {
    const std::string text =
        "title = \"x\"\n[target]\ncommand = [\"/bin/sleep\", \"inf\"]\nnodes = 3\n[[fault]]\nkind = "
        "\"process.kill\"\non = \"n1\"\n";
    return withstand({"plan", folder.write("kill.toml", text + more), "--seed", "5"});
  };
  const auto gone = plan_of("signal = 9\n");
  EXPECT_EQ(gone.status, 0) << gone.err;
  EXPECT_THAT(gone.out, HasSubstr("process.kill  not reverted: down until the run ends\n"));
  EXPECT_THAT(gone.out, HasSubstr("signal = SIGKILL\n"));
  EXPECT_THAT(gone.out, ::testing::EndsWith(
                            "\nthe experiment expects nothing of the target: a run of it is inconclusive at best\n"));
  EXPECT_THAT(plan_of("signal = \"TERM\"\nrestart = \"2s\"\n").out, HasSubstr("process.kill  back after 2s\n"));
  EXPECT_THAT(withstand({"describe", "process.kill"}).out, HasSubstr("default SIGKILL"));
  const auto unknown = plan_of("signal = \"sigkil\"\n");
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean 'KILL'?"));
}

TEST(Output, SeedsWhoseDrawsBreakALimitAreRefused) {
  const Folder folder;
  const auto file = folder.write("limits.toml", R"(title = "x"
[target]
command = ["/bin/sleep", "inf"]
nodes = 3
[limits]
down = 1
[[fault]]
name = "p"
kind = "process.pause"
on = "any"
[[fault]]
name = "q"
kind = "process.pause"
on = "n1"
)");
  int refused = 0;
  for (int seed = 1; seed <= 20; ++seed) {
    const auto plan = withstand({"plan", file, "--seed", std::to_string(seed)});
    const bool same = plan.out.find("on any = n1\n") != std::string::npos;
    EXPECT_EQ(plan.status, same ? 0 : 2) << plan.out << plan.err;
    if (same) continue;
    ++refused;
    EXPECT_THAT(plan.err, HasSubstr("'q' and 'p' would have 2 of 3 'node' nodes down at once"));
    EXPECT_EQ(withstand({"run", file, "--seed", std::to_string(seed), "--output", folder.path("runs")}).status, 2);
    EXPECT_FALSE(std::filesystem::exists(folder.path("runs")));
  }
  EXPECT_GT(refused, 0);
}

TEST(Output, PlanShowsWhatWasGivenAndTheDefaultsThatMatter) {
  const Folder folder;
  const auto parameters_of = [&](const std::string& fault) {
    const auto text = "title = \"x\"\n[target]\ncommand = [\"/bin/sleep\", \"inf\"]\nnodes = 3\n[[fault]]\n" + fault;
    const auto outcome = withstand({"plan", folder.write("x.toml", text), "--seed", "5"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    std::istringstream lines(outcome.out);
    std::string found;
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with("             ") && line.find(" = ") != std::string::npos)
        found += (found.empty() ? "" : "; ") + line.substr(13);
    return found;
  };
  const std::string cut = "kind = \"network.partition\"\nshape = ", one = "on = \"n1\"\n";
  EXPECT_EQ(parameters_of(cut + "\"isolate\"\n" + one), R"(clients = false; shape = "isolate")");
  EXPECT_EQ(parameters_of(cut + "\"asymmetric\"\n" + one),
            R"(clients = false; direction = "out"; shape = "asymmetric")");
  EXPECT_EQ(parameters_of(cut + "\"split\"\n"), R"(parts = 2; shape = "split")");
  EXPECT_EQ(parameters_of(cut + "\"halves\"\nparts = 2\n"), R"(parts = 2; shape = "halves")") << "it was given";
  EXPECT_EQ(parameters_of("kind = \"process.kill\"\n" + one), "signal = SIGKILL; tree = true");
  EXPECT_EQ(parameters_of("kind = \"process.kill\"\ncrashes = 3\nrestart = \"1s\"\n" + one),
            R"(crashes = 3; restart = "1s"; signal = SIGKILL; tree = true; uptime = "1s")");
  const std::string slow = "kind = \"network.latency\"\ndelay = \"9ms\"\n";
  EXPECT_EQ(parameters_of(slow + one), R"(delay = "9ms")");
  EXPECT_EQ(parameters_of(slow + "from = \"n1\"\nto = \"n2\"\njitter = \"1ms\"\n"),
            R"(both_ways = false; delay = "9ms"; distribution = "uniform"; jitter = "1ms"; order = "keep")");
}

TEST(Output, ListKnowsEveryShippedExperiment) {
  const auto outcome = withstand({"list", "experiments", "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_GE(nlohmann::json::parse(outcome.out).at("experiments").size(), 30U);
}

TEST(Output, DescribeSaysEverythingAboutAKind) {
  const auto all = withstand({"describe"});
  EXPECT_EQ(all.status, 0);
  for (const char* kind :
       {"network.latency", "network.loss", "network.partition", "process.kill", "process.pause", "process.terminate"}) {
    EXPECT_THAT(all.out, HasSubstr(kind));
    const auto one = withstand({"describe", kind});
    EXPECT_EQ(one.status, 0) << one.err;
    EXPECT_THAT(one.out, HasSubstr("[[fault]]")) << "an example";
  }
  const auto family = withstand({"describe", "process"});
  EXPECT_EQ(family.status, 0) << family.err;
  EXPECT_THAT(family.out, HasSubstr("process.kill"));
  EXPECT_THAT(family.out, ::testing::Not(HasSubstr("network.")));
}

TEST(Output, PlanSaysWhatIsWatchedAndWhatEndsTheRun) {
  const Folder folder;
  const std::string text =
      "title = \"x\"\n[target]\ncommand = [\"/bin/sleep\", \"inf\"]\n[[probe]]\nname = \"up\"\ntcp = "
      "\"{address}:80\"\non = \"all\"\n[[fault]]\nkind = \"process.kill\"\non = \"n1\"\n[stop]\nif = "
      "[\"probe.up < 10% for 5s\"]\n[expect]\nbefore = [\"probe.up >= 50%\"]\n";
  const auto plan = withstand({"plan", folder.write("watched.toml", text), "--seed", "5"});
  EXPECT_EQ(plan.status, 0) << plan.err;
  EXPECT_THAT(plan.out, HasSubstr("\nprobes:\n  up         tcp {address}:80, on all, every 1s, timeout 1s\n"));
  EXPECT_THAT(plan.out, HasSubstr("\nthe run stops early when:\n  probe.up < 10% for 5s\n"));
  EXPECT_THAT(plan.out, HasSubstr("\nexpectations:\n  before: probe.up >= 50%\n"));
  EXPECT_THAT(plan.out, HasSubstr("expects nothing of the target once its faults begin"));
}

TEST(Output, DoctorsTableHasAStateAndAReasonForEverything) {
  const auto outcome = withstand({"doctor", "--json"});
  const auto table = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(outcome.status, table.at("can_run").get<bool>() ? 0 : 77);
  for (const auto& feature : table.at("features")) {
    EXPECT_THAT(feature.at("state"), ::testing::AnyOf("ok", "degraded", "missing"));
    EXPECT_NE(feature.at("why"), "") << feature;
  }
}

TEST(Output, EveryShippedExperimentIsValidByThePublishedSchema) {
  if (shell("python3 -c 'import jsonschema, tomllib' 2>/dev/null") != 0)
    GTEST_SKIP() << "python3-jsonschema is missing";
  const Folder folder;
  const auto schema = withstand({"schema"});
  ASSERT_EQ(schema.status, 0) << schema.err;
  folder.write("schema.json", schema.out);
  const auto script = folder.write("validate.py", R"(import json, pathlib, sys, tomllib, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft4Validator.check_schema(schema)
validator = jsonschema.Draft4Validator(schema)
wrong = 0
for path in sorted(pathlib.Path("experiments").rglob("*.toml")):
    for error in validator.iter_errors(tomllib.loads(path.read_text())):
        print(path, list(error.path), error.message)
        wrong += 1
sys.exit(wrong != 0)
)");
  EXPECT_EQ(
      shell(fmt::format("cd '{}' && python3 '{}' '{}'", WITHSTAND_SOURCE_DIR, script, folder.path("schema.json"))), 0);
}

class OutputOfRun : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = why_no_run(); !why.empty()) GTEST_SKIP() << why;
    file_ = folder_.write("short.toml", short_experiment({.faults = faults}));
  }
  Folder folder_;
  std::string file_;
};

TEST_F(OutputOfRun, ResultsOnStdoutProgressOnStderrReportsAgainFromTheFolder) {
  const auto text = withstand({"run", file_, "--output", folder_.path("runs"), "--junit", folder_.path("junit.xml"),
                               "--junit-strict", "--color", "never"});
  ASSERT_EQ(text.status, 0) << text.out << text.err;
  EXPECT_THAT(text.out, HasSubstr("WITHSTOOD"));
  EXPECT_THAT(text.out, Not(HasSubstr("\x1b[")));
  EXPECT_THAT(text.err, HasSubstr("during"));
  EXPECT_THAT(text.err, Not(HasSubstr("Expectations")));
  const auto run = folder_.only_run();
  for (const char* name : {"journal.jsonl", "experiment.toml", "target.toml", "report.json", "report.md", "junit.xml",
                           "report.html", "nodes/n1/stderr.log"})
    EXPECT_TRUE(std::filesystem::exists(run + "/" + name)) << name;
  EXPECT_FALSE(std::filesystem::exists(run + "/lab")) << "scratch goes with the lab";
  EXPECT_THAT(text.out, HasSubstr("Report     " + run + "/report.html\n"));
  const auto page = read(run + "/report.html");
  std::filesystem::remove(run + "/report.html");
  EXPECT_EQ(withstand({"report", run, "--color", "never"}).out, text.out);
  EXPECT_EQ(read(run + "/report.html"), page) << "the same again, from the folder alone";
  EXPECT_EQ(nlohmann::json::parse(read(run + "/report.json")),
            nlohmann::json::parse(withstand({"report", run, "--json"}).out));
  if (shell("command -v xmllint >/dev/null") == 0) {
    EXPECT_EQ(shell(fmt::format("xmllint --noout --relaxng '{}/tests/golden/report/junit-strict.rng' '{}' 2>&1",
                                WITHSTAND_SOURCE_DIR, folder_.path("junit.xml"))),
              0);
  }
}

TEST_F(OutputOfRun, SeveralRunsHaveAPageThatLeadsToEach) {
  const auto text = withstand({"run", file_, "--repeat", "2", "--output", folder_.path("runs"), "--html",
                               folder_.path("index.html"), "--color", "never"});
  ASSERT_EQ(text.status, 0) << text.out << text.err;
  const auto page = read(folder_.path("index.html"));
  EXPECT_THAT(page, HasSubstr("2 of 2 runs as they should be"));
  std::size_t leads = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path("runs"))) {
    EXPECT_TRUE(std::filesystem::exists(entry.path() / "report.html"));
    leads +=
        page.find("\"./runs/" + entry.path().filename().string() + "/report.html\"") != std::string::npos ? 1U : 0U;
  }
  EXPECT_EQ(leads, 2U);
}

TEST_F(OutputOfRun, JsonIsOneObjectAndReplayKeepsTheSeed) {
  const auto first = withstand({"run", file_, "--json", "--seed", "99", "--output", folder_.path("runs")});
  ASSERT_EQ(first.status, 0) << first.err;
  const auto report = nlohmann::json::parse(first.out);
  EXPECT_EQ(report.at("exit_code"), 0);
  EXPECT_EQ(report.at("runs").at(0).at("seed"), "99");
  const auto again = withstand({"replay", folder_.only_run(), "--json", "--output", folder_.path("again")});
  ASSERT_EQ(again.status, 0) << again.err;
  const auto replayed = nlohmann::json::parse(again.out);
  EXPECT_EQ(replayed.at("runs").at(0).at("seed"), "99");
  EXPECT_EQ(replayed.at("runs").at(0).at("injections").at(0).at("on"),
            report.at("runs").at(0).at("injections").at(0).at("on"));
}

TEST_F(OutputOfRun, ReplayUsesTheTargetsDefinitionThatTheRunKept) {
  const auto target = folder_.write("mine.toml", "command = [\"/bin/sleep\", \"60\"]\n");
  const auto file =
      folder_.write("uses.toml",
                    "title = \"t\"\nseed = 1\n[target]\nuse = \"./mine.toml\"\nnodes = 1\n[phases]\nwarm_up = "
                    "\"10ms\"\nbefore = \"10ms\"\nduring = \"300ms\"\nafter = \"10ms\"\n[expect]\nexits = []\n");
  ASSERT_NE(withstand({"run", file, "--output", folder_.path("runs")}).status, 2);
  folder_.write("mine.toml", "command = [\"/bin/false\"]\n");
  const auto again = withstand({"replay", folder_.only_run(), "--output", folder_.path("again")});
  EXPECT_THAT(again.err, HasSubstr("mine.toml' has changed since that run"));
  EXPECT_THAT(again.out, ::testing::Not(HasSubstr("exited with status 1")));
  std::filesystem::remove(target);
  const auto gone = withstand({"replay", folder_.only_run(), "--output", folder_.path("again")});
  EXPECT_THAT(gone.err, HasSubstr("mine.toml' is gone since that run"));
  EXPECT_THAT(gone.out, ::testing::Not(HasSubstr("exited with status 1")));
}

TEST_F(OutputOfRun, GithubGetsAnnotationsAndASummary) {
  const auto file =
      folder_.write("fails.toml", short_experiment({.faults = faults, .expect = "during = [\"p50 < 1ns\"]\n"}));
  const auto summary = folder_.write("summary.md", "");
  const auto outcome = withstand({"run", file, "--output", folder_.path("runs")}, [&] {
    ::setenv("GITHUB_ACTIONS", "true", 1);
    ::setenv("GITHUB_STEP_SUMMARY", summary.c_str(), 1);
  });
  EXPECT_EQ(outcome.status, 1) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("::error file="));
  EXPECT_THAT(read(summary), HasSubstr("a short run"));
}

}  // namespace
}  // namespace withstand::cli_test
