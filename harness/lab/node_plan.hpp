#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/topology.hpp"
#include "os/users.hpp"

namespace withstand::lab {

/// Where a node finds its own things, inside its mount namespace.
namespace inside {
inline constexpr const char* root = "/run/withstand";
inline constexpr const char* data = "/run/withstand/data";
inline constexpr const char* config = "/run/withstand/config";
inline constexpr const char* tmp = "/run/withstand/tmp";
}  // namespace inside

/// A folder of the host that a node's user could not reach, shown to it at another place.
struct View {
  std::string source;   ///< on the host
  std::string name;     ///< below /run/withstand
  bool closed = false;  ///< its own mode keeps the user out: what is in it is shown entry by entry in a folder of ours
};

/// How a node's programs get to a clock of the node's own.
struct ClockDoor {
  /// Where they send the listeners of their system-call filters; -1: the machine's clock is theirs.
  int socket = -1;
  bool steady_too = false;  ///< their waits by CLOCK_MONOTONIC and _BOOTTIME are asked about as well
};

/// Everything about a node that is known before its first process exists.
struct NodePlan {
  core::NodeId id = 0;
  std::string name;
  std::string folder;       ///< RUN/lab/NODE on the host: data, config, tmp
  std::string hosts;        ///< shown as /etc/hosts
  std::string resolver;     ///< shown as /etc/resolv.conf
  std::string name_switch;  ///< shown as /etc/nsswitch.conf
  os::Credentials who;      ///< as whom the target and commands run
  std::vector<View> views;
  /// The file of a network namespace that it lives in instead of one of its own; "": the harness's.
  std::optional<std::string> network{};
  bool has_target = false;                ///< false for clients: nothing is started in them by their init
  std::vector<std::string> argv;          ///< argv[0] is a path inside the node
  std::vector<std::string> first_argv;    ///< at the very first start
  std::vector<std::string> env;           ///< "NAME=value", also for commands run in the node
  std::vector<std::string> before_start;  ///< empty: none
  std::vector<std::string> load_argv;     ///< of a client: [load] command as it is inside; empty: none
  ClockDoor clock;
  std::string load_folder;  ///< where that runs, inside: the experiment file's folder
};

}  // namespace withstand::lab
