#include "catalog/catalog.hpp"
#include "experiment_run.hpp"
#include "support/mute_lab.hpp"

/// The same run twice: once with every fault, once with every injector switched off. Only the first may pass.
namespace withstand {
namespace {

constexpr const char* experiment = R"(
title = "every kind of fault at once"
seed  = 7
[target]
use   = "quorum-kv"
nodes = 3
[load]
workload = "register"
rate     = "200/s"
[phases]
warm_up = "200ms"
before  = "500ms"
during  = "4s"
after   = "1500ms"
[[fault]]
name  = "slow"
kind  = "network.latency"
from  = "n1"
to    = "n2"
delay = "5ms"
at    = "0s"
for   = "1s"
[[fault]]
name = "lossy"
kind = "network.loss"
from = "all"
to   = "all"
loss = "20%"
at   = "0s"
for  = "1s"
[[fault]]
name  = "cut"
kind  = "network.partition"
shape = "isolate"
on    = "n3"
at    = "1s"
for   = "500ms"
[[fault]]
name = "hang"
kind = "process.pause"
on   = "n2"
at   = "1700ms"
for  = "300ms"
[[fault]]
name    = "kill"
kind    = "process.kill"
on      = "n1"
at      = "2200ms"
restart = "100ms"
[[fault]]
name    = "roll"
kind    = "process.terminate"
on      = "n3"
at      = "3s"
restart = "100ms"
[expect]
checks = ["linearizable"]
)";

using EveryFault = test::ExperimentRun;

TEST_F(EveryFault, IsWithstoodWhenEachTookEffect) {
  const auto run = this->run(experiment, faults::catalog());
  EXPECT_EQ(run.end.verdict, "withstood") << run.end.reason;
  ASSERT_EQ(run.injections.size(), 6U);
  for (const auto& injection : run.injections)
    EXPECT_TRUE(injection.took_effect) << injection.fault << injection.objection;
  ASSERT_FALSE(ticks_.empty());
  EXPECT_EQ(ticks_.back().check, "linearizable") << "a check shows that it runs";
  EXPECT_GT(ticks_.back().checked_operations, 500U);
}

TEST_F(EveryFault, IsInconclusiveWhenTheInjectorsAreSwitchedOff) {
  const core::Catalog real = faults::catalog();
  const auto run = this->run(experiment, test::switched_off(real));
  EXPECT_EQ(run.end.verdict, "inconclusive") << run.end.reason;
  EXPECT_EQ(run.end.exit_code, 4);
  ASSERT_EQ(run.injections.size(), 6U);
  for (const auto& injection : run.injections) {
    EXPECT_FALSE(injection.took_effect) << injection.fault;
    EXPECT_FALSE(injection.objection.empty()) << injection.fault;
  }
}

}  // namespace
}  // namespace withstand
