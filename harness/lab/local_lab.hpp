#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/fault.hpp"
#include "core/lab.hpp"
#include "lab/spawn.hpp"
#include "record/journal.hpp"
#include "spec/experiment.hpp"

/// The lab on this machine: every node in namespaces of its own under our small init, joined by the link fabric.
///
/// Life of a lab: construct (guardian armed, cgroups, folders, namespaces, interfaces, fabric; no target process runs
/// yet) → `launch` → faults and load → `tear_down` → destroy. Destroying without tear_down kills at once. All on the
/// event loop's thread; the process must be single-threaded whenever a node, helper or command is started.
namespace withstand::lab {

struct LabOptions {
  std::string run_directory;        ///< RUN; must exist. Made absolute here
  std::string run_name;             ///< owner tag of everything that is made
  bool keep = false;                ///< keep RUN/lab (data directories, rendered files) at the end
  core::Instant epoch{};            ///< zero of the time stamps in RUN/nodes/*/*.log
  std::vector<core::Claim> claims;  ///< union over all faults
};

/// Why the target did not come up. Data, not an exception: the system under test is at fault.
struct LaunchFailure {
  core::NodeId node = 0;
  std::string reason;  ///< "n2 was not ready within 10s (tcp 198.18.0.2:7000: Connection refused)"
  std::string detail;  ///< exit status if it died, last lines of stdout and stderr
};

class LocalLab : public core::Lab {
 public:
  /// Prepares the lab; throws os::SystemError naming the attempt where the machine refuses. `experiment` is kept by
  /// reference and must outlive the lab.
  LocalLab(core::EventLoop& loop, const spec::Experiment& experiment, core::Topology topology, LabOptions options);
  ~LocalLab() override;

  /// before_start commands, then all targets, in the order that starts_after asks for; runs the loop until every node
  /// is ready, one of them fails, or `interrupted` becomes true (then returns nothing, nodes may not be ready).
  std::optional<LaunchFailure> launch(const std::function<bool()>& interrupted = {});
  /// Asks every node to stop as target.toml says, waits for the longest grace, kills the rest, removes everything but
  /// the records. Runs the loop. Returns what could not be undone (then the host may be dirty); empty when all was.
  /// `at_once` skips asking. Idempotent.
  std::vector<std::string> tear_down(const std::function<bool()>& at_once = {});

  core::EventLoop& loop() override;
  [[nodiscard]] const core::Topology& topology() const override;
  core::Links& links() override;
  core::Names& names() override;
  core::Clocks& clocks() override;
  core::Disks& disks() override;
  [[nodiscard]] core::NodeState state(core::NodeId node) const override;
  void signal(core::NodeId node, int signal, bool whole_tree, const std::string& asked_by) override;
  void kill(core::NodeId node, const std::string& asked_by) override;
  [[nodiscard]] std::size_t processes(core::NodeId node) const override;
  void start(core::NodeId node) override;
  void power_off(core::NodeId node) override;
  void power_on(core::NodeId node) override;
  [[nodiscard]] std::unique_ptr<core::Pause> pause(core::NodeId node, const std::string& asked_by) override;
  void run_in(core::NodeId node, const std::vector<std::string>& command, std::chrono::nanoseconds timeout,
              std::function<void(core::CommandResult)> done) override;
  void connect(core::NodeId from, const std::string& host, std::int64_t port, std::chrono::nanoseconds timeout,
               std::function<void(os::Fd, std::string error)> done) override;
  void holders(const std::string& kind, const std::string& role,
               std::function<void(std::vector<core::NodeId>, std::string error)> done) override;
  [[nodiscard]] Subscription on_exit(std::function<void(const core::Exit&)> callback) override;
  [[nodiscard]] Subscription on_ready(std::function<void(core::NodeId)> callback) override;
  [[nodiscard]] Subscription on_log(std::function<void(const core::LogLine&)> callback) override;

  /// Runs this program again with `args` inside the node's network, mount, UTS and IPC namespaces, with its end of a
  /// control socket (SOCK_SEQPACKET) as descriptor 3 and `descriptors` as 4, 5, ... It is not in the node's PID
  /// namespace, but what it starts is, and ends with the node. Keeps the harness's user. stdout and stderr are captured
  /// as the node's.
  [[nodiscard]] HelperProcess spawn_in(core::NodeId node, const std::vector<std::string>& args,
                                       const std::vector<int>& descriptors = {});

  /// Ends the capture that the experiment asks for, and says what it has come to; runs the loop until its file is
  /// written. Nothing where none is asked for.
  [[nodiscard]] std::optional<record::CaptureEnded> end_capture();

  /// Called when a process that the lab consists of (a node's init, the guardian, the fabric) ended although nobody
  /// asked: the run is an error. Without a subscriber it is thrown out of the event loop as std::runtime_error.
  [[nodiscard]] Subscription on_medium_death(std::function<void(const std::string& what)> callback);
  /// Called with what a reader of the report must know: a node's log is full.
  [[nodiscard]] Subscription on_warning(std::function<void(const std::string& what)> callback);

  /// Why a node's log ends early ("write nodes/n1/stdout.log: No space left on device", the first of them), or empty.
  /// The lab goes on without it, and its nodes are not held up; what the run is worth is the caller's to say. Also
  /// after tear_down, which reads the last words.
  [[nodiscard]] const std::string& log_failure() const;

  /// The text with every template of spec/target.hpp resolved for this node (also for driver options: any client).
  [[nodiscard]] std::string expand(core::NodeId node, const std::string& text) const;
  /// `[load] command` as this client sees it, empty when there is none, and the folder in which it runs.
  struct LoadCommand {
    std::vector<std::string> argv;
    std::string folder;
  };
  [[nodiscard]] LoadCommand load_command(core::NodeId client) const;
  /// Of a node that was started again and is not ready: what keeps it, in words; else empty. Only a first start has a
  /// time limit; later ones are asked for as long as the lab stands.
  [[nodiscard]] std::string why_not_ready(core::NodeId node) const;
  /// "cgroup v2 freezer" or "SIGSTOP to every process of the node", whichever pauses use here.
  [[nodiscard]] std::string pause_mechanism() const;
  /// First output line of each of the target's `versions` commands; what failed is left out.
  void versions(std::function<void(std::vector<std::string>)> done);

  struct Impl;  ///< for the lab's own files

 private:
  std::unique_ptr<Impl> impl_;
};

/// To be called first thing in main of a command that builds a lab, while single-threaded. With CAP_SYS_ADMIN: nothing.
/// Without (an ordinary user, root in an ordinary container): enters a user namespace that maps the caller's uid and
/// gid to themselves. Where the machine forbids that, nothing changes, and preflight finds the namespaces missing.
void enter_user_namespace_unless_privileged();

}  // namespace withstand::lab
