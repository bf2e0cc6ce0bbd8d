#include <csignal>
#include <map>
#include <memory>

#include "core/parameters.hpp"
#include "process/process_fault.hpp"
#include "process/process_faults.hpp"
#include "process/strike.hpp"

namespace withstand::faults {
namespace {

constexpr std::chrono::seconds usual_grace{10};

spec::Duration grace_of(const spec::FaultSpec& fault) {
  return core::parameter_or<spec::Duration>(fault, "grace", usual_grace);
}

spec::KindSchema terminate_schema() {
  spec::KindSchema schema;
  schema.kind = "process.terminate";
  schema.summary = "Asks a node to end with SIGTERM, kills it after a grace time, and may start it again.";
  schema.targeting = spec::Targeting::nodes;
  schema.lasts = false;
  schema.takes_down = true;
  schema.back_after = "restart";
  schema.downtime = [](const spec::FaultSpec& fault) { return downtime(fault, grace_of(fault)); };
  spec::Parameter grace;
  grace.name = "grace";
  grace.type = spec::ValueType::duration;
  grace.summary = "How long the main process may take to end before every process of the node gets SIGKILL.";
  grace.fallback = spec::Duration(usual_grace);
  schema.parameters = strike_parameters();
  schema.parameters.insert(schema.parameters.begin(), grace);
  return schema;
}

core::Documentation terminate_documentation() {
  core::Documentation documentation;
  documentation.text =
      "SIGTERM goes to the node's main process, which may pass it on as it does in production. When it has exited, or "
      "the grace time is over, whatever is left of the node gets SIGKILL, as systemd does it with KillMode=mixed.\n\n"
      "With restart the same command is started again, once nothing of the old processes lives. If the node is not "
      "ready again when the run's after phase ends, the run has failed.";
  documentation.evidence =
      "The main process's exit status as waitid(2) returned it to the node's init, and when; that the kernel lists no "
      "process of the node after it, and how many had to be killed; when the node was ready again.";
  documentation.example =
      "[[fault]]\nname    = \"roll\"\nkind    = \"process.terminate\"\non      = \"any\"\nat      = \"5s\"\ngrace   = "
      "\"2s\"\nrestart = \"1s\"\n";
  documentation.requirements = {"namespaces"};
  return documentation;
}

/// What an operator or a rolling restart does: asks, waits, insists.
class Terminate : public ProcessFault {
 public:
  Terminate() : ProcessFault(terminate_schema(), terminate_documentation()) {}
  [[nodiscard]] std::vector<spec::KindTable::Objection> objections(const spec::FaultSpec& fault) const override {
    return strike_objections(fault);
  }
  [[nodiscard]] std::unique_ptr<core::Injection> inject(const core::Context& context) const override {
    const auto grace = grace_of(context.fault);
    StrikeOptions options = strike_options(context.fault);
    options.requested = "SIGTERM, SIGKILL after " + spec::to_text(grace);
    auto timers = std::make_shared<std::map<core::NodeId, core::EventLoop::Registration>>();
    options.strike = [&lab = context.lab, name = context.fault.name, grace, timers](core::NodeId node) {
      const auto start = lab.state(node).starts;
      lab.signal(node, SIGTERM, false, name);
      (*timers)[node] = lab.loop().at(core::now() + grace, [&lab, name, node, start] {
        const auto state = lab.state(node);
        if (state.starts == start && state.host_pid != 0) lab.kill(node, name);
      });
    };
    options.insist = [&lab = context.lab, name = context.fault.name, timers](core::NodeId node) {
      timers->erase(node);
      lab.kill(node, name);
    };
    options.accepts = [](const core::Exit&) { return true; };
    return std::make_unique<Strike>(context, std::move(options));
  }
};

}  // namespace

std::unique_ptr<core::Fault> process_terminate() { return std::make_unique<Terminate>(); }

}  // namespace withstand::faults
