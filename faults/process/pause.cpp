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
      // A node that is down is held as well: another fault may start it again while this one lasts.
      held.pause = lab_.pause(node, context.fault.name);
      held.first = held.last = held.pause->proof();
    }
  }

  [[nodiscard]] core::Evidence observe() override {
    core::Evidence evidence;
    for (auto& [node, held] : held_) {
      if (!reverted_) look(node, held);
      EvidenceRow row;
      row.what = "pause of " + lab_.topology().at(node).name;
      row.requested = "every process stopped";
      row.source = "kernel: /proc and cgroup.events, read outside the node";
      // A process that another fault kills while it is held was held to its end.
      const bool ended_held = held.empty && held.first.holds;
      const auto& proof = ended_held ? held.first : held.last;
      row.measured =
          held.empty && !ended_held ? "the node was not running" : held.pause->mechanism() + ": " + proof.text;
      if (ended_held) row.measured += ", until the node was ended";
      row.judgement = proof.holds ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::absent;
      evidence.rows.push_back(row);
    }
    return evidence;
  }

  void revert() override {
    if (reverted_) return;
    for (auto& [node, held] : held_) {
      look(node, held);
      held.pause->resume();
    }
    reverted_ = true;
  }

 private:
  struct Held {
    std::unique_ptr<core::Pause> pause;
    core::Pause::Proof first, last;  ///< when it began, and the latest
    bool empty = false;              ///< no process was there at the latest
  };
  void look(core::NodeId node, Held& held) {
    held.last = held.pause->proof();
    held.empty = lab_.processes(node) == 0;
  }

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
      "which. A process that another fault starts in the node meanwhile is held too, before its program runs; one that "
      "another fault kills is gone, and the pause goes on for what comes next.\n\n"
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
