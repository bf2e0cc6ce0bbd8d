#include <map>

#include "process/process_fault.hpp"
#include "process/process_faults.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;

/// A long garbage collection, a live migration, an overcommitted host: the node stops, and later goes on as if nothing
/// had happened.
class PauseInjection : public core::Injection {
 public:
  explicit PauseInjection(const core::Context& context) : lab_(context.lab) {
    for (const core::NodeId node : context.aim.on) {
      auto& held = held_[node];
      held.was_running = lab_.state(node).host_pid != 0;
      if (held.was_running) held.pause = lab_.pause(node, context.fault.name);
    }
  }

  [[nodiscard]] core::Evidence observe() override {
    core::Evidence evidence;
    for (auto& [node, held] : held_) {
      if (held.pause && !reverted_) held.proof = held.pause->proof();
      EvidenceRow row;
      row.what = "pause of " + lab_.topology().at(node).name;
      row.requested = "every process stopped";
      row.source = "kernel: /proc and cgroup.events, read outside the node";
      row.measured = held.pause ? held.pause->mechanism() + ": " + held.proof.text : "the node was not running";
      row.judgement = held.pause && held.proof.holds ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::absent;
      evidence.rows.push_back(row);
    }
    return evidence;
  }

  void revert() override {
    if (reverted_) return;
    for (auto& [node, held] : held_) {
      if (!held.pause) continue;
      held.proof = held.pause->proof();
      held.pause->resume();
    }
    reverted_ = true;
  }

 private:
  struct Held {
    bool was_running = false;
    std::unique_ptr<core::Pause> pause;
    core::Pause::Proof proof;
  };
  core::Lab& lab_;
  std::map<core::NodeId, Held> held_;
  bool reverted_ = false;
};

spec::KindSchema pause_schema() {
  spec::KindSchema schema;
  schema.kind = "process.pause";
  schema.summary = "Stops every process of a node for a while, then lets it go on.";
  schema.takes_down = true;
  schema.targeting = spec::Targeting::nodes;
  return schema;
}

core::Documentation pause_documentation() {
  core::Documentation documentation;
  documentation.text =
      "Uses the cgroup v2 freezer where the harness may create cgroups: the target cannot see or refuse it. Elsewhere "
      "every "
      "process of the node gets SIGSTOP, which a parent inside the node can see through waitpid(2). The evidence says "
      "which. "
      "The node's kernel side goes on: its TCP stack acknowledges data that the stopped process does not read.";
  documentation.evidence =
      "Read outside the node just before it goes on: the freezer's own state, each process's state, and that none used "
      "CPU "
      "time.";
  documentation.example =
      "[[fault]]\nname = \"hang\"\nkind = \"process.pause\"\non   = \"any\"\nat   = \"5s\"\nfor  = \"3s\"\n";
  documentation.requirements = {"namespaces"};
  return documentation;
}

class Pause : public ProcessFault {
 public:
  Pause() : ProcessFault(pause_schema(), pause_documentation()) {}
  [[nodiscard]] std::unique_ptr<core::Injection> inject(const core::Context& context) const override {
    return std::make_unique<PauseInjection>(context);
  }
};

}  // namespace

std::unique_ptr<core::Fault> process_pause() { return std::make_unique<Pause>(); }

}  // namespace withstand::faults
