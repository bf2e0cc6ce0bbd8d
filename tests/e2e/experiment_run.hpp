#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/fault.hpp"
#include "lab/doctor/doctor.hpp"
#include "lab/spawn.hpp"
#include "record/run_record.hpp"
#include "run/run.hpp"

namespace withstand::test {

/// Runs experiments whole, and reads their journals.
class ExperimentRun : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const auto& feature : lab::examine({"namespaces", "tun"}))
      if (feature.state == lab::Feature::State::missing) GTEST_SKIP() << feature.id << ": " << feature.why;
    lab::set_own_program(WITHSTAND_BINARY_DIR "/withstand");
    folder_ = std::filesystem::temp_directory_path() / fmt::format("withstand-e2e-{}", ::getpid());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override {
    if (!HasFailure()) std::filesystem::remove_all(folder_);
  }

  record::RunRecord run(const std::string& experiment, const core::Catalog& catalog) {
    std::filesystem::current_path(WITHSTAND_SOURCE_DIR);
    std::ofstream(folder_ / "experiment.toml") << experiment;
    const auto loaded = run::load_experiment((folder_ / "experiment.toml").string(), catalog);
    EXPECT_TRUE(loaded.ok()) << loaded.problems;
    run::RunOptions options;
    options.seed = 7;
    options.output = folder_ / "runs";
    options.on_tick = [this](const run::LiveState& state) { ticks_.push_back(state); };
    run::Interrupts interrupts;
    const auto outcome = run::run_experiment(loaded.file, catalog, options, interrupts);
    std::ifstream journal(outcome.directory + "/journal.jsonl");
    auto read = record::read_run(journal);
    read.directory = outcome.directory;
    return read;
  }

  std::vector<run::LiveState> ticks_;  ///< what a person could see meanwhile

 private:
  std::filesystem::path folder_;
};

}  // namespace withstand::test
