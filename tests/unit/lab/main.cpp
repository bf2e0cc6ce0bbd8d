#include <string_view>

#include <gtest/gtest.h>

#include "lab/link/fabric.hpp"

/// The harness re-executes itself for its helpers; here "itself" is this test program.
int main(int argc, char** argv) {
  if (argc > 1 && argv[1] == std::string_view("__fabric")) return withstand::lab::link::fabric_main();
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
