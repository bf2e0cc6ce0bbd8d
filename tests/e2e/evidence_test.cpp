#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "catalog/catalog.hpp"
#include "lab/doctor/doctor.hpp"
#include "lab/spawn.hpp"
#include "record/run_record.hpp"
#include "run/run.hpp"
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

class EveryFault : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const auto& feature : lab::examine({"namespaces", "tun"}))
      if (feature.state == lab::Feature::State::missing) GTEST_SKIP() << feature.id << ": " << feature.why;
    lab::set_own_program(WITHSTAND_BINARY_DIR "/withstand");
    folder_ = std::filesystem::temp_directory_path() / fmt::format("withstand-e2e-{}", ::getpid());
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "all.toml") << experiment;
  }
  void TearDown() override {
    if (!HasFailure()) std::filesystem::remove_all(folder_);
  }

  record::RunRecord run(const core::Catalog& catalog) {
    std::filesystem::current_path(WITHSTAND_SOURCE_DIR);
    const auto loaded = run::load_experiment((folder_ / "all.toml").string(), catalog);
    EXPECT_TRUE(loaded.ok()) << loaded.problems;
    run::RunOptions options;
    options.seed = 7;
    options.output = folder_ / "runs";
    run::Interrupts interrupts;
    const auto outcome = run::run_experiment(loaded.file, catalog, options, interrupts);
    std::ifstream journal(outcome.directory + "/journal.jsonl");
    return record::read_run(journal);
  }

  std::filesystem::path folder_;
};

TEST_F(EveryFault, IsWithstoodWhenEachTookEffect) {
  const auto run = this->run(faults::catalog());
  EXPECT_EQ(run.end.verdict, "withstood") << run.end.reason;
  ASSERT_EQ(run.injections.size(), 6U);
  for (const auto& injection : run.injections)
    EXPECT_TRUE(injection.took_effect) << injection.fault << injection.objection;
}

TEST_F(EveryFault, IsInconclusiveWhenTheInjectorsAreSwitchedOff) {
  const core::Catalog real = faults::catalog();
  const auto run = this->run(test::switched_off(real));
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
