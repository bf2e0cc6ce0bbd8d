#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/topology.hpp"
#include "spec/experiment.hpp"

/// From a selector's text to nodes. Everything but a role is decided by the experiment and the seed alone, so `plan`
/// can show it.
namespace withstand::core {

/// Fewer than half: 1 of 3, 2 of 5. The most a majority system can lose.
std::size_t minority_size(std::size_t count);
/// More than half: 2 of 3, 3 of 5.
std::size_t majority_size(std::size_t count);

/// The nodes in an order drawn from the seed for this fault and purpose; the same nodes give the same order whatever
/// their order was.
std::vector<NodeId> shuffled(std::vector<NodeId> nodes, std::uint64_t seed, std::string_view fault,
                             std::string_view purpose);

struct Selection {
  std::string text;           ///< as written
  std::vector<NodeId> nodes;  ///< decided already; empty when a role must be asked for
  struct Role {
    std::string kind, name;
  };
  std::optional<Role> role;
};

/// Throws std::invalid_argument for a text that the parser should have refused.
Selection select(const spec::Selector& selector, const Topology& topology, std::uint64_t seed, std::string_view fault,
                 std::string_view purpose);

/// Every directed link between the two sets, without self links and duplicates, in order.
std::vector<Link> links_between(const std::vector<NodeId>& from, const std::vector<NodeId>& to);

}  // namespace withstand::core
