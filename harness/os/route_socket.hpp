#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "os/fd.hpp"

namespace withstand::os {

/// What the kernel counted on one interface since it was made.
struct InterfaceCounters {
  std::uint64_t rx_packets = 0;  ///< given to the namespace; for a TUN device: written by its owner
  std::uint64_t tx_packets = 0;  ///< sent by the namespace; for a TUN device: read by its owner
  std::uint64_t rx_dropped = 0;
  std::uint64_t tx_dropped = 0;  ///< for a TUN device: nobody read in time
};

struct Carrier {
  bool present = false;
  std::uint32_t changes = 0;  ///< how often it came or went
};

struct InterfaceSettings {
  std::uint32_t mtu = 1500;
  std::uint32_t transmit_queue = 1000;  ///< packets
};

/// A NETLINK_ROUTE socket (rtnetlink(7), through libnl). It belongs to the network namespace it was opened in, whoever
/// uses it from wherever. Throws std::runtime_error naming the attempt. Not thread-safe; move-only.
class RouteSocket {
 public:
  RouteSocket();                   ///< opens one in the caller's network namespace
  explicit RouteSocket(Fd taken);  ///< goes on with one that was opened elsewhere
  ~RouteSocket();
  RouteSocket(RouteSocket&&) noexcept;
  RouteSocket& operator=(RouteSocket&&) noexcept;

  /// The same socket, to be handed to another process.
  [[nodiscard]] Fd descriptor() const;

  /// MTU, queue length, no IPv6 address of its own making (it would send router solicitations); then up.
  void bring_up(const std::string& interface, const InterfaceSettings& settings);
  /// Just up, for "lo".
  void bring_up(const std::string& interface);
  /// `address` like "198.18.0.1/15" or "fd00::1/64"; an IPv6 address is usable at once (no duplicate detection). The
  /// kernel adds the route to its prefix.
  void add_address(const std::string& interface, const std::string& address);
  /// Two connected Ethernet devices, `peer` in the network namespace that `peer_namespace` is open on.
  void add_veth(const std::string& interface, const std::string& peer, const Fd& peer_namespace);
  [[nodiscard]] InterfaceCounters counters(const std::string& interface);
  [[nodiscard]] Carrier carrier(const std::string& interface);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace withstand::os
