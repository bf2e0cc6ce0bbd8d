#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/topology.hpp"
#include "lab/dns/message.hpp"

namespace withstand::lab::dns {

/// What names there are in a lab, and what the right answer to a question is: every node's name (A, AAAA), their
/// addresses (PTR), localhost, and the root. Immutable.
class Zone {
 public:
  /// Without `ipv6`, names have no AAAA records.
  Zone(const core::Topology& topology, bool ipv6);

  [[nodiscard]] Reply answer(const Question& question) const;
  /// As if the name had these addresses; an empty one: none of its family.
  [[nodiscard]] Reply with_addresses(const Question& question, const std::string& address,
                                     const std::string& address6) const;
  /// As if the name's node had moved away and this were its old address: in the lab's prefixes, the same for a name at
  /// every time, and nobody's.
  [[nodiscard]] Reply stale(const Question& question) const;

 private:
  struct Addresses {
    std::string v4, v6;
  };
  bool ipv6_;
  std::map<std::string, Addresses, std::less<>> names_;
  std::map<std::string, std::string, std::less<>> reverse_;  ///< "1.0.18.198.in-addr.arpa": "n1"
};

/// "1.0.18.198.in-addr.arpa", or below ip6.arpa. Throws std::invalid_argument when it is no address.
std::string reverse_name(const std::string& address);

}  // namespace withstand::lab::dns
