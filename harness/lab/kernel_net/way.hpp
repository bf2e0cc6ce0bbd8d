#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/event_loop.hpp"
#include "core/links.hpp"
#include "lab/kernel_net/detour.hpp"
#include "lab/kernel_net/witness.hpp"

namespace withstand::lab::kernel {

/// The filters that pick the packets of a link which match, IPv4 and IPv6.
std::vector<os::FlowerFilter> filters_of(const std::vector<AddressPair>& ends, const core::Match& match);

/// The mean of what latencies and reordering ask of a packet, in nanoseconds.
double mean_delay_ns(const std::vector<const core::Impairment*>& asked);

/// One directed link between attached interfaces, with whatever impairs it now and did before.
class Way {
 public:
  using Handle = core::Links::Handle;
  struct Asked {
    Handle handle = 0;
    std::shared_ptr<const core::Impairment> impairment;
  };

  /// `ordinal` distinguishes it from the other links that arrive at the same interface.
  Way(core::EventLoop& loop, core::Link link, std::string name, AttachedInterface& at, std::vector<AddressPair> ends,
      std::uint32_t ordinal)
      : loop_(loop), link_(link), name_(std::move(name)), at_(at), ends_(std::move(ends)), ordinal_(ordinal) {}

  /// Whether a link between so many addresses can be told from others.
  [[nodiscard]] static bool fits(const std::vector<AddressPair>& ends);

  /// Refuses (core::CannotAim) what the kernel cannot do together with what there is; then nothing has changed.
  void add(const Asked& asked);
  /// Without an effect when it is not there.
  void remove(Handle handle);
  [[nodiscard]] core::LinkEffect effect(Handle handle, const core::Impairment& impairment);
  [[nodiscard]] const core::Link& link() const { return link_; }
  [[nodiscard]] AttachedInterface& arriving() { return at_; }

 private:
  /// Queues that were in use for a time, and for whom.
  struct Era {
    std::vector<Asked> asked;  ///< in the order of their kinds, as the tree's indexes mean them
    std::unique_ptr<Detour> detour;
    std::unique_ptr<Witness> witness;
    core::Instant begun{}, ended{}, drained{};  ///< zero while it goes on; while packets of it may wait
  };
  void go_over_to(std::vector<Asked> asked);
  std::unique_ptr<Era> prepare(std::vector<Asked> asked);
  void end(Era& era);
  void close_drained();
  std::shared_ptr<Delays> delays_of(Handle handle);
  void add_counts(const Era& era, std::size_t place, core::LinkEffect& effect) const;

  core::EventLoop& loop_;
  core::Link link_;
  std::string name_;
  AttachedInterface& at_;
  std::vector<AddressPair> ends_;
  std::uint32_t ordinal_;
  std::vector<std::unique_ptr<Era>> eras_;  ///< the last may be going on
  std::vector<std::pair<Handle, std::shared_ptr<Delays>>> delays_;
};

}  // namespace withstand::lab::kernel
