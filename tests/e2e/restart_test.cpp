#include <gmock/gmock.h>

#include "catalog/catalog.hpp"
#include "experiment_run.hpp"

/// What a node does after it was brought down decides the run: nothing of its old life may answer for the new one.
namespace withstand {
namespace {

using ::testing::HasSubstr;

class RestartTest : public test::ExperimentRun {
 protected:
  /// A node whose shell runs `script` and that is ready when its port accepts connections.
  record::RunRecord strike(const std::string& script, const std::string& rest, const std::string& top = "") {
    return run(fmt::format(R"(
title = "a node goes down"
{2}
[target]
nodes   = 1
command = ["/bin/sh", "-c", "{0}"]
ports   = {{ main = 8080 }}
ready   = {{ tcp = "main", timeout = "5s" }}
[phases]
warm_up = "100ms"
before  = "100ms"
during  = "4500ms"
after   = "2s"
{1})",
                           script, rest, top),
               faults::catalog());
  }

  /// The evidence of the first injection that is about `what`.
  static std::string measured(const record::RunRecord& run, const std::string& what) {
    for (const auto& row : run.injections.at(0).evidence)
      if (row.what == what) return row.measured;
    return "no evidence of it";
  }
};

constexpr const char* serves_once =
    "if [ -e came ]; then exec sleep 987; fi; touch came; exec python3 -m http.server 8080";
constexpr const char* leaves_a_server =
    "if [ -e came ]; then exec sleep 987; fi; touch came; python3 -m http.server 8080 & wait";

TEST_F(RestartTest, ANodeThatDoesNotComeBackFailsTheRun) {
  const auto run = strike(serves_once, R"(
[[fault]]
name    = "kill"
kind    = "process.kill"
on      = "n1"
restart = "100ms"
)",
                          "verdict = \"failed\"\nfails = [\"ready: n1\"]");
  EXPECT_EQ(run.end.verdict, "failed") << run.end.reason;
  EXPECT_TRUE(run.end.as_expected);
  EXPECT_THAT(run.end.reason, HasSubstr("n1 was restarted and did not become ready within"));
  EXPECT_THAT(run.end.reason, HasSubstr("Connection refused"));
  EXPECT_TRUE(run.injections.at(0).took_effect) << run.injections.at(0).objection;
  EXPECT_THAT(measured(run, "restart of n1"), HasSubstr("never seen ready"));
}

TEST_F(RestartTest, WhatAnOldLifeLeftBehindDoesNotAnswerForTheNewOne) {
  for (const std::string fault :
       {"kind = \"process.terminate\"\ngrace = \"2s\"", "kind = \"process.kill\"\ntree = false"}) {
    const auto run =
        strike(leaves_a_server, "[[fault]]\nname = \"end\"\non = \"n1\"\nrestart = \"100ms\"\n" + fault + "\n");
    EXPECT_EQ(run.end.verdict, "failed") << fault << run.end.reason;
    EXPECT_THAT(run.end.reason, HasSubstr("n1 was restarted and did not become ready within")) << fault;
  }
}

TEST_F(RestartTest, APauseAKillAndAPauseOfOneNodeEachTakeEffect) {
  const auto run = strike("exec python3 -m http.server 8080", R"(
[[fault]]
name = "first"
kind = "process.pause"
on   = "n1"
at   = "500ms"
for  = "3s"
[[fault]]
name    = "kill"
kind    = "process.kill"
on      = "n1"
at      = "1s"
restart = "100ms"
[[fault]]
name = "second"
kind = "process.pause"
on   = "n1"
at   = "1800ms"
for  = "500ms"
[[probe]]
name  = "up"
on    = "n1"
tcp   = "{node}:8080"
every = "100ms"
[expect]
after = ["probe.up > 50%"]
)");
  EXPECT_EQ(run.end.verdict, "withstood") << run.end.reason;
  ASSERT_EQ(run.injections.size(), 3U);
  for (const auto& injection : run.injections)
    EXPECT_TRUE(injection.took_effect) << injection.fault << ": " << injection.objection;
}

}  // namespace
}  // namespace withstand
