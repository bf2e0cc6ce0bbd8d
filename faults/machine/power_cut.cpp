#include "machine/power_cut.hpp"

#include <algorithm>
#include <csignal>

#include <fmt/format.h>

#include "core/parameters.hpp"
#include "machine/machine_faults.hpp"
#include "spec/signals.hpp"
#include "spec/units.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;
using core::NodeId;
using Model = core::PowerLoss::Model;

/// How often those that were killed are looked for: dying takes some hundred microseconds.
constexpr std::chrono::milliseconds clearing_interval{1};
/// Beyond what was asked, a boot may take the dying of processes, the undoing of what is lost, a busy machine's time.
constexpr std::chrono::seconds most_late{2};
/// Each disk server cuts by a clock that all share; how far they may be apart on a busy machine.
constexpr std::chrono::milliseconds most_apart{50};

const std::pair<const char*, Model> models[] = {{"strict-posix", Model::strict_posix},
                                                {"ext4-ordered", Model::ext4_ordered},
                                                {"prefix", Model::prefix},
                                                {"lazyfs", Model::lazyfs}};

Model model_named(const std::string& text) {
  for (const auto& [name, model] : models)
    if (text == name) return model;
  return Model::strict_posix;
}

std::string_view name_of(Model model) {
  for (const auto& [name, each] : models)
    if (each == model) return name;
  return "";
}

std::vector<core::Link> links_of(const core::Topology& topology, NodeId node) {
  std::vector<core::Link> links;
  for (const auto& other : topology.nodes()) {
    if (other.id == node) continue;
    links.push_back({node, other.id});
    links.push_back({other.id, node});
  }
  return links;
}

}  // namespace

PowerCut::PowerCut(const core::Context& context, Options options)
    : lab_(context.lab), name_(context.fault.name), options_(std::move(options)) {
  exits_ = lab_.on_exit([this](const core::Exit& exit) { on_exit(exit); });
  readies_ = lab_.on_ready([this](NodeId node) {
    const auto found = victims_.find(node);
    if (found == victims_.end() || !found->second.boot || found->second.ready) return;
    if (lab_.state(node).starts == found->second.start) found->second.ready = core::now();
  });
  std::vector<NodeId> powered;
  for (const NodeId node : context.aim.on) {
    const auto state = lab_.state(node);
    const bool settled = state.host_pid != 0 || state.phase == core::NodeState::Phase::exited;
    (settled && lab_.disks().has_power(node) ? powered : were_off_).push_back(node);
  }
  if (!powered.empty()) cut(powered);
}

PowerCut::~PowerCut() { *alive_ = false; }

/// What the disk does after the links are cut nobody hears of; what was killed after the disk's power went could make
/// nothing durable. No process is frozen in between: one that waits for a disk would never get there.
void PowerCut::cut(const std::vector<NodeId>& nodes) {
  begun_ = core::now();
  for (const NodeId node : nodes) {
    core::Impairment partition;
    partition.fault = name_;
    partition.seed = options_.loss.seed;
    Victim& victim = victims_[node];
    victim.links = lab_.links().add(partition, links_of(lab_.topology(), node));
    victim.was_running = lab_.state(node).host_pid != 0;
  }
  lab_.disks().cut_power(nodes);
  for (const NodeId node : nodes) lab_.kill(node, name_);
  lab_.disks().let_go(nodes);
  for (const NodeId node : nodes)
    if (!victims_[node].was_running)
      victims_[node].timer = lab_.loop().at(core::now(), [this, node] { when_empty(node); });
}

void PowerCut::on_exit(const core::Exit& exit) {
  const auto found = victims_.find(exit.node);
  if (found == victims_.end() || found->second.exit || !found->second.was_running) return;
  found->second.exit = exit;
  found->second.timer = lab_.loop().at(core::now(), [this, node = exit.node] { when_empty(node); });
}

void PowerCut::when_empty(NodeId node) {
  Victim& victim = victims_[node];
  if (lab_.processes(node) > 0) {
    victim.timer = lab_.loop().at(core::now() + clearing_interval, [this, node] { when_empty(node); });
    return;
  }
  lab_.power_off(node);
  lab_.disks().lose(node, options_.loss,
                    [this, node, alive = alive_](const core::PowerLossEffect& effect, const std::string& error) {
                      if (*alive) lost(node, effect, error);
                    });
}

void PowerCut::lost(NodeId node, const core::PowerLossEffect& effect, const std::string& error) {
  Victim& victim = victims_[node];
  victim.failure = error;
  if (!error.empty()) return;  // the run's verdict says it: the node does not come back
  victim.effect = effect;
  come_back(node);
}

void PowerCut::come_back(NodeId node) {
  Victim& victim = victims_[node];
  if (!options_.restart || !victim.effect || victim.boot) return;
  const core::Instant due = reverted_ ? core::now() : victim.effect->cut + *options_.restart;
  victim.timer = lab_.loop().at(due, [this, node] { boot(node); });
}

void PowerCut::boot(NodeId node) {
  Victim& victim = victims_[node];
  lab_.power_on(node);
  if (victim.links) lab_.links().remove(*victim.links);
  lab_.start(node);
  victim.boot = core::now();
  victim.start = lab_.state(node).starts;
}

void PowerCut::revert() {
  if (std::exchange(reverted_, true)) return;
  for (auto& [node, victim] : victims_) come_back(node);
}

std::optional<core::Instant> PowerCut::ended() const {
  core::Instant last{};
  for (const auto& [node, victim] : victims_) {
    if (!victim.effect || (options_.restart && !victim.boot)) return std::nullopt;
    last = std::max(last, options_.restart ? *victim.boot : begun_);
  }
  if (last == core::Instant{}) return std::nullopt;
  return last;
}

EvidenceRow PowerCut::cut_row(NodeId node, const Victim& victim) const {
  EvidenceRow row;
  row.what = "power of " + lab_.topology().at(node).name;
  row.requested = "cut";
  row.source = "disk server, and kernel: waitid in the node's init";
  row.judgement = EvidenceRow::Judgement::absent;
  if (victim.was_running && !victim.exit) {
    row.measured = "its target still runs";
    return row;
  }
  const bool killed = !victim.was_running || (victim.exit->signalled && victim.exit->value == SIGKILL);
  row.measured = !victim.was_running ? "its target had ended before"
                 : killed            ? "its target was killed"
                                     : "its target ended before it was killed";
  if (!victim.failure.empty()) {
    row.measured += "; its disk: " + victim.failure;
    row.judgement = EvidenceRow::Judgement::mismatch;
    return row;
  }
  if (!victim.effect) return row;
  row.measured =
      fmt::format("the disk answers nothing from {} after the links were cut on, {} requests without answer; {}",
                  spec::to_human(victim.effect->cut - begun_), victim.effect->unanswered, row.measured);
  row.judgement = killed ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::mismatch;
  return row;
}

EvidenceRow PowerCut::loss_row(NodeId node, const Victim& victim) const {
  const core::PowerLossEffect& effect = *victim.effect;
  const std::string& name = lab_.topology().at(node).name;
  EvidenceRow row;
  row.what = "unsynced data of " + name;
  row.requested = fmt::format("as {} has it", name_of(options_.loss.model));
  if (options_.loss.keep_ppb)
    row.requested += fmt::format(", {} kept", spec::to_text(spec::Ratio{*options_.loss.keep_ppb}));
  row.source = "disk server: nodes/" + name + "/" + effect.manifest;
  if (effect.operations == 0) {
    row.measured = "nothing was at stake: all had been made durable";
  } else {
    row.measured = fmt::format("{} of {} operations lost, {} torn, {} of {} written", effect.lost, effect.operations,
                               effect.torn, spec::to_text(spec::Bytes{static_cast<std::int64_t>(effect.lost_bytes)}),
                               spec::to_text(spec::Bytes{static_cast<std::int64_t>(effect.bytes)}));
    if (effect.lost + effect.torn == 0) row.measured = "nothing lost; at stake were " + row.measured;
  }
  if (effect.written_back > 0)
    row.measured += fmt::format("; {} had been written back since too many were to be remembered", effect.written_back);
  return row;
}

EvidenceRow PowerCut::boot_row(NodeId node, const Victim& victim) const {
  EvidenceRow row;
  row.what = "boot of " + lab_.topology().at(node).name;
  row.requested = spec::to_text(*options_.restart) + " after the cut";
  row.source = "harness clock, and what the target calls ready";
  const auto waited = *victim.boot - victim.effect->cut;
  row.measured = fmt::format("started {} after the cut", spec::to_human(waited));
  row.measured += victim.ready ? fmt::format(", ready {} after it", spec::to_human(*victim.ready - victim.effect->cut))
                               : std::string(", never seen ready");
  const bool early = waited<*options_.restart, late = waited> * options_.restart * 11 / 10 + most_late;
  if (early) row.measured += ", cut short by the end of during";
  // That it does not come up says nothing against the fault: the run's verdict does.
  if (early || late) {
    row.judgement = EvidenceRow::Judgement::mismatch;
  } else if (victim.ready) {
    row.judgement = EvidenceRow::Judgement::agrees;
  }
  return row;
}

std::optional<EvidenceRow> PowerCut::instant_row() const {
  std::vector<std::chrono::nanoseconds> cuts;
  for (const auto& [node, victim] : victims_)
    if (victim.effect) cuts.push_back(victim.effect->cut);
  if (cuts.size() < 2) return std::nullopt;
  const auto [first, last] = std::minmax_element(cuts.begin(), cuts.end());
  EvidenceRow row;
  row.what = fmt::format("cut of {} nodes", cuts.size());
  row.requested = "at one instant";
  row.measured = fmt::format("within {}", spec::to_human(*last - *first));
  row.source = "disk servers, one clock";
  row.judgement = *last - *first <= most_apart ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::mismatch;
  return row;
}

core::Evidence PowerCut::observe() {
  core::Evidence evidence;
  for (const auto& [node, victim] : victims_) {
    evidence.rows.push_back(cut_row(node, victim));
    if (victim.effect) evidence.rows.push_back(loss_row(node, victim));
    if (victim.boot) evidence.rows.push_back(boot_row(node, victim));
  }
  if (auto row = instant_row()) evidence.rows.push_back(std::move(*row));
  for (const NodeId node : were_off_) {
    const auto judgement = victims_.empty() ? EvidenceRow::Judgement::absent : EvidenceRow::Judgement::informative;
    evidence.rows.push_back(
        {"power of " + lab_.topology().at(node).name, "cut", "it was off, or just starting", "lab", judgement});
  }
  return evidence;
}

namespace {

spec::KindSchema power_cut_schema() {
  spec::Parameter model =
      core::described("model", spec::ValueType::choice, "What a disk may keep of what was not made durable.");
  for (const auto& [name, each] : models) model.choices.emplace_back(name);
  model.fallback = std::string("strict-posix");
  spec::KindSchema schema = core::nodes_schema(
      "machine.power-cut",
      "Takes the power from nodes, all at one instant: what they had not made durable may be lost.",
      {model,
       core::described("keep", spec::ValueType::ratio,
                       "About how much of it survives: 0% loses all that may be lost. Drawn, too, when not given."),
       core::described(
           "restart", spec::ValueType::duration,
           "The power is back this long after it went; without it the nodes stay off to the end of the run.")});
  schema.lasts = false;
  schema.takes_down = true;
  schema.back_after = "restart";
  return schema;
}

core::Documentation power_cut_documentation() {
  core::Documentation documentation;
  documentation.text =
      "All nodes of 'on' lose their power at one instant: nothing leaves or reaches them any more, their disks make "
      "nothing durable and answer nobody, their processes are killed. Their namespaces end, and with them connections "
      "(without a word to the peers), shared memory and temporary files. Then each disk is left with what survives, "
      "and "
      "after `restart` the node boots on it.\n\n"
      "What was made durable (fsync, fdatasync, O_SYNC, O_DSYNC, msync; for names the fsync of their folder) is there "
      "under every model. Of the rest:\n"
      "strict-posix: whatever POSIX does not promise may be lost: any page of any write, sizes, names, in any order "
      "that leaves the tree whole.\n"
      "ext4-ordered: as ext4 with data=ordered. Names and attributes survive in their order, up to some point behind "
      "the "
      "last sync that wrote the journal and no older than 5 s; what was written over survives page by page, what was "
      "appended in order; a rename over a file takes the new content along.\n"
      "prefix: everything up to some operation behind the last sync of anything.\n"
      "lazyfs: every name and size change survives, unsynced data do not: what the tool LazyFS does, for "
      "comparison.\n\n"
      "syncfs(2) and sync(2) are not passed on by the kernel to file systems like ours, so what only they made durable "
      "may be lost here.";
  documentation.evidence =
      "When the disk stopped to answer and how the target ended; how many operations and bytes were not durable, how "
      "many "
      "of them were lost and torn (nodes/NODE/lost-FAULT.jsonl names each); for several nodes, how far apart their "
      "cuts "
      "were; when the node was ready again.";
  documentation.example = R"([[fault]]
name    = "blackout"
kind    = "machine.power-cut"
on      = "all"
model   = "ext4-ordered"
at      = "5s"
restart = "1s"
)";
  documentation.requirements = {"namespaces", "fuse"};
  return documentation;
}

class PowerCutFault : public core::DescribedFault {
 public:
  PowerCutFault() : DescribedFault(power_cut_schema(), power_cut_documentation()) {}

  /// A role or a draw may make any node of the target its victim.
  [[nodiscard]] std::vector<core::Claim> claims(const spec::FaultSpec&, const core::Topology& topology) const override {
    core::Claim disk, links;
    disk.medium = core::Claim::Medium::disk;
    disk.nodes = topology.targets();
    disk.durability = true;
    links.medium = core::Claim::Medium::link;
    for (const NodeId node : topology.targets())
      for (const core::Link& link : links_of(topology, node)) links.links.push_back(link);
    std::sort(links.links.begin(), links.links.end());
    links.links.erase(std::unique(links.links.begin(), links.links.end()), links.links.end());
    return {disk, links};
  }

  [[nodiscard]] std::unique_ptr<core::Injection> inject(const core::Context& context) const override {
    PowerCut::Options options;
    options.loss.fault = context.fault.name;
    options.loss.seed = context.seed;
    options.loss.model = model_named(core::parameter_or<std::string>(context.fault, "model", "strict-posix"));
    if (const auto keep = core::parameter<spec::Ratio>(context.fault, "keep")) options.loss.keep_ppb = keep->ppb;
    options.restart = core::parameter<spec::Duration>(context.fault, "restart");
    return std::make_unique<PowerCut>(context, std::move(options));
  }
};

}  // namespace

std::unique_ptr<core::Fault> machine_power_cut() { return std::make_unique<PowerCutFault>(); }

}  // namespace withstand::faults
