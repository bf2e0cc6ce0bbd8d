#include "network/link_fault.hpp"

#include <netinet/in.h>
#include <stdexcept>

#include <fmt/format.h>

#include "core/kernel_limits.hpp"
#include "core/parameters.hpp"

namespace withstand::faults {

using Objections = std::vector<spec::KindTable::Objection>;

std::vector<spec::Parameter> narrowing_parameters() {
  spec::Parameter protocol = core::described("protocol", spec::ValueType::choice, "Only packets of this protocol.");
  protocol.choices = {"tcp", "udp", "icmp"};
  spec::Parameter port =
      core::described("port", spec::ValueType::integer, "Only packets from or to this TCP or UDP port.");
  port.minimum = std::int64_t{1};
  port.maximum = std::int64_t{65535};
  spec::Parameter connections = core::described(
      "connections", spec::ValueType::choice,
      "Only packets that open a TCP connection (new), or only those of connections that were answered.");
  connections.choices = {"new", "established"};
  return {protocol, port, connections};
}

core::Match match_of(const spec::FaultSpec& fault) {
  core::Match match;
  const auto protocol = core::parameter_or<std::string>(fault, "protocol", "");
  match.protocol = protocol == "tcp"    ? IPPROTO_TCP
                   : protocol == "udp"  ? IPPROTO_UDP
                   : protocol == "icmp" ? IPPROTO_ICMP
                                        : 0;
  match.port = static_cast<std::uint16_t>(core::parameter_or<std::int64_t>(fault, "port", 0));
  const auto connections = core::parameter_or<std::string>(fault, "connections", "");
  if (connections == "new") match.state = core::Match::State::fresh;
  if (connections == "established") match.state = core::Match::State::established;
  if (match.state != core::Match::State::any) match.protocol = IPPROTO_TCP;
  return match;
}

Objections narrowing_objections(const spec::FaultSpec& fault) {
  const auto protocol = core::parameter_or<std::string>(fault, "protocol", "tcp");
  if (protocol == "icmp" && core::parameter<std::int64_t>(fault, "port"))
    return {{"port", {"ICMP has no ports", "leave out 'port' or say another protocol"}}};
  if (protocol != "tcp" && core::parameter<std::string>(fault, "connections"))
    return {{"connections", {"only TCP has connections", "leave out 'connections' or say protocol = \"tcp\""}}};
  return {};
}

Objections connections_when_attached(const spec::FaultSpec& fault) {
  const auto action = core::parameter_or<std::string>(fault, "action", "");
  return {{"action",
           {fmt::format("on an attached interface no connection can be followed, so action = \"{}\" is not possible: "
                        "the kernel's queues see packets only",
                        action),
            "say a fault of packets with 'port' and 'protocol' (network.loss, network.partition, ...), or let the "
            "harness launch the target (command = [...])"}}};
}

Objections LinkFault::objections(const spec::FaultSpec& fault) const {
  Objections all = aim_objections(fault);
  for (auto&& more : {narrowing_objections(fault), own_objections(fault)})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

Objections LinkFault::objections_when_attached(const spec::FaultSpec& fault) const {
  try {
    if (auto refused = core::beyond_the_kernel(narrowed(fault))) return {*refused};
  } catch (const std::runtime_error&) {  // a file that cannot be read: said already
  }
  return {};
}

std::vector<std::string> LinkFault::requirements_when_attached(const spec::FaultSpec& fault) const {
  const core::Impairment asked = narrowed(fault);
  return core::done_by_rules({&asked}, 0) ? std::vector<std::string>{"nftables"} : std::vector<std::string>{};
}

std::vector<core::Claim> LinkFault::claims(const spec::FaultSpec&, const core::Topology& topology) const {
  return claim_all_links(topology);
}

std::vector<core::Link> LinkFault::links(const spec::FaultSpec& fault, const core::Topology& topology, std::uint64_t,
                                         const core::Aim& aim) const {
  return aimed_links(fault, topology, aim);
}

core::Impairment LinkFault::narrowed(const spec::FaultSpec& fault) const {
  core::Impairment asked = impairment(fault);
  asked.settings.match = match_of(fault);
  return asked;
}

void LinkFault::prepare(const spec::FaultSpec& fault, core::Lab& lab) const { lab.links().expect(narrowed(fault)); }

std::unique_ptr<core::Injection> LinkFault::inject(const core::Context& context) const {
  const core::Impairment asked = narrowed(context.fault);
  return std::make_unique<LinkInjection>(
      context, asked, links(context.fault, context.lab.topology(), context.seed, context.aim),
      [this, asked](const core::LinkEffect& effect, const std::string& link) { return judge(asked, effect, link); });
}

spec::KindSchema link_schema(std::string kind, std::string summary, std::vector<spec::Parameter> parameters) {
  spec::KindSchema schema;
  schema.kind = std::move(kind);
  schema.summary = std::move(summary);
  schema.targeting = spec::Targeting::nodes_or_links;
  schema.parameters = std::move(parameters);
  schema.parameters.push_back(both_ways_parameter());
  for (auto& one : narrowing_parameters()) schema.parameters.push_back(std::move(one));
  return schema;
}

core::Documentation link_documentation(std::string text, std::string evidence, std::string example) {
  core::Documentation documentation;
  documentation.text = std::move(text);
  documentation.evidence = std::move(evidence);
  documentation.example = std::move(example);
  documentation.requirements = {"namespaces", "tun"};
  return documentation;
}

std::vector<spec::Parameter> choice_parameters(const std::string& name, const std::string& summary) {
  spec::Parameter share = core::described(name, spec::ValueType::ratio, summary);
  share.required = true;
  share.minimum = spec::Ratio{1};
  spec::Parameter correlation =
      core::described("correlation", spec::ValueType::ratio,
                      "How much one packet's fate is the next one's: they come in runs, their share stays.");
  correlation.fallback = spec::Ratio{0};
  correlation.default_matters = core::nowhere;
  correlation.maximum = spec::Ratio{999'999'999};
  return {share, correlation};
}

core::Choice choice_of(const spec::FaultSpec& fault, const std::string& name) {
  return {.ppb = core::parameter_or<spec::Ratio>(fault, name, {}).ppb,
          .correlation_ppb = core::parameter_or<spec::Ratio>(fault, "correlation", {}).ppb};
}

}  // namespace withstand::faults
