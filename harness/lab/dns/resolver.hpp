#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "core/event_loop.hpp"
#include "core/names.hpp"
#include "core/topology.hpp"
#include "lab/dns/account.hpp"
#include "lab/dns/rules.hpp"
#include "lab/dns/server.hpp"
#include "lab/dns/zone.hpp"

namespace withstand::lab::dns {

/// The resolvers of all nodes of a lab, each at its node's own 127.0.0.1, answered from the orchestrator's event loop.
class Resolver final : public core::Names {
 public:
  /// `sockets[id]` for node id, made in the node. `topology` must outlive it.
  Resolver(core::EventLoop& loop, const core::Topology& topology, std::vector<Sockets> sockets);
  ~Resolver() override;
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// A node's resolver listens on these from now on; its faults go on.
  void replace(core::NodeId node, Sockets sockets);

  Handle add(const core::NameFault& fault, const std::vector<core::NodeId>& nodes) override;
  void remove(Handle handle) override;
  [[nodiscard]] std::vector<core::NameEffect> effect(Handle handle) override;

 private:
  struct Waiting {
    Account::Ticket ticket;
    Bytes reply;
    Send send;
    core::EventLoop::Registration timer;
  };
  [[nodiscard]] std::unique_ptr<Server> serve(core::NodeId node, Sockets sockets);
  void on_message(core::NodeId node, ByteView message, bool over_tcp, const Send& send);
  void send_later(std::chrono::nanoseconds delay, Waiting waiting);
  void send_now(const Waiting& waiting);

  core::EventLoop& loop_;
  Zone zone_;
  Rules rules_;
  Account account_;
  Handle next_handle_ = 1;
  std::map<Handle, std::map<core::NodeId, std::uint64_t>> unread_before_;
  std::uint64_t next_waiting_ = 0;
  std::map<std::uint64_t, Waiting> waiting_;
  std::vector<std::unique_ptr<Server>> servers_;
};

}  // namespace withstand::lab::dns
