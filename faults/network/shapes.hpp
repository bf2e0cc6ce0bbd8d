#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/topology.hpp"

/// Who cannot reach whom, as named shapes. Pure: the same arguments give the same links.
namespace withstand::faults {

/// The names that network.partition's `shape` takes.
std::vector<std::string> shape_names();

struct ShapeRequest {
  std::string shape;
  std::vector<core::NodeId> nodes;  ///< everybody who may be cut off: the target's nodes
  std::vector<core::NodeId> on;     ///< the nodes named by `on`; may be empty where the shape draws
  std::string direction =
      "out";  ///< for "asymmetric": what the nodes in `on` lose, "out" (to be heard) or "in" (to hear)
  std::uint64_t seed = 0;
  std::string fault;      ///< part of every draw
  std::size_t parts = 2;  ///< for "split": how many groups
};

/// The links that refuse packets. Throws core::CannotAim when the shape needs nodes that were not given.
std::vector<core::Link> shape_links(const ShapeRequest& request);

/// Nodes of different groups lose each other, both ways; a node in no group keeps all its links.
std::vector<core::Link> group_links(const std::vector<std::vector<core::NodeId>>& groups);

}  // namespace withstand::faults
