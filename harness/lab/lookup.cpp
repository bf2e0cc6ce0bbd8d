#include "lab/lookup.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

namespace withstand::lab {
namespace {

/// What a node says of itself: {name}, {address}, {port.client}, ...
std::optional<std::string> field(const core::Topology& topology, const core::NodeInfo& node, std::string_view name) {
  if (name == "name") return node.name;
  if (name == "kind") return node.kind;
  if (name == "index") return std::to_string(node.index);
  if (name == "address") return node.address;
  if (name == "address6") return node.address6;
  if (name == "port") return std::to_string(node.first_port);
  if (name == "first") return topology.of_kind(node.kind).front() == node.id ? "true" : "false";
  if (name.substr(0, 5) != "port.") return std::nullopt;
  const auto port = node.ports.find(std::string(name.substr(5)));
  if (port == node.ports.end()) return std::nullopt;
  return std::to_string(port->second);
}

}  // namespace

spec::Lookup make_lookup(const core::Topology& topology, const spec::Target& target, core::NodeId node,
                         const Places& places) {
  return [&topology, &target, node, &places](std::string_view name) -> std::optional<std::string> {
    const auto& self = topology.at(node);
    if (const auto place = places.find(name); place != places.end()) return place->second;
    if (auto value = field(topology, self, name)) return value;
    for (const auto& list : target.lists) {
      if (list.name != name) continue;
      std::vector<std::string> items;
      for (const core::NodeId member : topology.of_kind(list.of)) {
        if (member == node && !list.include_self) continue;
        const auto of_member = [&](std::string_view part) { return field(topology, topology.at(member), part); };
        items.push_back(expand_or_throw(list.item, of_member, "list " + list.name));
      }
      return fmt::format("{}", fmt::join(items, list.separator));
    }
    const auto dot = name.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const auto* other = topology.find(name.substr(0, dot));
    return other == nullptr ? std::nullopt : field(topology, *other, name.substr(dot + 1));
  };
}

std::string expand_or_throw(const std::string& text, const spec::Lookup& lookup, const std::string& where) {
  auto expanded = spec::expand(text, lookup);
  if (!expanded) throw std::runtime_error(fmt::format("{}: {}", where, expanded.error().message));
  return std::move(*expanded);
}

}  // namespace withstand::lab
