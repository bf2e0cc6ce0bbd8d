#include "lab/kernel_net/addresses.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lab/kernel_net/attached_interface.hpp"
#include "os/check.hpp"
#include "spec/names.hpp"

namespace withstand::lab::kernel {
namespace {

std::string dotted(const Address& address) { return fmt::format("{}", fmt::join(address, ".")); }

Address parsed(const std::string& text) {
  Address address(4);
  if (::inet_pton(AF_INET, text.c_str(), address.data()) != 1) return {};
  return address;
}

std::string address_of(const spec::AttachedNode& node) {
  AttachedInterface interface(os::NetworkNamespace::open(node.network), node.interface, "");
  auto all = interface.addresses();
  std::erase_if(all, [](const Address& address) { return address.size() != 4; });
  if (all.empty()) throw std::runtime_error(fmt::format("its interface {} has no IPv4 address", node.interface));
  if (node.address.empty()) return dotted(all.front());
  if (std::find(all.begin(), all.end(), parsed(node.address)) == all.end())
    throw std::runtime_error(fmt::format("its interface {} has not the address {}, but {}", node.interface,
                                         node.address, dotted(all.front())));
  return node.address;
}

/// From where the harness's own network reaches an address.
std::string own_address_towards(const std::string& node, const std::string& address) {
  os::TrafficControl control;
  const int interface = control.interface_towards(parsed(address));
  if (interface == 0) throw std::runtime_error(fmt::format("there is no route to {} ({}): ip route", node, address));
  for (const auto& own : control.addresses(interface))
    if (own.size() == 4) return dotted(own);
  throw std::runtime_error(fmt::format("the interface towards {} ({}) has no IPv4 address", node, address));
}

}  // namespace

std::map<std::string, std::string> attached_addresses(const spec::Experiment& experiment) {
  std::map<std::string, std::string> addresses;
  for (const auto& node : experiment.target.attached) {
    try {
      addresses[node.name] = address_of(node);
    } catch (const os::SystemError& error) {
      const bool denied = error.code().value() == EPERM || error.code().value() == EACCES;
      throw std::runtime_error(fmt::format("attached node {}: {}{}", node.name, error.what(),
                                           denied ? " (run withstand as root, outside of containers)" : ""));
    } catch (const std::exception& error) {
      throw std::runtime_error(fmt::format("attached node {}: {}", node.name, error.what()));
    }
  }
  if (addresses.empty()) return addresses;
  const std::string& first = experiment.target.attached.front().name;
  const std::string own = own_address_towards(first, addresses.at(first));
  for (const auto& client : spec::client_names(experiment.load ? experiment.load->clients : 1)) addresses[client] = own;
  return addresses;
}

}  // namespace withstand::lab::kernel
