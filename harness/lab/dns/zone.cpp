#include "lab/dns/zone.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <stdexcept>

#include <fmt/format.h>

namespace withstand::lab::dns {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// The upper half of 198.18.0.0/15 begins to be used with the 64 517th node only.
constexpr const char* nobody = "198.19.255.254";
constexpr const char* nobody6 = "fd57:7374::dead:0";

/// A node's place in the half of the prefix that no node is in.
std::string moved(const std::string& address) {
  in_addr parsed{};
  if (::inet_pton(AF_INET, address.c_str(), &parsed) != 1) return nobody;
  const std::uint32_t host = ntohl(parsed.s_addr);
  return fmt::format("198.19.{}.{}", (host >> 8) & 0xff, host & 0xff);
}

std::string moved6(const std::string& address) {
  const auto colons = address.rfind("::");
  return colons == std::string::npos ? nobody6 : fmt::format("fd57:7374::dead:{}", address.substr(colons + 2));
}

}  // namespace

std::string reverse_name(const std::string& address) {
  std::array<std::uint8_t, 16> bytes{};
  std::string name;
  if (::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) {
    for (std::size_t i = 4; i-- > 0;) name += fmt::format("{}.", bytes.at(i));
    return name + "in-addr.arpa";
  }
  if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1)
    throw std::invalid_argument(address + " is no address");
  for (std::size_t i = 16; i-- > 0;) name += fmt::format("{:x}.{:x}.", bytes.at(i) & 0xf, bytes.at(i) >> 4);
  return name + "ip6.arpa";
}

Zone::Zone(const core::Topology& topology, bool ipv6) : ipv6_(ipv6) {
  const auto add = [this](const std::string& name, const Addresses& addresses) {
    names_[name] = addresses;
    reverse_[reverse_name(addresses.v4)] = name;
    if (ipv6_) reverse_[reverse_name(addresses.v6)] = name;
  };
  for (const auto& node : topology.nodes()) add(lower(node.name), {node.address, node.address6});
  add("localhost", {"127.0.0.1", "::1"});
}

Reply Zone::answer(const Question& question) const {
  if (const auto name = names_.find(question.name); name != names_.end())
    return with_addresses(question, name->second.v4, name->second.v6);
  if (const auto name = reverse_.find(question.name); name != reverse_.end()) {
    if (question.type != type::ptr && question.type != type::any) return {};
    return {rcode::no_error, false, {{type::ptr, name->second + "."}}};
  }
  return question.name == "." ? Reply{} : Reply{rcode::no_such_name, false, {}};
}

Reply Zone::with_addresses(const Question& question, const std::string& address, const std::string& address6) const {
  Reply reply;
  const bool all = question.type == type::any;
  if (!address.empty() && (all || question.type == type::a)) reply.records.push_back({type::a, address});
  if (!address6.empty() && ipv6_ && (all || question.type == type::aaaa))
    reply.records.push_back({type::aaaa, address6});
  return reply;
}

Reply Zone::stale(const Question& question) const {
  const auto name = names_.find(question.name);
  if (name == names_.end()) return with_addresses(question, nobody, nobody6);
  return with_addresses(question, moved(name->second.v4), moved6(name->second.v6));
}

}  // namespace withstand::lab::dns
