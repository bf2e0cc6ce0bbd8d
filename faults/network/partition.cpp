#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/kernel_limits.hpp"
#include "core/parameters.hpp"
#include "core/selection.hpp"
#include "network/link_fault.hpp"
#include "network/network_faults.hpp"
#include "network/shapes.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;
using core::NodeId;

spec::KindSchema partition_schema() {
  spec::KindSchema schema;
  schema.kind = "network.partition";
  schema.summary = "Cuts the links between groups of nodes: every packet vanishes, without an error to anybody.";
  schema.targeting = spec::Targeting::nodes_or_links;
  spec::Parameter shape;
  shape.name = "shape";
  shape.type = spec::ValueType::choice;
  shape.summary = "Who loses whom; 'on' puts nodes on the cut-off side, the rest is drawn from the seed.";
  shape.choices = shape_names();
  spec::Parameter groups;
  groups.name = "groups";
  groups.type = spec::ValueType::groups;
  groups.summary = "Explicit groups of nodes that cannot reach each other; a node in none keeps all its links.";
  spec::Parameter direction;
  direction.name = "direction";
  direction.type = spec::ValueType::choice;
  direction.summary = "For shape = \"asymmetric\": what the nodes in 'on' lose, their way out or their way in.";
  direction.choices = {"out", "in"};
  direction.fallback = std::string("out");
  direction.default_matters = core::where("shape", {"asymmetric"});
  spec::Parameter clients;
  clients.name = "clients";
  clients.type = spec::ValueType::boolean;
  clients.summary = "Cut the clients off too from the nodes in 'on' (for shape = \"isolate\" and \"asymmetric\").";
  clients.fallback = false;
  clients.default_matters = core::where("shape", {"isolate", "asymmetric"});
  spec::Parameter parts;
  parts.name = "parts";
  parts.type = spec::ValueType::integer;
  parts.summary = "For shape = \"split\": into how many groups the nodes are dealt.";
  parts.fallback = std::int64_t{2};
  parts.default_matters = core::where("shape", {"split"});
  parts.minimum = std::int64_t{2};
  parts.maximum = std::int64_t{64};
  spec::Parameter redraw;
  redraw.name = "redraw";
  redraw.type = spec::ValueType::duration;
  redraw.summary = "Draw the shape anew so often: other nodes are cut off, those in 'on' stay.";
  redraw.minimum = std::chrono::nanoseconds(std::chrono::milliseconds(10));
  schema.parameters = {shape, groups, direction, clients, parts, redraw, slow_start_parameter()};
  for (auto& narrowing : narrowing_parameters()) schema.parameters.push_back(std::move(narrowing));
  return schema;
}

core::Documentation partition_documentation() {
  return link_documentation(
      "Say one of: 'shape' (with 'on' for the nodes that are cut off), 'groups', or 'from' and 'to' for one "
      "direction.\n\n"
      "isolate: each node in 'on' loses everybody. minority, majority, halves: two sides of that size; 'on' is on "
      "the side named. minority-third: fewer than a third, what a Byzantine majority can lose. bridge: two halves "
      "that lose each other, and one node that keeps both. primaries: with on = \"KIND:ROLE\", each holder is alone. "
      "split: dealt by chance into so many 'parts'. majorities-ring: every node hears a majority, no two the same "
      "one. asymmetric: the nodes in 'on' can hear but not be heard, or the other way round. With 'redraw' all but "
      "'on' is drawn again and again.\n\n"
      "Clients keep reaching every node unless a group, 'from' or 'to' names them, or clients = true: a partition "
      "between servers is not a dead service. Connections stay open; packets sent meanwhile are gone, and TCP sends "
      "them again. With slow_start the links are narrow when they come back.",
      "Packets refused of those offered, per link, and that none was written to the receiver's interface meanwhile.",
      R"([[fault]]
name  = "cut"
kind  = "network.partition"
shape = "isolate"
on    = "any"
at    = "5s"
for   = "10s"
)");
}

EvidenceRow judge_partition(const core::LinkEffect& effect, const std::string& link) {
  EvidenceRow row;
  row.what = "partition " + link;
  row.requested = "every packet refused";
  row.measured = fmt::format("{} of {} packets refused", effect.refused, effect.offered);
  if (effect.delivered > 0) row.measured += fmt::format(", {} delivered", effect.delivered);
  row.source = source_of(effect, "link fabric, packets leaving");
  const bool all = effect.refused == effect.offered && effect.delivered == 0;
  row.judgement = all ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::mismatch;
  return row;
}

/// Nodes that say nothing to each other lose nothing while their clients still reach them.
std::string advice(const spec::FaultSpec& fault, const core::Topology& topology) {
  const auto shape = core::parameter_or<std::string>(fault, "shape", "");
  const bool can_cut_clients = shape == "isolate" || shape == "asymmetric";
  if (!can_cut_clients || core::parameter_or(fault, "clients", false) || topology.clients().empty()) return {};
  return "; the nodes do not talk to each other, and clients still reach them all: clients = true cuts those off too";
}

/// The nodes of each group. A node on two sides would be cut off from its own.
std::vector<std::vector<NodeId>> resolve(const spec::GroupList& groups, const core::Topology& topology,
                                         std::uint64_t seed, const std::string& fault) {
  std::vector<std::vector<NodeId>> resolved;
  std::map<NodeId, std::size_t> sides;
  for (std::size_t side = 0; side < groups.size(); ++side) {
    auto& nodes = resolved.emplace_back();
    for (const auto& text : groups[side]) {
      const auto selection = core::select({text, {}}, topology, seed, fault, "groups");
      if (selection.role)
        throw core::CannotAim(fmt::format("'{}' is a role: who holds it is not asked for groups", text), "groups");
      for (const NodeId node : selection.nodes) {
        const auto [known, fresh] = sides.try_emplace(node, side);
        if (known->second != side)
          throw core::CannotAim(fmt::format("node '{}' is in two groups", topology.at(node).name), "groups");
        if (fresh) nodes.push_back(node);
      }
    }
    if (nodes.empty()) throw core::CannotAim("a group holds none of the nodes there are", "groups");
  }
  return resolved;
}

class Partition : public core::DescribedFault {
 public:
  Partition() : DescribedFault(partition_schema(), partition_documentation()) {}
  [[nodiscard]] std::vector<spec::KindTable::Objection> objections(const spec::FaultSpec& fault) const override {
    const auto shape = core::parameter<std::string>(fault, "shape");
    const bool groups = fault.parameters.count("groups") != 0;
    const bool between = fault.from || fault.to;
    const int ways = (shape ? 1 : 0) + (groups ? 1 : 0) + (between ? 1 : 0);
    const std::string help = "say one of: shape (with on), groups, or from and to";
    if (ways == 0) return {{"", {"does not say who loses whom", help}}};
    if (ways > 1) return {{shape ? "shape" : "groups", {"says who loses whom in more than one way", help}}};
    if (between && !(fault.from && fault.to)) return {{"", {"a one-way partition needs both 'from' and 'to'", help}}};
    if (groups) {
      const auto& sides = std::get<spec::GroupList>(fault.parameters.at("groups"));
      const bool hollow = std::any_of(sides.begin(), sides.end(), [](const auto& side) { return side.empty(); });
      if (sides.size() < 2 || hollow)
        return {{"groups",
                 {hollow ? "a group is empty" : "fewer than two groups lose nobody",
                  R"(write e.g. groups = [["n1"], ["n2", "n3"]]; a node in none keeps all its links)"}}};
    }
    if (!shape && core::parameter<std::chrono::nanoseconds>(fault, "redraw"))
      return {{"redraw", {"only a shape is drawn", "add a shape, or leave out 'redraw'"}}};
    if (fault.given.contains("clients") && shape && *shape != "isolate" && *shape != "asymmetric")
      return {{"clients",
               {fmt::format("'clients' means nothing to shape = \"{}\"", *shape),
                "leave it out; isolate and asymmetric may cut clients off too, and 'from' and 'to' may name them"}}};
    if (!shape && fault.on) return {{"on", {"'on' goes with 'shape' only", help}}};
    if (shape && !fault.on && (*shape == "isolate" || *shape == "asymmetric" || *shape == "primaries"))
      return {{"shape", {fmt::format("shape '{}' needs 'on': whom it cuts off", *shape), "add on = \"any\""}}};
    return narrowing_objections(fault);
  }

  [[nodiscard]] std::vector<spec::KindTable::Objection> objections_when_attached(
      const spec::FaultSpec& fault) const override {
    core::Impairment asked;
    asked.settings.match = match_of(fault);
    if (auto refused = core::beyond_the_kernel(asked)) return {*refused};
    if (slow_start_of(fault).count() == 0) return {};
    asked.kind = core::Impairment::Kind::rate;
    asked.settings.rate.ramp = slow_start_of(fault);
    return {*core::beyond_the_kernel(asked)};
  }

  [[nodiscard]] std::vector<core::Claim> claims(const spec::FaultSpec&, const core::Topology& topology) const override {
    return claim_all_links(topology);
  }

  [[nodiscard]] std::vector<core::Link> links(const spec::FaultSpec& fault, const core::Topology& topology,
                                              std::uint64_t seed, const core::Aim& aim) const override {
    if (const auto groups = core::parameter<spec::GroupList>(fault, "groups"))
      return group_links(resolve(*groups, topology, seed, fault.name));
    const auto shape = core::parameter<std::string>(fault, "shape");
    if (!shape) return aim.links;
    ShapeRequest request{*shape, topology.targets(), aim.on, {}, seed, fault.name};
    request.direction = core::parameter_or<std::string>(fault, "direction", "out");
    request.parts = static_cast<std::size_t>(core::parameter_or<std::int64_t>(fault, "parts", 2));
    if (core::parameter_or(fault, "clients", false))
      for (const NodeId client : topology.clients()) request.nodes.push_back(client);
    auto cut = shape_links(request);
    if (cut.empty()) throw core::CannotAim(fmt::format("shape '{}' cuts off nobody here", *shape), "shape");
    return cut;
  }

  [[nodiscard]] std::unique_ptr<core::Injection> inject(const core::Context& context) const override {
    core::Impairment impairment;
    impairment.kind = core::Impairment::Kind::partition;
    impairment.settings.match = match_of(context.fault);
    const auto& [lab, fault, seed, aim] = context;
    auto injection =
        std::make_unique<LinkInjection>(context, impairment, links(fault, lab.topology(), seed, aim), judge_partition);
    if (const auto interval = core::parameter<std::chrono::nanoseconds>(fault, "redraw")) {
      const auto seeds = core::draw_stream(seed, fault.name, "", "redraw");
      injection->redraw_every(*interval, [this, seeds, &lab = lab, &fault = fault, aim = aim](std::uint64_t turn) {
        return links(fault, lab.topology(), seeds.bits(turn), aim);
      });
    }
    injection->start_slowly(slow_start_of(fault));
    injection->advise_when_silent(advice(fault, lab.topology()));
    return injection;
  }
};

}  // namespace

std::unique_ptr<core::Fault> network_partition() { return std::make_unique<Partition>(); }

}  // namespace withstand::faults
