#pragma once

#include <map>
#include <string>

#include "core/topology.hpp"
#include "spec/target.hpp"
#include "spec/template.hpp"

namespace withstand::lab {

/// Values that differ from node to node but are not the topology's: where it sees {data}, {config}, {build}, {target}.
using Places = std::map<std::string, std::string, std::less<>>;

/// What every placeholder of target.toml stands for, seen from `node` (see spec/target.hpp). The arguments must outlive
/// the returned function.
spec::Lookup make_lookup(const core::Topology& topology, const spec::Target& target, core::NodeId node,
                         const Places& places);

/// Expands, or throws std::runtime_error: the parser has checked every template, so a complaint is our own mistake or a
/// template file that cannot be right; `where` names it.
std::string expand_or_throw(const std::string& text, const spec::Lookup& lookup, const std::string& where);

}  // namespace withstand::lab
