#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/names.hpp"
#include "lab/dns/message.hpp"

namespace withstand::lab::dns {

/// What becomes of a query.
struct Decision {
  const core::NameFault* by = nullptr;  ///< whose answer it gets; none: the right one
  std::chrono::nanoseconds delay{};     ///< until it is written
};

/// The faults that are active, and which of them strike a query. It decides and counts what it needs for that; what
/// became of it is the account's to say.
class Rules {
 public:
  explicit Rules(const core::Topology& topology) : topology_(topology) {}
  void add(core::Names::Handle handle, const core::NameFault& fault, const std::vector<core::NodeId>& nodes);
  void remove(core::Names::Handle handle) { rules_.erase(handle); }
  /// The fault it names lives until it is removed.
  [[nodiscard]] Decision decide(core::NodeId node, const Question& question, bool over_tcp);

 private:
  using Key = std::pair<std::string, std::uint16_t>;
  struct Rule {
    core::NameFault fault;
    std::map<core::NodeId, std::map<Key, std::uint64_t>> asked;  ///< of every node it is for
  };
  const core::Topology& topology_;
  std::map<core::Names::Handle, Rule> rules_;  ///< handles grow: in the order in which they were injected
};

}  // namespace withstand::lab::dns
