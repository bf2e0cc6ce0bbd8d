#include "victims.hpp"

#include <cstdio>
#include <limits.h>
#include <string>

#include "lab_fixture.hpp"
#include "os/ancillary.hpp"

namespace withstand::lab::testing {

int orchestrator_main(int argc, char** argv) {
  if (argc < 4) return 2;
  try {
    enter_user_namespace_unless_root();
    core::EventLoop loop;
    const auto experiment = experiment_of("while :; do echo alive; date > now; sleep 0.01; done");
    LabOptions options;
    options.run_directory = argv[2];
    options.run_name = argv[3];
    options.epoch = core::now();
    LocalLab lab(loop, experiment, core::Topology(experiment), options);
    if (const auto failure = lab.launch()) {
      std::printf("failed: %s\n%s\n", failure->reason.c_str(), failure->detail.c_str());
      return 1;
    }
    std::puts("ready");
    std::fflush(stdout);
    for (;;) loop.run_for(std::chrono::hours(1));
  } catch (const std::exception& error) {
    std::printf("error: %s\n", error.what());
    return 3;
  }
}

int helper_main(int, char**) {
  char host[HOST_NAME_MAX + 1] = {};
  ::gethostname(host, sizeof host);
  char pids[PATH_MAX] = {};
  if (::readlink("/proc/self/ns/pid", pids, sizeof pids - 1) < 0) std::snprintf(pids, sizeof pids, "no /proc/self");
  os::send_message(3, std::string(host) + " " + pids);
  std::puts("helper speaks");
  std::fflush(stdout);
  return os::receive_message(3)->end ? 0 : 1;
}

}  // namespace withstand::lab::testing
