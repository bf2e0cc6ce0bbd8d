#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/links.hpp"
#include "lab/link/address_table.hpp"
#include "lab/link/capture.hpp"
#include "lab/link/connections.hpp"
#include "lab/link/delay_histogram.hpp"
#include "lab/link/release_queue.hpp"
#include "lab/link/stage.hpp"
#include "lab/link/stream/streams.hpp"
#include "os/fd.hpp"

namespace withstand::lab::link {

/// What one node's TUN device did, as the fabric counted it: to be compared with the kernel's counters.
struct PortCounters {
  std::uint64_t read = 0;     ///< frames
  std::uint64_t written = 0;  ///< frames
};

/// Delays are asked for in milliseconds: more than two too late, or a tenth of a long delay, is not what was asked for.
constexpr std::chrono::nanoseconds promised_lateness(std::chrono::nanoseconds delay) {
  return std::max<std::chrono::nanoseconds>(std::chrono::milliseconds(2), delay / 10);
}

struct ForwarderCounters {
  std::uint64_t unroutable = 0;    ///< frames for nobody here: multicast, addresses outside the lab
  std::uint64_t queue_drops = 0;   ///< packets: a link's queue, or all queues together, were full
  std::uint64_t write_drops = 0;   ///< packets: the receiver's interface was down, or its kernel found them malformed
  std::uint64_t write_losses = 0;  ///< frames: the receiver's kernel had no room, or another reason of its own
  DelayHistogram lateness;         ///< of queued packets: due to written
  std::uint64_t queued = 0;        ///< frames that waited
  std::uint64_t late = 0;          ///< of those, written later than promised
};

/// Moves packets between TUN devices: destination, the link's plan, release queue, write. Single-threaded, never
/// blocks. A link without a plan forwards on the spot, super-packets whole, and takes no time stamp.
class Forwarder : private stream::Exit {
 public:
  using StagedLink = stream::Streams::StagedLink;
  using Stages = std::vector<std::pair<core::Link, std::shared_ptr<Stage>>>;

  Forwarder(const std::vector<NodeAddresses>& addresses, std::vector<os::Fd> tuns);

  /// From now on every packet is taken down, with what is decided on it. The capture must outlive this object, or an
  /// end to it: null.
  void set_capture(Capture* capture);

  /// Forwards what `from` sent until there is no more, or as much as keeps other links' packets from being late.
  void read_burst(core::NodeId from);
  /// Forwards one frame as if it had been read at `read`, which must not fall: for recordings.
  void offer(core::NodeId from, Frame frame, core::Instant read);
  /// Writes packets that are due, as many as keep senders from waiting long.
  void release();
  [[nodiscard]] core::Instant next_due() const {
    return streams_ ? std::min(queue_.next_due(), streams_->next_due()) : queue_.next_due();
  }

  /// Follows TCP connections from now on, so that streams can be impaired. Without, `streams` is null.
  void watch_streams() {
    stream::Exit& own = *this;
    streams_ = std::make_unique<stream::Streams>(own);
  }
  /// Reads HTTP on them, too, so that it can be impaired.
  void watch_http() {
    if (!streams_) watch_streams();
    streams_->listen();
  }
  [[nodiscard]] stream::Streams* streams() { return streams_.get(); }

  /// Adds one stage to each of the links, which have room for it (Fate::most_stages); takes effect between two packets.
  /// What it does by the clock counts from `now`.
  void add(const StageSettings& settings, std::span<const StagedLink> links, const Table& table = {},
           core::Instant now = core::now());
  void remove(std::uint64_t handle);
  /// A node's new device; the old one is closed.
  void replace(core::NodeId node, os::Fd tun) { ports_[node].tun = std::move(tun); }
  void set_carrier(core::NodeId node, bool present) { os::set_carrier(ports_[node].tun, present); }
  /// Every stage of an impairment, ended or not; null for an unknown handle.
  [[nodiscard]] const Stages* stages(std::uint64_t handle) const;
  /// What was removed is no longer told of.
  void forget(std::uint64_t handle);

  [[nodiscard]] std::size_t nodes() const { return ports_.size(); }
  [[nodiscard]] const PortCounters& port(core::NodeId node) const { return ports_[node].counters; }
  [[nodiscard]] const ForwarderCounters& counters() const { return counters_; }

 private:
  struct Port {
    os::Fd tun;
    PortCounters counters;
  };
  struct LinkState {
    bool special = false;  ///< anything below is in use
    bool segments = false, corrupts = false, connections = false;
    std::shared_ptr<const Plan> plan;
    std::vector<std::shared_ptr<Stage>> partitions;  ///< during whose life nothing may be delivered
    /// A new one begins when a stage ends that holds packets in order: what comes then waits for none of them.
    std::uint32_t era = 0;
    std::size_t queued_in_era = 0;
    core::Instant last_due{};                  ///< of what keeps its order
    std::chrono::nanoseconds last_patience{};  ///< of the same packet
    std::size_t queued = 0, queued_bytes = 0, limit = 0;
    std::uint64_t sequence = 0;  ///< packets offered so far
    std::uint64_t highest = 0;   ///< the next packet's sequence, had none overtaken: all before were seen to arrive
  };

  [[nodiscard]] LinkState& state(core::Link link) { return links_[link.from * ports_.size() + link.to]; }
  void forward(core::NodeId from, Frame frame);
  [[nodiscard]] std::optional<core::Link> route(core::NodeId from, FrameView frame);
  void go_on(core::Link link, Frame frame) override;
  void stopped(core::Link link, FrameView frame, const Ruling& why) override;
  void note(const Ruling& ruling) override;
  void impair(core::Link link, Frame frame, core::Instant read);
  void whole(LinkState& link, const PacketFacts& facts, Passage passage, Frame frame);
  void segment(LinkState& link, PacketFacts facts, Passage passage, Frame frame, const SuperPacket& super);
  [[nodiscard]] std::vector<Ruling>* rulings() { return capture_ != nullptr ? &rulings_ : nullptr; }
  void tell(std::span<const Ruling> rulings, std::size_t which);
  void tell(Ruling::What what, std::int64_t amount = 0);
  void damage(const Plan& plan, const Fate& fate, Passage& passage, const PacketHeader* header, Frame frame);
  void let_through(const Fate& fate, Passage passage, const PacketHeader* header, Frame frame);
  void pass_on(Passage passage, std::chrono::nanoseconds loose, FrameView frame);
  void enqueue(const Passage& passage, core::Instant ordered, FrameView frame);
  bool write(core::Link link, FrameView frame);
  void deliver(const Passage& passage, const Plan* plan, FrameView frame);
  void witness(const Passage& passage, const Plan* plan, FrameView frame, core::Instant written);
  void replan(core::Link link, Plan plan);
  [[nodiscard]] bool is_special(const LinkState& link) const;
  static void begin_era(LinkState& link, const Stage& ended, core::Instant now);

  AddressTable addresses_;
  Connections connections_;
  std::unique_ptr<stream::Streams> streams_;
  std::vector<Port> ports_;
  std::vector<LinkState> links_;
  ReleaseQueue queue_;
  std::size_t queued_bytes_ = 0;
  std::map<std::uint64_t, Stages> impairments_;
  ForwarderCounters counters_;
  std::vector<std::byte> read_buffer_, slice_buffer_;
  std::vector<Fate> fates_;
  Capture* capture_ = nullptr;
  std::vector<Ruling> rulings_;  ///< on what is in fates_
  std::vector<Ruling> noted_;    ///< on the frame at hand, before it came to its link
};

}  // namespace withstand::lab::link
