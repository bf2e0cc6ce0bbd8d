#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/detour_traces.hpp"
#include "os/network_namespace.hpp"
#include "os/traffic_control.hpp"

namespace withstand::lab::kernel {

using Address = std::vector<std::uint8_t>;  ///< 4 bytes of IPv4 or 16 of IPv6

/// An interface that somebody else made and owns, whose arriving packets may be diverted. Its own queue (the root
/// qdisc), whatever that is, is never touched: packets are taken where they arrive, before anything on the machine sees
/// them, and given back there.
class AttachedInterface {
 public:
  /// Looks, touches nothing. Throws std::runtime_error saying what is in the way and what to do: no such interface, it
  /// is down, somebody else's filters come after ours, another run impairs it.
  AttachedInterface(os::NetworkNamespace network, const std::string& name, std::string owner);

  [[nodiscard]] const os::NetworkNamespace& network() const { return network_; }
  [[nodiscard]] const std::string& name() const { return traces_.interface; }
  [[nodiscard]] int index() const { return index_; }
  [[nodiscard]] std::uint32_t mtu() const { return mtu_; }
  [[nodiscard]] const std::string& owner() const { return traces_.owner; }
  [[nodiscard]] os::TrafficControl& control() { return control_; }
  [[nodiscard]] std::vector<Address> addresses() { return control_.addresses(index_); }
  /// Whether it is gone, and with it whatever of ours was on it.
  [[nodiscard]] bool is_gone();
  /// "interface eth0 in /run/netns/db1", for messages.
  [[nodiscard]] std::string place() const;

  /// What the undo journal must know before `open_hook`.
  [[nodiscard]] const core::DetourTraces& traces() const { return traces_; }
  /// Makes the place for filters, where there is none. No packet is touched.
  void open_hook();
  /// Of an interface that is about to be added, distinct from all others in its network.
  [[nodiscard]] std::string next_name();
  /// Everything of this owner is gone afterwards. Throws.
  void clear() { core::remove_detours(control_, traces_); }

 private:
  void refuse_filters_behind_ours();

  os::NetworkNamespace network_;
  os::TrafficControl control_;
  core::DetourTraces traces_;
  int index_ = 0, next_ = 0;
  std::uint32_t mtu_ = 0;
};

/// Priorities of our filters; everybody else's must come before, since a packet that was diverted meets none of them
/// when it comes back.
constexpr std::uint16_t first_priority = 0xff00;

}  // namespace withstand::lab::kernel
