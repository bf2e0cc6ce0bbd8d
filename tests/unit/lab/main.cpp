#include <map>
#include <string>

#include <gtest/gtest.h>

#include "lab/clock/protocol.hpp"
#include "lab/disk/protocol.hpp"
#include "lab/guardian.hpp"
#include "lab/link/fabric.hpp"
#include "victims.hpp"

/// The harness re-executes itself for its helpers; here "itself" is this test program.
int main(int argc, char** argv) {
  using Role = int (*)(int, char**);
  static const std::map<std::string, Role> roles{
      {"__clock", [](int, char**) { return withstand::lab::clock::supervisor_main(); }},
      {"__disk", [](int, char**) { return withstand::lab::disk::server_main(); }},
      {"__fabric", [](int, char**) { return withstand::lab::link::fabric_main(); }},
      {"__guardian", [](int, char**) { return withstand::lab::guardian_main(); }},
      {"__orchestrator", &withstand::lab::testing::orchestrator_main},
      {"__serve", &withstand::lab::testing::serve_main},
      {"__helper", &withstand::lab::testing::helper_main},
  };
  if (const auto role = roles.find(argc > 1 ? argv[1] : ""); role != roles.end()) return role->second(argc, argv);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
