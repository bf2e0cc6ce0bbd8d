#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/topology.hpp"
#include "spec/result.hpp"

/// Where a probe of one node goes. Pure.
namespace withstand::check {

/// The probe's text with {node}, {address}, {address6}, {port} and {port.NAME} of this node, and {OTHER.address},
/// {OTHER.port.NAME}, ... of others, replaced.
spec::Result<std::string> probe_text(const std::string& text, const core::Topology& topology,
                                     const core::NodeInfo& node);

struct HostAndPort {
  std::string host;
  std::int64_t port = 0;
};
/// "n1:7000", "198.18.0.2:7000", "[fd00::2]:7000".
std::optional<HostAndPort> parse_host_and_port(std::string_view text);

}  // namespace withstand::check
