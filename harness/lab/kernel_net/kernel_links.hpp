#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/detour_traces.hpp"
#include "core/event_loop.hpp"
#include "core/links.hpp"
#include "core/topology.hpp"
#include "os/network_namespace.hpp"

namespace withstand::lab::kernel {

/// Where a node's packets arrive.
struct Place {
  os::NetworkNamespace network;
  std::string interface;  ///< empty: whichever leads to the other end of a link (a client's)
};

/// Links between interfaces that the link fabric does not own, impaired by the kernel's own queues. Each link's packets
/// are diverted where they arrive, by the addresses of its two ends; links that are not impaired are not touched. The
/// same calls and settings as the fabric's, but for what core/kernel_limits.hpp names: that is refused with
/// core::CannotAim.
///
/// A change builds the link's new queues beside the old ones and switches the filters over, link by link, some
/// milliseconds for each; packets in the old ones leave at their time. Models with a memory start anew whenever
/// another impairment of their link begins or ends. Not thread-safe; used from the event loop's thread.
class KernelLinks final : public core::Links {
 public:
  /// `places[id]` of node id. Only `claimed` links can be impaired later; `add` on another throws std::logic_error.
  /// `announce` is called with what will have to be undone, before it is done. Throws std::runtime_error saying what
  /// is in the way.
  KernelLinks(core::EventLoop& loop, const core::Topology& topology, std::vector<Place> places,
              const std::vector<core::Link>& claimed, std::string owner,
              const std::function<void(const core::DetourTraces&)>& announce);
  /// Everything is as it was: packets under way in our queues are lost.
  ~KernelLinks() override;
  KernelLinks(const KernelLinks&) = delete;
  KernelLinks& operator=(const KernelLinks&) = delete;

  /// What only nftables can do has its table then, in every network that a claimed link arrives in.
  void expect(const core::Impairment& impairment) override;
  void expect(const core::StreamImpairment& impairment) override;
  Handle add(const core::Impairment& impairment, const std::vector<core::Link>& links) override;
  void remove(Handle handle) override;
  [[nodiscard]] std::vector<core::LinkEffect> effect(Handle handle) override;
  /// Of connections only `refuse` for all of them: the rest needs somebody who follows them, and is core::CannotAim. An
  /// experiment that asks for it is refused when it is read.
  Handle add_stream(const core::StreamImpairment& impairment, const std::vector<core::Link>& links) override;
  [[nodiscard]] std::vector<core::StreamEffect> stream_effect(Handle handle) override;
  [[nodiscard]] core::FabricHealth health() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace withstand::lab::kernel
