#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/event_loop.hpp"
#include "core/links.hpp"
#include "core/topology.hpp"
#include "lab/link/capture.hpp"
#include "lab/link/node_interface.hpp"

namespace withstand::lab::link {

/// Where all packets are to be taken down.
struct CaptureFile {
  os::Fd file;
  CaptureSettings settings;
};

/// The link fabric as the orchestrator holds it: a process of its own (this binary again, with "__fabric") that
/// forwards packets between all nodes, and the calls to it. Not thread-safe; used from the event loop's thread.
class Fabric final : public core::Links {
 public:
  /// Starts the process and hands it every node's interface, `interfaces[id]` for node id. Only `claimed` links can be
  /// impaired later; `add` on another throws std::logic_error. Returns once packets flow. Throws when the process
  /// cannot be started or refuses.
  Fabric(core::EventLoop& loop, const core::Topology& topology, std::vector<NodeInterface> interfaces,
         const std::vector<core::Link>& claimed, const std::optional<CaptureFile>& capture = {});
  /// Ends the process and waits for it: packets in flight are lost, the interfaces vanish.
  ~Fabric() override;
  Fabric(const Fabric&) = delete;
  Fabric& operator=(const Fabric&) = delete;

  /// Called once, from the event loop, when the process ends before this object does; says how it ended.
  void on_death(std::function<void(const std::string& how)> callback);

  /// Connections are followed from now on, so that they can be impaired later; best before any is opened.
  void watch_streams();
  /// HTTP on them is read from now on, too, so that it can be impaired later.
  void watch_http();
  Handle add(const core::Impairment& impairment, const std::vector<core::Link>& links) override;
  Handle add_stream(const core::StreamImpairment& impairment, const std::vector<core::Link>& links) override;
  [[nodiscard]] std::vector<core::StreamEffect> stream_effect(Handle handle) override;
  Handle add_http(const core::HttpImpairment& impairment, const std::vector<core::Link>& links) override;
  [[nodiscard]] std::vector<core::HttpEffect> http_effect(Handle handle) override;
  [[nodiscard]] std::vector<core::HttpSeen> http_seen(Handle handle) override;
  void remove(Handle handle) override;
  [[nodiscard]] std::vector<core::LinkEffect> effect(Handle handle) override;
  void forget(Handle handle) override;
  [[nodiscard]] core::FabricHealth health() override;
  void unplug(core::NodeId node) override;
  void plug(core::NodeId node) override;
  [[nodiscard]] Carrier carrier(core::NodeId node) override;
  /// A node's new way into the fabric, in new namespaces; the old one is closed, with what waits in it.
  void replace(core::NodeId node, NodeInterface interface);

  /// Ends the capture, runs the loop until its file is written, 10 s at most (then the counts are not `done`), and says
  /// what it has come to. Idempotent. Nothing when nothing is captured.
  [[nodiscard]] std::optional<CaptureCounts> end_capture();

  /// As the harness's host sees it.
  [[nodiscard]] int pid() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The process's entry point: fd 3 is its control socket; it ends with exit status 0 when that reports end of file.
int fabric_main();

}  // namespace withstand::lab::link
