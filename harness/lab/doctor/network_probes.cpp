#include <cerrno>
#include <memory>
#include <sched.h>
#include <string>

#include <fmt/format.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/qdisc/netem.h>
#include <netlink/route/tc.h>
#include <netlink/socket.h>

#include "lab/doctor/probe.hpp"
#include "lab/kernel_net/packet_rules.hpp"

namespace withstand::lab::doctor {

namespace {

using Socket = std::unique_ptr<nl_sock, decltype(&nl_socket_free)>;
using Qdisc = std::unique_ptr<rtnl_qdisc, decltype(&rtnl_qdisc_put)>;

Finding refused(const char* attempt, int netlink_error, const char* module) {
  return {Feature::State::missing, fmt::format("{}: {}", attempt, nl_geterror(netlink_error)),
          netlink_error == -NLE_PERM
              ? advise_on_namespaces(EPERM)
              : fmt::format("sudo modprobe {} (some distributions keep it in a package of extra modules)", module)};
}

}  // namespace

Finding probe_netem() {
  enter_private(CLONE_NEWNET);
  const Socket socket(nl_socket_alloc(), nl_socket_free);
  if (const int error = nl_connect(socket.get(), NETLINK_ROUTE); error < 0)
    return refused("open a routing socket", error, "sch_netem");
  const Qdisc qdisc(rtnl_qdisc_alloc(), rtnl_qdisc_put);
  auto* const tc = reinterpret_cast<rtnl_tc*>(qdisc.get());
  rtnl_tc_set_ifindex(tc, loopback_index);
  rtnl_tc_set_parent(tc, TC_H_ROOT);
  if (const int error = rtnl_tc_set_kind(tc, "netem"); error < 0) return refused("choose netem", error, "sch_netem");
  rtnl_netem_set_delay(qdisc.get(), 1000);
  if (const int error = rtnl_qdisc_add(socket.get(), qdisc.get(), NLM_F_CREATE); error < 0)
    return refused("add a netem qdisc", error, "sch_netem");
  return {Feature::State::ok, "a netem qdisc was added in a network namespace of its own", ""};
}

Finding probe_nftables() {
  if (auto refused = only_for_root()) return *refused;
  enter_private(CLONE_NEWNET);
  using Work = kernel::RuleTask::Work;
  try {
    kernel::PacketRules rules(os::NetworkNamespace::own(), "doctor");
    for (const Work work : {Work::mtu, Work::ttl, Work::loss, Work::refuse, Work::mute}) {
      kernel::RuleTask task;
      task.work = work;
      task.number = 1;
      task.interface = loopback_index;
      task.ends = {{{127, 0, 0, 1}, {127, 0, 0, 2}}};
      const auto id = fmt::format("r{}", static_cast<int>(work));
      rules.add(id, task);
      rules.remove(id);
    }
  } catch (const std::exception& error) {
    return {Feature::State::missing, error.what(),
            "sudo modprobe nf_tables nft_reject_inet nft_numgen (some distributions keep them in a package of extra "
            "modules)"};
  }
  return {Feature::State::ok, "every kind of rule was added in a network namespace of its own, and removed", ""};
}

}  // namespace withstand::lab::doctor
