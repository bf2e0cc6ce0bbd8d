#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>
#include <linux/capability.h>

#include "core/event_loop.hpp"
#include "lab/local_lab.hpp"
#include "os/capabilities.hpp"
#include "spec/experiment.hpp"

namespace withstand::lab::testing {

/// A target of one kind whose nodes run this shell script.
inline spec::Experiment experiment_of(const std::string& script, std::int64_t nodes = 3) {
  spec::Experiment experiment;
  experiment.title = "test";
  experiment.target.name = "inline";
  experiment.target.folder = "/usr";
  experiment.target.file = "test";
  spec::NodeKind kind;
  kind.name = "node";
  kind.count = nodes;
  kind.command = {"/bin/sh", "-c", script};
  kind.stop.grace = std::chrono::milliseconds(500);
  experiment.target.kinds = {kind};
  return experiment;
}

/// A folder that goes away with the test.
class ScratchFolder {
 public:
  ScratchFolder() {
    char name[] = "/tmp/withstand-test-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Labs need namespaces and a TUN device. An ordinary user's test program enters its user namespace here, once.
inline std::string why_no_lab() {
  if (::access("/dev/net/tun", R_OK | W_OK) != 0) return "needs /dev/net/tun";
  static const std::string refusal = [] {
    enter_user_namespace_unless_privileged();
    return std::string(os::has_capability(CAP_SYS_ADMIN) ? "" : "needs root or user namespaces");
  }();
  return refusal;
}

/// A lab in a scratch folder, on its own event loop.
class LabTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = why_no_lab(); !reason.empty()) GTEST_SKIP() << reason;
  }
  void TearDown() override { lab_.reset(); }

  LocalLab& make(spec::Experiment experiment) {
    experiment_ = std::move(experiment);
    LabOptions options;
    options.run_directory = folder_.path();
    options.run_name = "test-" + std::to_string(::getpid()) + "-" + std::to_string(++count_);
    options.epoch = core::now();
    core::Claim links{core::Claim::Medium::link, {}, {}};
    const core::Topology topology(experiment_);
    for (const auto& from : topology.nodes())
      for (const auto& to : topology.nodes())
        if (from.id != to.id) links.links.push_back({from.id, to.id});
    options.claims = {links};
    if (by_resolver_) options.claims.push_back({core::Claim::Medium::names, {}, {}});
    if (own_clocks_) options.claims.push_back({core::Claim::Medium::clock, topology.targets(), {}});
    options.claims.insert(options.claims.end(), more_claims_.begin(), more_claims_.end());
    lab_ = std::make_unique<LocalLab>(loop_, experiment_, core::Topology(experiment_), options);
    return *lab_;
  }

  /// Also asks again every 5 ms, for what is seen outside the loop: a file, /proc.
  bool wait(const std::function<bool()>& done, std::chrono::nanoseconds patience = std::chrono::seconds(10)) {
    const core::Instant deadline = core::now() + patience;
    while (!loop_.run_until(done, std::min(deadline, core::now() + std::chrono::milliseconds(5))))
      if (core::now() >= deadline) return done();
    return true;
  }

  /// Runs a shell script in a node and waits for it.
  core::CommandResult run(core::NodeId node, const std::string& script,
                          std::chrono::nanoseconds timeout = std::chrono::seconds(10)) {
    std::optional<core::CommandResult> result;
    lab_->run_in(node, {"/bin/sh", "-c", script}, timeout, [&](core::CommandResult got) { result = std::move(got); });
    wait([&] { return result.has_value(); }, timeout + std::chrono::seconds(5));
    return result.value_or(core::CommandResult{});
  }

  std::vector<core::Claim> more_claims_;  ///< besides all links; before `make`
  ScratchFolder folder_;
  core::EventLoop loop_;
  spec::Experiment experiment_;
  std::unique_ptr<LocalLab> lab_;
  int count_ = 0;
  bool by_resolver_ = false;  ///< whether names are in no /etc/hosts
  bool own_clocks_ = false;   ///< set before make(): every target node has a clock of its own
};

}  // namespace withstand::lab::testing
