#include <csignal>
#include <set>

#include <fmt/format.h>

#include "core/parameters.hpp"
#include "process/process_fault.hpp"
#include "process/process_faults.hpp"
#include "process/strike.hpp"
#include "spec/signals.hpp"

namespace withstand::faults {
namespace {

spec::KindSchema kill_schema() {
  spec::KindSchema schema;
  schema.kind = "process.kill";
  schema.summary = "Kills every process of a node at once, and may start it again, once or in a crash loop.";
  schema.targeting = spec::Targeting::nodes;
  schema.lasts = false;
  schema.takes_down = true;
  schema.back_after = "restart";
  schema.downtime = [](const spec::FaultSpec& fault) { return downtime(fault, spec::Duration::zero()); };
  spec::Parameter signal;
  signal.name = "signal";
  signal.type = spec::ValueType::signal;
  signal.summary = "Signal to send: a name (KILL, SEGV, ABRT) or a number.";
  signal.fallback = std::int64_t{SIGKILL};
  signal.minimum = std::int64_t{1};
  signal.maximum = std::int64_t{64};
  spec::Parameter tree;
  tree.name = "tree";
  tree.type = spec::ValueType::boolean;
  tree.summary = "Send it to every process of the node (true) or to its main process only.";
  tree.fallback = true;
  schema.parameters = strike_parameters();
  schema.parameters.insert(schema.parameters.begin(), {signal, tree});
  return schema;
}

core::Documentation kill_documentation() {
  core::Documentation documentation;
  documentation.text =
      "The signal goes to all processes of the node in one step of the kernel (cgroup.kill, or kill(-1) inside its PID "
      "namespace), so none can act on another's death. The node's address, disk and clock stay as they are.\n\n"
      "With tree = false only the main process is killed, and what it started goes on, perhaps serving clients; the "
      "evidence says how many. A signal other than KILL may be survived too.\n\n"
      "With restart the same command is started again on the same data, once nothing of the old processes lives: what "
      "is left of them gets SIGKILL first. If the node is not ready again when the run's after phase ends, the run has "
      "failed. Without restart the node is gone for the rest of the run, and recovery is measured from the kill.";
  documentation.evidence =
      "The main process's exit status as waitid(2) returned it to the node's init; how many processes of the node the "
      "kernel lists then (none, unless tree is false or the signal another); when the node was ready again.";
  documentation.example =
      "[[fault]]\nname    = \"kill\"\nkind    = \"process.kill\"\non      = \"any\"\nat      = \"5s\"\nrestart = "
      "\"3s\"\n";
  documentation.requirements = {"namespaces"};
  return documentation;
}

/// What an out-of-memory killer or a crash does to processes: no warning, no clean-up. What reached the file system
/// stays.
class Kill : public ProcessFault {
 public:
  Kill() : ProcessFault(kill_schema(), kill_documentation()) {}
  [[nodiscard]] std::vector<spec::KindTable::Objection> objections(const spec::FaultSpec& fault) const override {
    auto objections = strike_objections(fault);
    const int signal = static_cast<int>(core::parameter_or<std::int64_t>(fault, "signal", SIGKILL));
    // signal(7): by themselves these stop a process, let it go on, or pass it by.
    static const std::set<int> harmless{SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGCHLD, SIGURG, SIGWINCH};
    if (harmless.contains(signal))
      objections.push_back({"signal",
                            {fmt::format("{} ends no process", spec::signal_name(signal)),
                             signal == SIGSTOP || signal == SIGCONT ? "process.pause holds a node and lets it go on"
                                                                    : "KILL, TERM, SEGV or ABRT do"}});
    return objections;
  }
  [[nodiscard]] std::unique_ptr<core::Injection> inject(const core::Context& context) const override {
    const int signal = static_cast<int>(core::parameter_or<std::int64_t>(context.fault, "signal", SIGKILL));
    const bool tree = core::parameter_or(context.fault, "tree", true);
    StrikeOptions options = strike_options(context.fault);
    options.requested = spec::signal_name(signal);
    options.ends_all = signal == SIGKILL && tree;
    options.strike = [&lab = context.lab, name = context.fault.name, signal, tree](core::NodeId node) {
      if (signal == SIGKILL && tree)
        lab.kill(node, name);
      else
        lab.signal(node, signal, tree, name);
    };
    // A process may handle any other signal and exit in its own way; that it exited is what counts.
    options.accepts = [signal](const core::Exit& exit) {
      return signal != SIGKILL || (exit.signalled && exit.value == SIGKILL);
    };
    return std::make_unique<Strike>(context, std::move(options));
  }
};

}  // namespace

std::unique_ptr<core::Fault> process_kill() { return std::make_unique<Kill>(); }

}  // namespace withstand::faults
