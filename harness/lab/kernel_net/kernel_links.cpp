#include "lab/kernel_net/kernel_links.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <exception>
#include <map>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>

#include "core/fault.hpp"
#include "core/kernel_limits.hpp"
#include "core/plan.hpp"
#include "lab/kernel_net/checksum_errors.hpp"
#include "lab/kernel_net/packet_rules.hpp"
#include "lab/kernel_net/way.hpp"
#include "lab/link/recount.hpp"
#include "os/check.hpp"

namespace withstand::lab::kernel {

using core::Impairment;
using core::Link;
using core::NodeId;

namespace {

Address parse(const std::string& text) {
  Address address(4);
  if (::inet_pton(AF_INET, text.c_str(), address.data()) == 1) return address;
  address.resize(16);
  if (::inet_pton(AF_INET6, text.c_str(), address.data()) == 1) return address;
  return {};
}

}  // namespace

struct KernelLinks::Impl {
  struct Applied {
    std::shared_ptr<const Impairment> impairment;  ///< none: it refuses connections
    std::vector<Link> links;
    std::map<NodeId, std::uint64_t> found_before, found_after;  ///< corrupt: what the receivers' checksums found
    bool active = true;
  };

  core::EventLoop& loop;
  const core::Topology& topology;
  std::vector<Place> places;
  std::string owner;
  std::function<void(const core::DetourTraces&)> announce;
  /// By namespace: one table for all of its interfaces.
  std::map<std::string, std::unique_ptr<PacketRules>> rules;
  /// By namespace and name: several links may arrive at one interface.
  std::map<std::string, std::unique_ptr<AttachedInterface>> interfaces;
  std::map<Link, std::unique_ptr<Way>> ways;
  std::map<Link, std::string> why_none;  ///< of links without a way: only a fault on them is told
  std::map<Handle, Applied> applied;
  Handle last = 0;

  PacketRules& rules_of(AttachedInterface& at) {
    auto& known = rules[at.network().identity()];
    if (known) return *known;
    std::unique_ptr<PacketRules> made;
    try {
      made = std::make_unique<PacketRules>(os::NetworkNamespace::open(at.network().path()), owner);
    } catch (const std::runtime_error& error) {
      throw core::CannotAim(fmt::format("{}: {}", at.place(), error.what()));
    }
    core::DetourTraces traces = at.traces();
    traces.made_hook = false;
    traces.table = core::rules_table(owner);
    announce(traces);
    known = std::move(made);
    return *known;
  }

  /// The interface of `node` where what comes from `other` arrives.
  AttachedInterface& interface_of(NodeId node, NodeId other) {
    const Place& place = places.at(node);
    const std::string name = place.interface.empty() ? name_towards(node, other) : place.interface;
    const std::string key = place.network.identity() + "/" + name;
    const auto known = interfaces.find(key);
    if (known != interfaces.end()) return *known->second;
    auto made = std::make_unique<AttachedInterface>(os::NetworkNamespace::open(place.network.path()), name, owner);
    return *interfaces.emplace(key, std::move(made)).first->second;
  }

  std::string name_towards(NodeId node, NodeId other) {
    std::optional<os::TrafficControl> control;
    places.at(node).network.visit([&] { control.emplace(); });
    const auto& far = topology.at(other);
    const int index = control->interface_towards(parse(far.address));
    const std::string who = topology.at(node).name;
    if (index == 0)
      throw std::runtime_error(fmt::format("{} has no route to {} ({}): ip route", who, far.name, far.address));
    for (const auto& each : control->interfaces()) {
      if (each.index != index) continue;
      if (each.name == "lo")
        throw std::runtime_error(
            fmt::format("{} reaches {} ({}) over loopback, where the directions of a link cannot be told apart: attach "
                        "nodes of other network namespaces",
                        who, far.name, far.address));
      return each.name;
    }
    throw std::runtime_error(fmt::format("the interface from {} to {} went away", who, far.name));
  }

  void add_way(const Link& link) {
    auto& arriving = interface_of(link.to, link.from);
    auto& leaving = interface_of(link.from, link.to);
    std::vector<AddressPair> ends;
    for (const auto& source : leaving.addresses())
      for (const auto& destination : arriving.addresses())
        if (source.size() == destination.size() && !source.empty()) ends.push_back({source, destination});
    if (ends.empty())
      throw std::runtime_error(fmt::format("{} and {} have no addresses of one family", topology.at(link.from).name,
                                           topology.at(link.to).name));
    const std::string name = link::link_name(topology, link);
    if (!Way::fits(ends))
      throw std::runtime_error(
          fmt::format("{}: its ends have {} pairs of addresses, which are too many to tell its "
                      "packets from others'",
                      core::to_text(link, topology), ends.size()));
    ways[link] =
        std::make_unique<Way>(loop, link, name, arriving, std::move(ends), static_cast<std::uint32_t>(ways.size()),
                              [this, &arriving]() -> PacketRules& { return rules_of(arriving); });
  }

  Way& way(const Link& link) {
    const auto none = why_none.find(link);
    if (none != why_none.end()) throw core::CannotAim(none->second);
    const auto found = ways.find(link);
    if (found == ways.end()) throw std::logic_error("impair a link that no fault claimed");
    return *found->second;
  }

  /// An interface that its owner took away is the target's doing, and no failure of the harness.
  void impair(const Link& link, const Way::Asked& asked) {
    Way& its = way(link);
    try {
      its.add(asked);
    } catch (const os::SystemError&) {
      if (!its.arriving().is_gone()) throw;
      throw core::CannotAim(fmt::format("{}: it was there when the run began, and is gone", its.arriving().place()));
    }
  }

  /// Whoever is aimed at later is told what is in the way.
  void make_ready(const RuleTask& task) {
    for (const auto& [link, its] : ways) {
      try {
        rules_of(its->arriving()).make_ready(task);
      } catch (const std::runtime_error&) {
      } catch (const core::CannotAim&) {
      }
    }
  }

  void count_errors(const Applied& each, std::map<NodeId, std::uint64_t>& into) {
    if (each.impairment->kind != Impairment::Kind::corrupt) return;
    for (const Link& link : each.links) into[link.to] = checksum_errors(places.at(link.to).network);
  }
};

KernelLinks::KernelLinks(core::EventLoop& loop, const core::Topology& topology, std::vector<Place> places,
                         const std::vector<Link>& claimed, std::string owner,
                         const std::function<void(const core::DetourTraces&)>& announce)
    : impl_(new Impl{loop, topology, std::move(places), std::move(owner), announce, {}, {}, {}, {}, {}, 0}) {
  for (const Link& link : claimed) {
    for (const auto& [node, other] : {std::pair(link.from, link.to), std::pair(link.to, link.from)})
      if (!impl_->places.at(node).interface.empty()) impl_->interface_of(node, other);  // in the way of any run
    try {
      if (impl_->ways.count(link) == 0) impl_->add_way(link);
    } catch (const std::runtime_error& error) {
      impl_->why_none.emplace(link, error.what());
    }
  }
  for (const auto& [key, interface] : impl_->interfaces) {
    announce(interface->traces());
    interface->open_hook();
  }
}

KernelLinks::~KernelLinks() {
  impl_->ways.clear();
  impl_->rules.clear();
  for (const auto& [key, interface] : impl_->interfaces) {
    try {
      interface->clear();
    } catch (const std::exception&) {  // the undo journal names it
    }
  }
}

void KernelLinks::expect(const Impairment& impairment) {
  if (core::done_by_rules({&impairment}, 0)) impl_->make_ready(task_of(impairment));
}

void KernelLinks::expect(const core::StreamImpairment& impairment) { impl_->make_ready(task_of(impairment.settings)); }

KernelLinks::Handle KernelLinks::add(const Impairment& impairment, const std::vector<Link>& links) {
  if (links.empty()) throw std::invalid_argument("impair no link");
  if (const auto refusal = core::beyond_the_kernel(impairment))
    throw core::CannotAim(refusal->complaint.message + " (" + refusal->complaint.help + ")", refusal->parameter);
  const Handle handle = ++impl_->last;
  Impl::Applied applied{std::make_shared<const Impairment>(impairment), links, {}, {}, true};
  impl_->count_errors(applied, applied.found_before);
  std::vector<Link> done;
  try {
    for (const Link& link : links) {
      impl_->impair(link, {handle, applied.impairment});
      done.push_back(link);
    }
  } catch (...) {
    for (const Link& link : done) impl_->way(link).remove(handle);
    throw;
  }
  impl_->applied.emplace(handle, std::move(applied));
  return handle;
}

void KernelLinks::remove(Handle handle) {
  auto& applied = impl_->applied.at(handle);
  if (!applied.active) return;
  if (!applied.impairment) {
    for (const Link& link : applied.links) impl_->way(link).remove_refusal(handle);
    applied.active = false;
    return;
  }
  std::exception_ptr first;  // one link that cannot be freed is no reason to keep the others
  for (const Link& link : applied.links) {
    try {
      impl_->way(link).remove(handle);
    } catch (const std::exception&) {
      if (!first) first = std::current_exception();
    }
  }
  if (first) std::rethrow_exception(first);
  applied.active = false;
  impl_->count_errors(applied, applied.found_after);
}

std::vector<core::LinkEffect> KernelLinks::effect(Handle handle) {
  auto& applied = impl_->applied.at(handle);
  if (applied.active) impl_->count_errors(applied, applied.found_after);
  std::vector<core::LinkEffect> effects;
  for (const Link& link : applied.links) {
    effects.push_back(impl_->way(link).effect(handle, *applied.impairment));
    if (applied.impairment->kind == Impairment::Kind::corrupt)
      effects.back().changed_delivered = applied.found_after[link.to] - applied.found_before[link.to];
  }
  return effects;
}

KernelLinks::Handle KernelLinks::add_stream(const core::StreamImpairment& impairment, const std::vector<Link>& links) {
  if (links.empty()) throw std::invalid_argument("impair no link");
  const auto& settings = impairment.settings;
  if (const auto refusal = core::beyond_the_kernel(settings, "what is not \"refuse\""))
    throw core::CannotAim(refusal->complaint.message + " on " + core::to_text(links.front(), impl_->topology),
                          refusal->parameter);
  const Handle handle = ++impl_->last;
  std::vector<Link> done;
  try {
    for (const Link& link : links) {
      impl_->way(link).add_refusal(handle, settings);
      done.push_back(link);
    }
  } catch (...) {
    for (const Link& link : done) impl_->way(link).remove_refusal(handle);
    throw;
  }
  impl_->applied.emplace(handle, Impl::Applied{nullptr, links, {}, {}, true});
  return handle;
}

std::vector<core::StreamEffect> KernelLinks::stream_effect(Handle handle) {
  std::vector<core::StreamEffect> effects;
  for (const Link& link : impl_->applied.at(handle).links) effects.push_back(impl_->way(link).refusal(handle));
  return effects;
}

core::FabricHealth KernelLinks::health() {
  core::FabricHealth health;
  health.scheduling = "by the kernel";
  return health;
}

}  // namespace withstand::lab::kernel
