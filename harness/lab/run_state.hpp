#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "os/users.hpp"

namespace withstand::lab {

/// What another `withstand` process must know about a running one: STATE/RUN.json. `stop` and `shell` read it.
struct RunState {
  struct Node {
    std::string name;
    std::int32_t init_pid = 0;
    std::uint64_t start_time = 0;
    os::Credentials who;
    std::vector<std::string> env;
  };
  std::string run;
  std::string directory;  ///< RUN
  std::int32_t pid = 0;   ///< the orchestrator's
  std::uint64_t start_time = 0;
  std::vector<Node> nodes;
};

void write_run_state(const std::string& path, const RunState& state);
/// Nothing when there is no such run, or its orchestrator no longer lives.
std::optional<RunState> read_run_state(const std::string& path);
/// By the run's name or its directory.
std::optional<RunState> find_run(const std::string& run);
/// Whether the node's init still runs.
bool lives(const RunState::Node& node);
/// Every run of this user whose orchestrator lives.
std::vector<RunState> living_runs();

/// Runs a command (empty: the user's shell) inside a node of a running lab, as the node's user, on the caller's
/// terminal; waits for it and returns its exit status as a shell would. Must be called while single-threaded.
int shell_in(const RunState::Node& node, const std::vector<std::string>& command);

/// SIGUSR1 to the orchestrator: it stops injecting, rolls back and reports. False when it has ended.
bool ask_to_stop(const RunState& state);

}  // namespace withstand::lab
