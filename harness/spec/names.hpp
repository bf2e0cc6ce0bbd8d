#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "spec/result.hpp"
#include "spec/target.hpp"

/// How nodes are called, and what a selector can name. One place for parser, schedule and lab. Pure, thread-safe.
namespace withstand::spec {

struct NodeName {
  std::string name;
  std::string kind;
  std::int64_t index = 1;  ///< within its kind, from 1
  auto operator<=>(const NodeName&) const = default;
};

/// How many nodes of a kind there are: `counts` if it says so, else the kind's default.
std::int64_t count_of(const NodeKind& kind, const std::map<std::string, std::int64_t>& counts);

/// Every node of the target, kinds in file order: n1, n2, ... when it has one kind, else KIND-1, KIND-2, ...
std::vector<NodeName> node_names(const Target& target, const std::map<std::string, std::int64_t>& counts);

/// "client" when there is one, else client-1, client-2, ...
std::vector<std::string> client_names(std::int64_t clients);

/// The names that differ from `text` in nothing but the number at their end, as a list: of "n9", "n1, n2, n3". Empty
/// when there are not several.
std::string same_but_for_number(std::string_view text, const std::vector<std::string>& names);

/// A selector taken apart.
struct SelectorParts {
  enum class Pick { node, all, any, minority, majority, role };
  Pick pick = Pick::node;
  std::string node;  ///< Pick::node
  std::string kind;  ///< the group it picks from: a kind, "client", or empty for every node of the target
  std::string role;  ///< Pick::role
};

/// "n1" · "redis" · "redis:primary" · "redis:majority" · "all" · "any" · "minority" · "majority" · "client" ·
/// "client-2". The complaint names the nearest thing there is.
Result<SelectorParts> parse_selector(std::string_view text, const Target& target,
                                     const std::map<std::string, std::int64_t>& counts, std::int64_t clients);

/// Whether a text could be a selector of some target: one name, or two with a colon between them.
bool may_be_selector(std::string_view text);

/// The largest number of nodes that is less than half of `nodes`; 0 for 0, 1 and 2.
constexpr std::int64_t minority_of(std::int64_t nodes) { return nodes > 0 ? (nodes - 1) / 2 : 0; }
/// The smallest number that is more than half.
constexpr std::int64_t majority_of(std::int64_t nodes) { return nodes > 0 ? nodes / 2 + 1 : 0; }

}  // namespace withstand::spec
