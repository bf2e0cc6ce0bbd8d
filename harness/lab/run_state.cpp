#include "lab/run_state.hpp"

#include <dirent.h>
#include <memory>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <sys/wait.h>

#include "core/undo_journal.hpp"
#include "lab/command_child.hpp"
#include "os/check.hpp"
#include "os/files.hpp"
#include "os/namespace.hpp"
#include "os/proc.hpp"
#include "os/process.hpp"

namespace withstand::lab {
namespace {

constexpr const char* suffix = ".json";

RunState::Node node_from(const nlohmann::json& json) {
  RunState::Node node;
  node.name = json.value("name", "");
  node.init_pid = json.value("init_pid", 0);
  node.start_time = json.value("start_time", std::uint64_t{0});
  node.who.uid = json.value("uid", 0U);
  node.who.gid = json.value("gid", 0U);
  node.who.groups = json.value("groups", std::vector<gid_t>{});
  node.env = json.value("env", std::vector<std::string>{});
  return node;
}

}  // namespace

void write_run_state(const std::string& path, const RunState& state) {
  auto nodes = nlohmann::json::array();
  for (const auto& node : state.nodes) {
    nodes.push_back({{"name", node.name},
                     {"init_pid", node.init_pid},
                     {"start_time", node.start_time},
                     {"uid", node.who.uid},
                     {"gid", node.who.gid},
                     {"groups", node.who.groups},
                     {"env", node.env}});
  }
  const nlohmann::json json{{"run", state.run},
                            {"directory", state.directory},
                            {"pid", state.pid},
                            {"start_time", state.start_time},
                            {"nodes", nodes}};
  os::write_file(path, json.dump(1) + "\n", 0600);
}

std::optional<RunState> read_run_state(const std::string& path) {
  const auto json = nlohmann::json::parse(os::read_file(path).value_or(""), nullptr, false);
  if (!json.is_object()) return std::nullopt;
  RunState state;
  state.run = json.value("run", "");
  state.directory = json.value("directory", "");
  state.pid = json.value("pid", 0);
  state.start_time = json.value("start_time", std::uint64_t{0});
  for (const auto& node : json.value("nodes", nlohmann::json::array())) state.nodes.push_back(node_from(node));
  if (!os::process_lives(state.pid, state.start_time)) return std::nullopt;
  return state;
}

std::vector<RunState> living_runs() {
  std::vector<RunState> found;
  const std::string folder = core::state_folder();
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir(folder.c_str()), &::closedir);
  while (const dirent* entry = list ? ::readdir(list.get()) : nullptr) {
    const std::string name = entry->d_name;
    if (!name.ends_with(suffix)) continue;
    if (auto state = read_run_state(folder + "/" + name)) found.push_back(std::move(*state));
  }
  return found;
}

std::optional<RunState> find_run(const std::string& run) {
  struct stat info {};
  const std::string real = ::stat(run.c_str(), &info) == 0 ? os::real_path(run) : run;
  for (auto& state : living_runs())
    if (state.run == run || state.directory == real) return std::move(state);
  return std::nullopt;
}

bool lives(const RunState::Node& node) { return os::process_lives(node.init_pid, node.start_time); }

int shell_in(const RunState::Node& node, const std::vector<std::string>& command) {
  const os::Pidfd init = os::Pidfd::open(node.init_pid);
  if (!lives(node)) throw os::SystemError("enter node " + node.name, ESRCH);
  std::vector<std::string> argv = command;
  if (argv.empty()) argv = {::access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh"};
  std::vector<std::string> env = node.env;
  for (const char* name : {"TERM", "COLORTERM"})
    if (const char* value = ::getenv(name)) env.push_back(std::string(name) + "=" + value);
  // Unlike commands of the harness it stays in the caller's session: it has the terminal.
  if (!os::share_namespace(0, node.init_pid, "user")) os::join_namespaces(init, CLONE_NEWUSER);
  const auto place = CommandPlace{&init, node.who, env, "/run/withstand/data", -1, {}};
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGQUIT, SIG_IGN);
  const os::Child child = os::clone_process("start a shell", {}, [&]() -> int {
    enter_node_on_terminal(place);
    const auto arguments = os::exec_array(argv);
    const auto environment = os::exec_array(env);
    ::execvpe(arguments[0], arguments.data(), environment.data());
    give_up_command(argv[0], errno);
  });
  return child.pidfd.reap().shell_status();
}

bool ask_to_stop(const RunState& state) {
  if (!os::process_lives(state.pid, state.start_time)) return false;
  const os::Pidfd process = os::Pidfd::open(state.pid);
  return os::process_lives(state.pid, state.start_time) && process.send(SIGUSR1);
}

}  // namespace withstand::lab
