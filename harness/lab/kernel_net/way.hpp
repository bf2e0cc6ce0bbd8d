#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/event_loop.hpp"
#include "core/links.hpp"
#include "lab/kernel_net/detour.hpp"
#include "lab/kernel_net/packet_rules.hpp"
#include "lab/kernel_net/witness.hpp"

namespace withstand::lab::kernel {

/// The filters that pick the packets of a link which match, IPv4 and IPv6.
std::vector<os::FlowerFilter> filters_of(const std::vector<AddressPair>& ends, const core::Match& match);

/// What rules do when they are asked for this, on no link yet: of impairments, what nftables can do by itself.
RuleTask task_of(const core::Impairment& asked);
RuleTask task_of(const core::StreamSettings& refusal);

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

  /// The rules of the network that the link arrives in, which are only there when they are asked for.
  using Rules = std::function<PacketRules&()>;

  /// `ordinal` distinguishes it from the other links of the run.
  Way(core::EventLoop& loop, core::Link link, std::string name, AttachedInterface& at, std::vector<AddressPair> ends,
      std::uint32_t ordinal, Rules rules)
      : loop_(loop),
        link_(link),
        name_(std::move(name)),
        at_(at),
        ends_(std::move(ends)),
        ordinal_(ordinal),
        rules_(std::move(rules)) {}

  /// Whether a link between so many addresses can be told from others.
  [[nodiscard]] static bool fits(const std::vector<AddressPair>& ends);

  /// Refuses (core::CannotAim) what the kernel cannot do together with what there is; then nothing has changed.
  void add(const Asked& asked);
  /// Without an effect when it is not there.
  void remove(Handle handle);
  [[nodiscard]] core::LinkEffect effect(Handle handle, const core::Impairment& impairment);
  [[nodiscard]] const core::Link& link() const { return link_; }
  [[nodiscard]] AttachedInterface& arriving() { return at_; }

  /// Turns away connections that are opened over the link, to the settings' port or any.
  void add_refusal(Handle handle, const core::StreamSettings& settings);
  void remove_refusal(Handle handle);
  [[nodiscard]] core::StreamEffect refusal(Handle handle);

 private:
  /// Queues for one class of packets.
  struct Branch {
    std::vector<std::size_t> asked;  ///< places in the era's, as the tree's indexes mean them
    std::unique_ptr<Detour> detour;
    std::unique_ptr<Witness> witness;
  };
  /// What was in use for a time, and for whom.
  struct Era {
    std::vector<Asked> asked;  ///< in the order of their kinds
    std::vector<Branch> branches;
    core::Instant begun{}, ended{}, drained{};  ///< zero while it goes on; while packets of it may wait
    bool second_turn = false;
  };
  [[nodiscard]] Era* going_on();
  void go_over_to(std::vector<Asked> asked);
  std::unique_ptr<Era> prepare(std::vector<Asked> asked);
  void add_branches(Era& era);
  /// For those asked that have none yet.
  void add_rules(const std::vector<Asked>& asked);
  void remove_rules_but_of(const std::vector<Asked>& asked);
  void end(Era& era);
  void close_drained();
  std::shared_ptr<Delays> delays_of(Handle handle);
  void add_rule_counts(Handle handle, core::LinkEffect& effect) const;
  static void add_counts(const Era& era, const Branch& branch, std::size_t place, core::LinkEffect& effect);
  [[nodiscard]] std::string next_id();

  core::EventLoop& loop_;
  core::Link link_;
  std::string name_;
  AttachedInterface& at_;
  std::vector<AddressPair> ends_;
  std::uint32_t ordinal_, last_id_ = 0;
  Rules rules_;
  std::vector<std::unique_ptr<Era>> eras_;  ///< the last may be going on
  std::vector<std::pair<Handle, std::shared_ptr<Delays>>> delays_;
  struct Ruled {
    Handle handle = 0;
    std::string id;
    bool standing = true, refuses = false;
  };
  std::vector<Ruled> ruled_;
};

}  // namespace withstand::lab::kernel
