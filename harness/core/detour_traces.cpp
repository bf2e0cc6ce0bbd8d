#include "core/detour_traces.hpp"

#include <algorithm>
#include <cctype>
#include <dirent.h>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "os/check.hpp"
#include "os/network_namespace.hpp"
#include "os/nftables.hpp"

namespace withstand::core {
namespace {

bool is_ours(const os::SeenFilter& filter, const os::OwnerTag& tag) {
  return filter.has_owner && filter.filter.owner == tag;
}

bool is_ours(const os::NetworkInterface& interface, const std::string& prefix) {
  return interface.kind == "ifb" && interface.name.rfind(prefix, 0) == 0;
}

/// A file that does not stand for the namespace any more, or never did, is as good as none.
std::optional<os::NetworkNamespace> open_if(const std::string& path, const std::string& identity) {
  try {
    auto network = os::NetworkNamespace::open(path);
    if (network.identity() == identity) return network;
  } catch (const os::SystemError&) {
  }
  return std::nullopt;
}

/// Its name may be gone while processes still live in it.
std::optional<os::NetworkNamespace> find_network(const DetourTraces& traces) {
  if (auto found = open_if(traces.network, traces.identity)) return found;
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir("/proc"), &::closedir);
  while (const dirent* entry = list ? ::readdir(list.get()) : nullptr)
    if (std::isdigit(static_cast<unsigned char>(entry->d_name[0])) != 0)
      if (auto found = open_if(fmt::format("/proc/{}/ns/net", entry->d_name), traces.identity)) return found;
  return std::nullopt;
}

os::TrafficControl control_in(const os::NetworkNamespace& network) {
  std::optional<os::TrafficControl> control;
  network.visit([&] { control.emplace(); });
  return std::move(*control);
}

bool has_rules(const os::NetworkNamespace& network, const std::string& table) {
  bool there = false;
  if (!table.empty()) network.visit([&] { there = os::Nftables().has_table(table); });
  return there;
}

/// The interface that was meant, whatever its name is by now.
bool is_there(const std::vector<os::NetworkInterface>& all, const DetourTraces& traces) {
  return std::any_of(all.begin(), all.end(),
                     [&](const os::NetworkInterface& each) { return each.index == traces.index; });
}

void remove_hook(os::TrafficControl& control, int interface) {
  const auto queues = control.qdiscs(interface);
  const bool there = std::any_of(queues.begin(), queues.end(), [](const os::Qdisc& queue) {
    return queue.parent == os::tc_clsact && queue.kind == "clsact";
  });
  if (!there || !control.filters(interface, os::tc_ingress_hook).empty() ||
      !control.filters(interface, os::tc_egress_hook).empty())
    return;
  control.remove_qdisc(interface, os::tc_clsact, os::tc_handle(0xffff));
}

}  // namespace

std::string detour_prefix(const std::string& owner) {
  const os::OwnerTag tag = os::owner_tag_of(owner);
  return fmt::format("ws{:02x}{:02x}{:02x}x", tag[0], tag[1], tag[2]);
}

std::string rules_table(const std::string& owner) {
  const os::OwnerTag tag = os::owner_tag_of(owner);
  return fmt::format("withstand_{:02x}{:02x}{:02x}{:02x}", tag[0], tag[1], tag[2], tag[3]);
}

std::string detour_alias(const std::string& owner) { return "withstand " + owner; }

void remove_detours(os::TrafficControl& control, const DetourTraces& traces) {
  const os::OwnerTag tag = os::owner_tag_of(traces.owner);
  const auto all = control.interfaces();
  const bool there = is_there(all, traces);
  if (there)
    for (const auto& filter : control.filters(traces.index, os::tc_ingress_hook))
      if (is_ours(filter, tag)) control.remove_filter(traces.index, os::tc_ingress_hook, filter);
  for (const auto& each : all)
    if (is_ours(each, detour_prefix(traces.owner))) control.remove_interface(each.index);
  if (there && traces.made_hook) remove_hook(control, traces.index);
}

std::string undo_detours(const DetourTraces& traces) {
  try {
    const auto network = find_network(traces);
    if (!network) return "";
    auto control = control_in(*network);
    remove_detours(control, traces);
    if (!traces.table.empty()) network->visit([&] { os::Nftables().remove_table(traces.table); });
    return "";
  } catch (const std::exception& error) {
    return error.what();
  }
}

std::string detours_left(const DetourTraces& traces) {
  try {
    const auto network = find_network(traces);
    if (!network) return "";
    auto control = control_in(*network);
    const auto all = control.interfaces();
    const auto ours = std::count_if(all.begin(), all.end(), [&](const os::NetworkInterface& each) {
      return is_ours(each, detour_prefix(traces.owner));
    });
    const auto filters =
        is_there(all, traces) ? control.filters(traces.index, os::tc_ingress_hook) : std::vector<os::SeenFilter>{};
    const bool diverted = std::any_of(filters.begin(), filters.end(), [&](const os::SeenFilter& filter) {
      return is_ours(filter, os::owner_tag_of(traces.owner));
    });
    if (ours == 0 && !diverted && !has_rules(*network, traces.table)) return "";
    return fmt::format("let the packets of {} in {} take their own way again", traces.interface, traces.network);
  } catch (const std::exception&) {
    return "";
  }
}

}  // namespace withstand::core
