#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "os/flower_filter.hpp"
#include "os/netlink_socket.hpp"
#include "os/traffic_counters.hpp"

namespace withstand::os {

/// Handles of queues and filters, as tc(8) writes them: major:minor.
constexpr std::uint32_t tc_handle(std::uint16_t major, std::uint16_t minor = 0) {
  return std::uint32_t{major} << 16 | minor;
}
constexpr std::uint32_t tc_root = 0xffffffff;                         ///< TC_H_ROOT
constexpr std::uint32_t tc_clsact = 0xfffffff1;                       ///< TC_H_CLSACT, also that of "ingress"
constexpr std::uint32_t tc_ingress_hook = tc_handle(0xffff, 0xfff2);  ///< where filters see what arrives
constexpr std::uint32_t tc_egress_hook = tc_handle(0xffff, 0xfff3);   ///< and what leaves

struct Qdisc {
  std::uint32_t handle = 0, parent = 0;
  std::string kind;
  std::vector<std::byte> options;
  TrafficCounters counters;
};

struct NetworkInterface {
  int index = 0;
  std::string name, kind, alias;  ///< kind: "ifb", "veth"; empty for hardware
  std::uint32_t mtu = 0;          ///< bytes
  bool up = false;
};

/// Queues, filters and interfaces of one network namespace (rtnetlink(7), tc(8)). Adds with NLM_F_CREATE | NLM_F_EXCL:
/// what is there already is an error (EEXIST), never replaced. Throws SystemError naming the attempt, with the kernel's
/// own words. Not thread-safe; move-only.
class TrafficControl {
 public:
  TrafficControl() = default;  ///< of the caller's network namespace, from then on from anywhere

  [[nodiscard]] std::vector<NetworkInterface> interfaces();
  [[nodiscard]] std::optional<NetworkInterface> interface(const std::string& name);
  /// Every address of an interface, 4 or 16 bytes, in the kernel's order.
  [[nodiscard]] std::vector<std::vector<std::uint8_t>> addresses(int interface);
  /// Through which interface packets to this address leave; 0 when none reach it.
  [[nodiscard]] int interface_towards(std::span<const std::uint8_t> address);
  /// An intermediate functional block: it holds packets of other interfaces in queues of its own and gives them back.
  /// It is down. `alias` says whose it is (ip-link(8)). Returns its index.
  int add_ifb(const std::string& name, const std::string& alias, std::uint32_t mtu);
  void bring_up(int interface);
  void remove_interface(int interface);

  [[nodiscard]] std::vector<Qdisc> qdiscs(int interface);
  void add_qdisc(int interface, std::uint32_t parent, std::uint32_t handle, const std::string& kind,
                 std::span<const std::byte> options);
  void remove_qdisc(int interface, std::uint32_t parent, std::uint32_t handle);

  /// `hook`: tc_ingress_hook, or tc_egress_hook. Filters are asked in the order of their priorities, 1 to 65535.
  [[nodiscard]] std::vector<SeenFilter> filters(int interface, std::uint32_t hook);
  void add_filter(int interface, std::uint32_t hook, std::uint16_t priority, std::uint32_t handle,
                  const FlowerFilter& filter);
  void remove_filter(int interface, std::uint32_t hook, const SeenFilter& filter);

 private:
  NetlinkSocket socket_;
};

}  // namespace withstand::os
