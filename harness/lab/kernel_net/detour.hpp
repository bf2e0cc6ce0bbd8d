#pragma once

#include <cstdint>
#include <vector>

#include "lab/kernel_net/attached_interface.hpp"
#include "lab/kernel_net/link_tree.hpp"

namespace withstand::lab::kernel {

/// What the kernel counted on a detour, in packets on the wire.
struct DetourCounters {
  std::uint64_t taken = 0;  ///< handed over by the filters
  struct Stage {
    std::uint64_t lost = 0;     ///< by this queue alone
    std::uint64_t waiting = 0;  ///< in this queue alone
    std::uint64_t ahead = 0;    ///< sent ahead of others
    std::uint64_t bytes = 0;    ///< that left it
    std::uint64_t packets = 0;
    std::uint64_t throttled = 0;  ///< a rate: how often it had to wait
  };
  std::vector<Stage> stages;    ///< as in the tree; its rates are the last
  std::uint64_t delivered = 0;  ///< given back to the interface they came from
  [[nodiscard]] std::uint64_t waiting() const;
};

/// One link's packets on their way through queues of ours: an interface of kind ifb with the tree on it, and filters on
/// the interface where the packets arrive that hand them over. What leaves the tree goes on as if it had just arrived.
class Detour {
 public:
  /// Builds the tree and reads it back; no packet is diverted yet. Throws std::runtime_error naming what the kernel
  /// refused or did not keep. `filters`: without redirect_to and owner. `handle`: the first of `filters.size()`.
  Detour(AttachedInterface& at, LinkTree tree, std::vector<os::FlowerFilter> filters, std::uint16_t priority,
         std::uint32_t handle);
  ~Detour();  ///< packets in it are lost
  Detour(const Detour&) = delete;
  Detour& operator=(const Detour&) = delete;

  [[nodiscard]] const LinkTree& tree() const { return tree_; }
  [[nodiscard]] std::uint16_t priority() const { return priority_; }
  [[nodiscard]] int interface() const { return interface_; }
  /// Whether the kernel took the seeds: Linux 6.6 and later do.
  [[nodiscard]] bool seeded() const { return seeded_; }

  /// From now on packets take it. Another detour of the same link with a higher priority number gets none any more.
  void divert();
  /// From now on none does; what is in it leaves at its time.
  void release();
  [[nodiscard]] DetourCounters counters();
  /// Takes the interface away; counters stay as they were.
  void close();
  [[nodiscard]] bool closed() const { return interface_ == 0; }

 private:
  void build();
  void read_back();
  [[nodiscard]] std::uint64_t taken();
  [[nodiscard]] std::vector<os::SeenFilter> own_filters();

  AttachedInterface& at_;
  LinkTree tree_;
  std::vector<os::FlowerFilter> filters_;
  std::uint16_t priority_;
  std::uint32_t handle_;
  int interface_ = 0;
  bool diverts_ = false, seeded_ = true;
  std::uint64_t taken_ = 0;
  DetourCounters last_;
};

}  // namespace withstand::lab::kernel
