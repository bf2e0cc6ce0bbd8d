#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "catalog/catalog.hpp"
#include "core/fault.hpp"
#include "lab/spawn.hpp"
#include "support/lab_fixture.hpp"

namespace withstand::faults::testing {

/// A lab in which one fault at a time, or several, are injected by hand and their effect is measured without asking the
/// harness.
class FaultTest : public lab::testing::LabTest {
 protected:
  void SetUp() override {
    LabTest::SetUp();
    lab::set_own_program(WITHSTAND_BINARY_DIR "/withstand");
  }

  lab::LocalLab& launch(const std::string& script, std::int64_t nodes = 3) {
    auto& lab = make(lab::testing::experiment_of(script, nodes));
    const auto failure = lab.launch();
    EXPECT_FALSE(failure) << failure->reason << failure->detail;
    return lab;
  }

  /// The fault's specification must live as long as its injection.
  core::Injection& inject(const std::string& kind, std::map<std::string, spec::Value> parameters, core::Aim aim) {
    auto spec = std::make_unique<spec::FaultSpec>();
    spec->name = kind + "-" + std::to_string(specs_.size());
    spec->kind = kind;
    spec->parameters = std::move(parameters);
    injections_.push_back(catalog_.fault(kind)->inject({*lab_, *spec, 42, std::move(aim)}));
    specs_.push_back(std::move(spec));
    return *injections_.back();
  }

  void TearDown() override {
    injections_.clear();
    LabTest::TearDown();
  }

  /// The client's id: the last node.
  [[nodiscard]] core::NodeId client() const { return lab_->topology().clients().front(); }

  struct Answer {
    bool timed_out = false;
    std::chrono::nanoseconds took{};
  };
  /// Connects from one node to a port of another where nobody listens: the refusal comes back after one round trip.
  Answer ask(core::NodeId from, core::NodeId to, std::chrono::milliseconds patience = std::chrono::milliseconds(1500)) {
    Answer answer;
    bool done = false;
    const auto begin = core::now();
    lab_->connect(from, lab_->topology().at(to).address, 9, patience, [&](os::Fd, const std::string& error) {
      answer.took = core::now() - begin;
      answer.timed_out = error.find("refused") == std::string::npos;
      done = true;
    });
    EXPECT_TRUE(wait([&] { return done; }, patience + std::chrono::seconds(5)));
    return answer;
  }
  /// The fastest of several, so that a busy machine does not count.
  std::chrono::nanoseconds round_trip(core::NodeId from, core::NodeId to, int tries = 7) {
    auto best = std::chrono::nanoseconds::max();
    for (int i = 0; i < tries; ++i) best = std::min(best, ask(from, to).took);
    return best;
  }

  /// A file in a node's data directory, as the host sees it.
  [[nodiscard]] std::string data(core::NodeId node, const std::string& name) const {
    return folder_.path() + "/lab/" + lab_->topology().at(node).name + "/data/" + name;
  }

  core::Catalog catalog_ = catalog();
  std::vector<std::unique_ptr<spec::FaultSpec>> specs_;
  std::vector<std::unique_ptr<core::Injection>> injections_;
};

}  // namespace withstand::faults::testing
