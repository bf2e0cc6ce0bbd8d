#include "lab/kernel_net/detour.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "os/check.hpp"

namespace withstand::lab::kernel {
namespace {

constexpr std::uint16_t cutter_major = 1, first_stage_major = 2;

std::uint32_t handle_of(std::size_t place) {
  return os::tc_handle(static_cast<std::uint16_t>(first_stage_major + place));
}

const os::Qdisc* find(const std::vector<os::Qdisc>& queues, std::uint32_t handle) {
  const auto found =
      std::find_if(queues.begin(), queues.end(), [&](const os::Qdisc& queue) { return queue.handle == handle; });
  return found == queues.end() ? nullptr : &*found;
}

void refuse_unless_empty(const std::string& kind, const std::vector<std::string>& differences) {
  if (differences.empty()) return;
  throw std::runtime_error(
      fmt::format("the kernel did not keep what a {} queue was asked: {}", kind, fmt::join(differences, "; ")));
}

}  // namespace

std::uint64_t DetourCounters::waiting() const {
  std::uint64_t all = 0;
  for (const auto& stage : stages) all += stage.waiting;
  return all;
}

Detour::Detour(AttachedInterface& at, LinkTree tree, std::vector<os::FlowerFilter> filters, std::uint16_t priority,
               std::uint32_t handle)
    : at_(at), tree_(std::move(tree)), filters_(std::move(filters)), priority_(priority), handle_(handle) {
  interface_ = at_.control().add_ifb(at_.next_name(), core::detour_alias(at_.owner()), at_.mtu());
  for (auto& filter : filters_) {
    filter.redirect_to = interface_;
    filter.owner = os::owner_tag_of(at_.owner());
  }
  try {
    build();
    read_back();
    at_.control().bring_up(interface_);
  } catch (...) {
    close();
    throw;
  }
}

Detour::~Detour() {
  try {
    release();
    close();
  } catch (const std::exception&) {  // the namespace is gone, or the undo journal's turn comes
  }
}

void Detour::build() {
  auto& control = at_.control();
  control.add_qdisc(interface_, os::tc_root, os::tc_handle(cutter_major), "tbf",
                    os::token_bucket_options(tree_.cutter));
  std::uint32_t parent = os::tc_handle(cutter_major, 1);
  std::size_t place = 0;
  for (const auto& stage : tree_.stages) {
    control.add_qdisc(interface_, parent, handle_of(place), "netem", os::netem_options(stage.netem));
    parent = handle_of(place++) | 1;
  }
  for (const auto& rate : tree_.rates) {
    control.add_qdisc(interface_, parent, handle_of(place), "tbf", os::token_bucket_options(rate.bucket));
    parent = handle_of(place++) | 1;
  }
}

void Detour::read_back() {
  const auto queues = at_.control().qdiscs(interface_);
  const auto options_of = [&](std::uint32_t handle) -> const std::vector<std::byte>& {
    const auto* queue = find(queues, handle);
    if (queue == nullptr) throw std::runtime_error("the kernel did not keep a queue that was just added");
    return queue->options;
  };
  std::size_t place = 0;
  for (const auto& stage : tree_.stages) {
    const auto kept = os::parse_netem_options(options_of(handle_of(place++)));
    if (!kept) throw std::runtime_error("the kernel does not tell the settings of a netem queue");
    refuse_unless_empty("netem", os::netem_differences(stage.netem, *kept));
    seeded_ = seeded_ && os::seed_kept(stage.netem, *kept);
  }
  const auto check_bucket = [&](std::uint32_t handle, const os::TokenBucketSettings& asked) {
    const auto kept = os::parse_token_bucket_options(options_of(handle));
    if (!kept) throw std::runtime_error("the kernel does not tell the settings of a tbf queue");
    refuse_unless_empty("tbf", os::token_bucket_differences(asked, *kept));
  };
  check_bucket(os::tc_handle(cutter_major), tree_.cutter);
  for (const auto& rate : tree_.rates) check_bucket(handle_of(place++), rate.bucket);
}

void Detour::divert() {
  std::uint32_t handle = handle_;
  diverts_ = true;
  for (const auto& filter : filters_) {
    const auto priority = static_cast<std::uint16_t>(priority_ + (filter.ether_type() == 0x86dd ? 1 : 0));
    at_.control().add_filter(at_.index(), os::tc_ingress_hook, priority, handle++, filter);
  }
  const auto kept = own_filters();
  for (const auto& filter : filters_)
    if (std::none_of(kept.begin(), kept.end(), [&](const os::SeenFilter& seen) { return seen.filter == filter; }))
      throw std::runtime_error("the kernel did not keep a flower filter as it was asked");
}

std::vector<os::SeenFilter> Detour::own_filters() {
  auto all = at_.control().filters(at_.index(), os::tc_ingress_hook);
  std::erase_if(all, [&](const os::SeenFilter& seen) {
    return seen.filter.redirect_to != interface_ || !seen.has_owner || seen.kind != "flower";
  });
  return all;
}

/// Filters go with their interface, if somebody takes that away; what they counted stays as it was last seen.
std::uint64_t Detour::taken() {
  if (!diverts_) return taken_;
  std::uint64_t packets = 0;
  for (const auto& filter : own_filters()) packets += filter.packets;
  taken_ = std::max(taken_, packets);
  return taken_;
}

void Detour::release() {
  if (!diverts_) return;
  std::uint64_t packets = 0;
  for (const auto& filter : own_filters()) {
    packets += filter.packets;
    at_.control().remove_filter(at_.index(), os::tc_ingress_hook, filter);
  }
  taken_ = std::max(taken_, packets);
  diverts_ = false;
}

DetourCounters Detour::counters() {
  if (closed()) return last_;
  DetourCounters out;
  const auto queues = at_.control().qdiscs(interface_);
  const std::size_t count = tree_.stages.size() + tree_.rates.size();
  os::TrafficCounters inner;  // of the queue inside, which the one around it counts too
  out.stages.resize(count);
  for (std::size_t place = count; place-- > 0;) {
    const auto* queue = find(queues, handle_of(place));
    if (queue == nullptr) throw std::runtime_error("a queue of ours is gone although nobody asked");
    auto& stage = out.stages[place];
    stage.lost = queue->counters.dropped - inner.dropped;
    stage.waiting = queue->counters.waiting - std::min(inner.waiting, queue->counters.waiting);
    stage.ahead = queue->counters.requeued;
    stage.bytes = queue->counters.bytes;
    stage.packets = queue->counters.packets;
    stage.throttled = queue->counters.throttled;
    inner = queue->counters;
  }
  if (const auto* root = find(queues, os::tc_handle(cutter_major))) out.delivered = root->counters.packets;
  out.taken = taken();
  return out;
}

void Detour::close() {
  if (closed()) return;
  try {
    last_ = counters();
  } catch (const std::exception&) {  // it was never whole
  }
  at_.control().remove_interface(interface_);
  interface_ = 0;
}

}  // namespace withstand::lab::kernel
