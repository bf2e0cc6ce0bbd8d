// How long a lab takes to stand, before any target's own start, and to be gone again, by number of nodes; and how long
// kill and pause take from the call to the kernel's word. Prints a table; asserts nothing.
#include <algorithm>
#include <filesystem>
#include <stdlib.h>
#include <string>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "lab/guardian.hpp"
#include "lab/link/fabric.hpp"
#include "lab/local_lab.hpp"

namespace {

using namespace withstand;

double milliseconds(std::chrono::nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

spec::Experiment sleepers(std::int64_t nodes) {
  spec::Experiment experiment;
  experiment.target.name = "sleepers";
  experiment.target.folder = "/usr";
  spec::NodeKind kind;
  kind.name = "node";
  kind.count = nodes;
  kind.command = {"/bin/sleep", "1000"};
  experiment.target.kinds = {kind};
  return experiment;
}

struct Times {
  double stand = 0, launch = 0, gone = 0;
};

Times one_lab(std::int64_t nodes, const std::string& folder, int number) {
  const std::string run = fmt::format("bench-{}-{}", ::getpid(), number);
  std::filesystem::create_directory(folder + "/" + run);
  core::EventLoop loop;
  const auto experiment = sleepers(nodes);
  lab::LabOptions options;
  options.run_directory = folder + "/" + run;
  options.run_name = run;
  options.epoch = core::now();
  const auto begin = core::now();
  lab::LocalLab lab(loop, experiment, core::Topology(experiment), options);
  const auto stands = core::now();
  lab.launch();
  const auto launched = core::now();
  lab.tear_down([] { return true; });
  return {milliseconds(stands - begin), milliseconds(launched - stands), milliseconds(core::now() - launched)};
}

void start_table(const std::string& folder) {
  fmt::print("{:>6} {:>14} {:>14} {:>14}   (median of 5, ms)\n", "nodes", "lab stands", "targets run", "lab is gone");
  int number = 0;
  for (const std::int64_t nodes : {1, 3, 10, 25, 50}) {
    std::vector<Times> all;
    for (int i = 0; i < 5; ++i) all.push_back(one_lab(nodes, folder, ++number));
    const auto median = [&](auto member) {
      std::vector<double> values;
      for (const auto& each : all) values.push_back(each.*member);
      std::sort(values.begin(), values.end());
      return values[values.size() / 2];
    };
    fmt::print("{:>6} {:>14.1f} {:>14.1f} {:>14.1f}\n", nodes, median(&Times::stand), median(&Times::launch),
               median(&Times::gone));
  }
}

void act_table(const std::string& folder) {
  core::EventLoop loop;
  const auto experiment = sleepers(3);
  lab::LabOptions options;
  options.run_directory = folder;
  options.run_name = fmt::format("bench-acts-{}", ::getpid());
  lab::LocalLab lab(loop, experiment, core::Topology(experiment), options);
  lab.launch();
  std::vector<double> kills, pauses;
  for (int i = 0; i < 200; ++i) {
    const auto begin = core::now();
    {
      const auto pause = lab.pause(0, "bench");
      pauses.push_back(milliseconds(core::now() - begin));
    }
    const auto killed = core::now();
    lab.kill(0, "bench");
    kills.push_back(milliseconds(core::now() - killed));
    const auto ended = [&] { return lab.state(0).phase == core::NodeState::Phase::exited; };
    loop.run_until(ended, core::now() + std::chrono::seconds(5));
    kills.back() = milliseconds(lab.state(0).last_exit->when - killed);
    lab.start(0);
    const auto ready = [&] { return lab.state(0).phase == core::NodeState::Phase::ready; };
    loop.run_until(ready, core::now() + std::chrono::seconds(5));
  }
  for (auto* times : {&kills, &pauses}) {
    std::sort(times->begin(), times->end());
    fmt::print("{}: median {:.3f} ms, p99 {:.3f} ms, max {:.3f} ms\n",
               times == &kills ? "kill to exit seen" : "pause to proof   ", (*times)[100], (*times)[198],
               times->back());
  }
  fmt::print("paused by: {}\n", lab.pause_mechanism());
  lab.tear_down([] { return true; });
}

}  // namespace

int main(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "";
  if (role == "__fabric") return lab::link::fabric_main();
  if (role == "__guardian") return lab::guardian_main();
  lab::enter_user_namespace_unless_privileged();
  char name[] = "/tmp/withstand-bench-XXXXXX";
  const std::string folder = ::mkdtemp(name);
  start_table(folder);
  act_table(folder);
  std::filesystem::remove_all(folder);
}
