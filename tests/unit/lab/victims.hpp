#pragma once

/// Other faces of the test program: what a test starts as a process of its own.
namespace withstand::lab::testing {

/// "__orchestrator FOLDER RUN": builds a lab of three nodes in FOLDER, says "ready" on stdout, and runs it until it is
/// killed.
int orchestrator_main(int argc, char** argv);

/// "__serve PORT MILLISECONDS": a target: after that time answers every connection to PORT with an HTTP 204, and says
/// "serving" on stdout.
int serve_main(int argc, char** argv);

/// "__helper": says on its control socket which namespaces and host name it sees, and ends when that is closed.
int helper_main(int argc, char** argv);

}  // namespace withstand::lab::testing
