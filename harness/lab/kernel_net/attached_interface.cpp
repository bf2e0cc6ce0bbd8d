#include "lab/kernel_net/attached_interface.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>

namespace withstand::lab::kernel {
namespace {

os::TrafficControl control_in(const os::NetworkNamespace& network) {
  std::optional<os::TrafficControl> made;
  network.visit([&] { made.emplace(); });
  return std::move(*made);
}

}  // namespace

AttachedInterface::AttachedInterface(os::NetworkNamespace network, const std::string& name, std::string owner)
    : network_(std::move(network)), control_(control_in(network_)) {
  traces_ = {network_.path(), network_.identity(), name, 0, std::move(owner), true};
  const auto found = control_.interface(name);
  if (!found) throw std::runtime_error(fmt::format("{}: there is none of that name (ip link)", place()));
  if (!found->up) throw std::runtime_error(fmt::format("{}: it is down (ip link set {} up)", place(), name));
  index_ = traces_.index = found->index;
  mtu_ = found->mtu;
  const auto queues = control_.qdiscs(index_);
  for (const auto& queue : queues)
    if (queue.parent == os::tc_clsact) traces_.made_hook = false;
  if (!traces_.made_hook) refuse_filters_behind_ours();
}

void AttachedInterface::refuse_filters_behind_ours() {
  const auto interfaces = control_.interfaces();
  for (const auto& filter : control_.filters(index_, os::tc_ingress_hook)) {
    if (filter.priority < first_priority) continue;
    for (const auto& each : interfaces)
      if (each.index == filter.filter.redirect_to && each.alias.rfind(core::detour_alias(""), 0) == 0)
        throw std::runtime_error(
            fmt::format("{}: it is impaired by another run ({}): wait for its end, or undo what is "
                        "left of it (withstand recover)",
                        place(), each.alias));
    throw std::runtime_error(
        fmt::format("{}: it has a filter of priority {}, and diverted packets would not meet it "
                    "(give it one below {})",
                    place(), filter.priority, first_priority));
  }
}

bool AttachedInterface::is_gone() {
  const auto all = control_.interfaces();
  return std::none_of(all.begin(), all.end(), [&](const os::NetworkInterface& each) { return each.index == index_; });
}

std::string AttachedInterface::place() const {
  return fmt::format("interface {} in {}", traces_.interface, traces_.network);
}

void AttachedInterface::open_hook() {
  if (!traces_.made_hook) return;
  control_.add_qdisc(index_, os::tc_clsact, os::tc_handle(0xffff), "clsact", {});
}

/// Detours of this run's other interfaces may stand in the same network.
std::string AttachedInterface::next_name() {
  std::string name;
  do name = fmt::format("{}{}", core::detour_prefix(traces_.owner), ++next_);
  while (control_.interface(name));
  return name;
}

}  // namespace withstand::lab::kernel
