#include <cerrno>
#include <endian.h>
#include <memory>
#include <netinet/in.h>
#include <sched.h>
#include <string>

#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/qdisc/netem.h>
#include <netlink/route/tc.h>
#include <netlink/socket.h>

#include "lab/doctor/probe.hpp"

namespace withstand::lab::doctor {

namespace {

using Socket = std::unique_ptr<nl_sock, decltype(&nl_socket_free)>;
using Message = std::unique_ptr<nl_msg, decltype(&nlmsg_free)>;
using Qdisc = std::unique_ptr<rtnl_qdisc, decltype(&rtnl_qdisc_put)>;

constexpr int loopback_index = 1;  // of every network namespace

Finding refused(const char* attempt, int netlink_error, const char* module) {
  return {Feature::State::missing, fmt::format("{}: {}", attempt, nl_geterror(netlink_error)),
          netlink_error == -NLE_PERM
              ? advise_on_namespaces(EPERM)
              : fmt::format("sudo modprobe {} (some distributions keep it in a package of extra modules)", module)};
}

void append(std::string& batch, int type, int flags, int family, int resource, const char* table) {
  const Message message(nlmsg_alloc_simple(type, flags), nlmsg_free);
  nfgenmsg header{};
  header.nfgen_family = static_cast<decltype(header.nfgen_family)>(family);
  header.version = NFNETLINK_V0;
  header.res_id = htobe16(static_cast<std::uint16_t>(resource));
  nlmsg_append(message.get(), &header, sizeof header, NLMSG_ALIGNTO);
  if (table != nullptr) nla_put_string(message.get(), NFTA_TABLE_NAME, table);
  const auto* raw = nlmsg_hdr(message.get());
  batch.append(reinterpret_cast<const char*>(raw), NLMSG_ALIGN(raw->nlmsg_len));
}

/// nf_tables takes changes only as one datagram: begin, the changes, end.
std::string new_table_batch() {
  std::string batch;
  append(batch, NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, NFPROTO_UNSPEC, NFNL_SUBSYS_NFTABLES, nullptr);
  append(batch, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWTABLE, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK, NFPROTO_INET,
         0, "withstand-probe");
  append(batch, NFNL_MSG_BATCH_END, NLM_F_REQUEST, NFPROTO_UNSPEC, NFNL_SUBSYS_NFTABLES, nullptr);
  return batch;
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
  enter_private(CLONE_NEWNET);
  const Socket socket(nl_socket_alloc(), nl_socket_free);
  nl_socket_disable_seq_check(socket.get());
  if (const int error = nl_connect(socket.get(), NETLINK_NETFILTER); error < 0)
    return refused("open a netfilter socket", error, "nf_tables");
  auto batch = new_table_batch();
  if (const int error = nl_sendto(socket.get(), batch.data(), batch.size()); error < 0)
    return refused("send a new nf_tables table", error, "nf_tables");
  if (const int error = nl_wait_for_ack(socket.get()); error < 0)
    return refused("add an nf_tables table", error, "nf_tables");
  return {Feature::State::ok, "a table was added in a network namespace of its own", ""};
}

}  // namespace withstand::lab::doctor
