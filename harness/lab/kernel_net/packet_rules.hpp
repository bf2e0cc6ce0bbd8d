#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/links.hpp"
#include "lab/kernel_net/witness.hpp"
#include "os/network_namespace.hpp"
#include "os/nftables.hpp"

namespace withstand::lab::kernel {

/// What rules do to the packets of one link that match.
struct RuleTask {
  enum class Work {
    mtu,     ///< drop IP packets of more than `number` bytes
    ttl,     ///< take `number` hops, drop what has no more
    loss,    ///< drop by chance, `number` parts per billion
    refuse,  ///< answer the openings of TCP connections (SYN) with a reset, to `match.port` or any
    mute,    ///< the same without an answer
  };
  Work work = Work::mtu;
  std::int64_t number = 0;
  int interface = 0;  ///< where the packets arrive, by its number
  std::vector<AddressPair> ends{};
  core::Match match{};
};

/// What a task's rules counted. What was let through is looked at by rules of their own, behind those that decide.
struct RuleCounters {
  std::uint64_t refused = 0, passed = 0;  ///< packets
  std::uint64_t largest = 0;              ///< mtu: bytes of the largest that was let through
  std::uint64_t least_hops = 0;           ///< ttl: from the time to live of any that was let through
  std::uint64_t attempts = 0;             ///< refuse: connections that were to be opened, by address and ports
  std::uint64_t let_in = 0;               ///< refuse: openings that were let through all the same
  std::uint64_t told = 0;                 ///< refuse: resets that went back
};

/// Rules in one network namespace, in one table of nftables that is ours as a whole and has the run's name in its own.
/// Tables of others are neither read nor touched: packets meet ours where they arrive (prerouting), behind connection
/// tracking and before addresses are translated. Not thread-safe.
class PacketRules {
 public:
  PacketRules(os::NetworkNamespace network, std::string owner);  ///< throws when there is no nftables
  ~PacketRules();                                                ///< the table is gone
  PacketRules(const PacketRules&) = delete;
  PacketRules& operator=(const PacketRules&) = delete;

  /// Makes what all tasks like this one share and what takes long: the table, the rules for each time to live. No
  /// packet meets any of it before a task is added, which does this where it has not been done. Throws as `add` does.
  void make_ready(const RuleTask& task);
  /// `id`: a word, distinct from all that there were. Throws, and then nothing is
  /// changed.
  void add(const std::string& id, const RuleTask& task);
  /// What they counted stays.
  void remove(const std::string& id);
  [[nodiscard]] RuleCounters counters(const std::string& id);

 private:
  struct Standing {
    RuleTask task;
    RuleCounters last;
    bool there = true;
  };
  RuleCounters count(const std::string& id, const RuleTask& task);

  os::NetworkNamespace network_;
  std::string owner_, table_;
  std::unique_ptr<os::Nftables> nftables_;
  std::map<std::string, Standing> standing_;
  bool made_ = false;
  std::set<std::string> hops_;  ///< the chains that take them
};

/// The chain that takes so many hops from a packet, the same for all tasks of a table; that it adds one.
std::string hops_chain(std::int64_t hops);
std::string commands_to_take_hops(const std::string& table, std::int64_t hops);

/// The commands that add a task's chains and sets to a table, and those that take them away; hops are taken by the
/// chain of that name.
std::string commands_to_add(const std::string& table, const std::string& id, const RuleTask& task);
std::string commands_to_remove(const std::string& table, const std::string& id, const RuleTask& task);

/// From how often which time to live was seen before and behind: the least that was taken from any packet. Packets keep
/// their order of size, so the n-th largest behind was the n-th largest before.
std::uint64_t least_taken(const std::map<std::uint64_t, std::uint64_t>& before,
                          const std::map<std::uint64_t, std::uint64_t>& behind);

}  // namespace withstand::lab::kernel
