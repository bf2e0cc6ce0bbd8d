#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/event_loop.hpp"
#include "lab/kernel_net/attached_interface.hpp"
#include "lab/link/delay_histogram.hpp"
#include "os/fd.hpp"

namespace withstand::lab::kernel {

/// What was seen of packets on one link while an impairment lasted.
struct Delays {
  link::DelayHistogram seen;
  double requested_ns = 0;      ///< sum over those seen of what was asked for them in the mean
  std::uint64_t reordered = 0;  ///< of those seen: behind one that was sent after them
};

/// Addresses of the two ends of a link, of one family.
struct AddressPair {
  Address source, destination;
};

/// Measures from outside how long packets take on a detour: packet sockets (packet(7)) hear each where it arrives and
/// again behind our queues, with the kernel's time stamps. What it does not hear in time it leaves out: it is a sample.
/// A super-packet of segmentation offload is measured by its first segment.
class Witness {
 public:
  struct Request {
    double mean_ns = 0;
    bool queues = false;  ///< a rate makes packets wait too: nothing is too late
  };
  Witness(core::EventLoop& loop, const AttachedInterface& at, int behind, std::vector<AddressPair> ends,
          std::vector<std::shared_ptr<Delays>> into, Request request);
  ~Witness();
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  /// Takes what has been heard by now.
  void listen();

 private:
  struct Heard {
    std::int64_t when = 0;
    std::uint64_t order = 0;
  };
  struct Packet {
    std::uint64_t key = 0;
    std::int64_t when = 0;
  };
  bool next(const os::Fd& socket, Packet& packet);
  void hear_arriving();
  void match(const Packet& packet);

  std::vector<AddressPair> ends_;
  std::vector<std::shared_ptr<Delays>> into_;
  Request request_;
  os::Fd arriving_, leaving_;
  std::unordered_map<std::uint64_t, Heard> under_way_;
  std::uint64_t heard_ = 0, matched_ = 0, latest_ = 0;
  core::EventLoop::Registration on_arriving_, on_leaving_;
};

/// What tells a packet from others, from its IP header on; nothing when it is none of the pairs' or too short.
std::optional<std::uint64_t> packet_key(std::span<const std::uint8_t> packet, const std::vector<AddressPair>& ends);

}  // namespace withstand::lab::kernel
