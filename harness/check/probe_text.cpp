#include "check/probe_text.hpp"

#include "core/http_get.hpp"
#include "spec/template.hpp"

namespace withstand::check {

namespace {

std::optional<std::string> port_text(const core::NodeInfo& node, std::string_view name) {
  if (name == "port") return std::to_string(node.first_port);
  const auto port = node.ports.find(std::string(name.substr(std::string_view("port.").size())));
  if (port == node.ports.end()) return std::nullopt;
  return std::to_string(port->second);
}

std::optional<std::string> property(const core::NodeInfo& node, std::string_view name) {
  if (name == "node" || name == "name") return node.name;
  if (name == "address") return node.address;
  if (name == "address6") return node.address6;
  if (name == "port" || name.starts_with("port.")) return port_text(node, name);
  return std::nullopt;
}

}  // namespace

spec::Result<std::string> probe_text(const std::string& text, const core::Topology& topology,
                                     const core::NodeInfo& node) {
  return spec::expand(text, [&](std::string_view name) -> std::optional<std::string> {
    if (auto own = property(node, name)) return own;
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const core::NodeInfo* other = topology.find(name.substr(0, dot));
    return other == nullptr ? std::nullopt : property(*other, name.substr(dot + 1));
  });
}

std::optional<HostAndPort> parse_host_and_port(std::string_view text) {
  const auto url = core::parse_http_url("http://" + std::string(text));
  const auto colon = text.rfind(':');
  const bool has_port = colon != std::string_view::npos && text.find(']', colon) == std::string_view::npos;
  if (!url || url->path != "/" || !has_port) return std::nullopt;
  return HostAndPort{url->host, url->port};
}

}  // namespace withstand::check
