#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/event_loop.hpp"
#include "core/names.hpp"
#include "lab/dns/message.hpp"
#include "lab/dns/zone.hpp"

namespace withstand::lab::dns {

/// What faults did, as seen at the sockets. It hears of every query that is read and of every byte that is written, and
/// of no decision: what the seed decides it works out again, with ordinals of its own, and what an answer says it reads
/// from the answer.
class Account {
 public:
  using Handle = core::Names::Handle;

  Account(const core::Topology& topology, const Zone& zone) : topology_(topology), zone_(zone) {}
  void add(Handle handle, const core::NameFault& fault, const std::vector<core::NodeId>& nodes);
  /// Queries that are read from now on are none of its business; the effect stays.
  void remove(Handle handle) { entries_.at(handle).active = false; }

  /// One query until it is answered or not.
  struct Ticket {
    core::NodeId node = 0;
    std::uint16_t id = 0;
    Question question;
    bool over_tcp = false;
    core::Instant read{};
    struct Match {
      Handle handle = 0;
      bool struck = false;
    };
    std::vector<Match> matches;  ///< faults that concern it, as they were injected
  };
  [[nodiscard]] Ticket read(core::NodeId node, const Query& query, bool over_tcp, core::Instant when);
  void written(const Ticket& ticket, ByteView reply, core::Instant when);
  /// Nothing was written, nor will be.
  void unanswered(const Ticket& ticket);

  [[nodiscard]] std::vector<core::NameEffect> effect(Handle handle) const;

 private:
  using Key = std::pair<std::string, std::uint16_t>;
  struct PerNode {
    core::NameEffect effect;
    std::map<Key, std::uint64_t> asked;
    std::set<Key> truncated;  ///< what was struck over UDP
    std::set<std::string> others;
    double delay_sum = 0, asked_delay_sum = 0;
  };
  struct Entry {
    core::NameFault fault;
    bool active = true;
    std::map<core::NodeId, PerNode> nodes;
  };
  struct Outcome {
    bool written = false;
    bool fits = false;  ///< what was written, or that nothing was, is as the seed decides
    const core::NameFault* decided = nullptr;
    std::optional<core::Instant> when;
    std::chrono::nanoseconds asked_delay{};
    std::string what;
  };
  [[nodiscard]] const core::NameFault* decided(const Ticket& ticket) const;
  [[nodiscard]] std::chrono::nanoseconds asked_delay(const Ticket& ticket) const;
  void settle(const Ticket& ticket, const Outcome& outcome);
  void settle_struck(const Ticket& ticket, const core::NameFault& fault, PerNode& here, const Outcome& outcome);
  void settle_slow(const Ticket& ticket, PerNode& here, const Outcome& outcome);
  static void stray(PerNode& here, const Ticket& ticket, const Outcome& outcome);

  const core::Topology& topology_;
  const Zone& zone_;
  std::map<Handle, Entry> entries_;
};

/// "NXDOMAIN", "NOERROR 198.18.0.2", "NOERROR, truncated": for people.
std::string describe(const Reply& reply);

}  // namespace withstand::lab::dns
