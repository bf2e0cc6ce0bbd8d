#include "spec/names.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "spec/diagnostic.hpp"

namespace withstand::spec {
namespace {

using Counts = std::map<std::string, std::int64_t>;
using Pick = SelectorParts::Pick;

constexpr std::string_view client_kind = "client";

bool has_kind(const Target& target, std::string_view kind) {
  return std::any_of(target.kinds.begin(), target.kinds.end(), [&](const NodeKind& k) { return k.name == kind; });
}

const Pick* group_pick(std::string_view text) {
  static const std::map<std::string, Pick, std::less<>> picks{
      {"all", Pick::all}, {"any", Pick::any}, {"minority", Pick::minority}, {"majority", Pick::majority}};
  const auto found = picks.find(text);
  return found == picks.end() ? nullptr : &found->second;
}

std::vector<std::string> all_names(const Target& target, const Counts& counts, std::int64_t clients) {
  std::vector<std::string> names{"all", "any", "minority", "majority"};
  for (const NodeKind& kind : target.kinds) names.push_back(kind.name);
  for (const auto& [role, spec] : target.roles) names.push_back(spec.of + ":" + role);
  for (const NodeName& node : node_names(target, counts)) names.push_back(node.name);
  for (std::string& client : client_names(clients)) names.push_back(std::move(client));
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  constexpr std::size_t most = 12;
  std::string out;
  for (std::size_t i = 0; i < names.size() && i < most; ++i) out += (i == 0 ? "" : ", ") + names[i];
  return out + (names.size() > most ? ", ..." : "");
}

Complaint unknown(std::string_view text, const std::vector<std::string>& names, const Target& target) {
  if (const auto role = target.roles.find(std::string(text)); role != target.roles.end()) {
    return {fmt::format("'{}' names no node", text),
            fmt::format("a role stands behind its kind: '{}:{}'", role->second.of, text)};
  }
  if (const std::string like = same_but_for_number(text, names); !like.empty())
    return {fmt::format("'{}' names no node", text), "there is: " + like};
  const bool numbered = text.size() > 1 && text.find_first_of("0123456789") != text.npos;
  if (numbered && target.kinds.size() == 1 && text.starts_with(target.kinds.front().name)) {
    if (const std::string nodes = same_but_for_number("n0", names); !nodes.empty())
      return {fmt::format("'{}' names no node", text), "there is: " + nodes};
  }
  const std::string near = nearest(text, names);
  return {fmt::format("'{}' names no node", text),
          near.empty() ? "there is: " + joined(names) : fmt::format("did you mean '{}'?", near)};
}

Result<SelectorParts> parse_pair(std::string_view kind, std::string_view what, const Target& target) {
  if (kind != client_kind && !has_kind(target, kind)) {
    std::vector<std::string> kinds;
    kinds.reserve(target.kinds.size());
    for (const NodeKind& k : target.kinds) kinds.push_back(k.name);
    const std::string near = nearest(kind, kinds);
    return Complaint{fmt::format("'{}' names no kind of node", kind),
                     near.empty() ? "kinds: " + joined(kinds) : fmt::format("did you mean '{}:{}'?", near, what)};
  }
  if (const Pick* pick = group_pick(what)) return SelectorParts{*pick, "", std::string(kind), ""};
  const auto role = target.roles.find(std::string(what));
  if (role != target.roles.end() && role->second.of == kind) {
    return SelectorParts{Pick::role, "", std::string(kind), std::string(what)};
  }
  std::vector<std::string> choices{"all", "any", "minority", "majority"};
  for (const auto& [name, spec] : target.roles) {
    if (spec.of == kind) choices.push_back(name);
  }
  const std::string near = nearest(what, choices);
  return Complaint{fmt::format("'{}' has no role '{}'", kind, what),
                   near.empty() ? fmt::format("behind '{}:' stands one of: {}", kind, joined(choices))
                                : fmt::format("did you mean '{}:{}'?", kind, near)};
}

}  // namespace

std::string same_but_for_number(std::string_view text, const std::vector<std::string>& names) {
  const auto stem_of = [](std::string_view name) { return name.substr(0, name.find_last_not_of("0123456789") + 1); };
  const std::string_view stem = stem_of(text);
  if (stem.empty() || stem == text) return "";
  std::vector<std::string> like;
  for (const std::string& name : names)
    if (name != stem && stem_of(name) == stem) like.push_back(name);
  constexpr std::size_t most = 12;
  if (like.size() < 2) return "";
  return like.size() > most ? fmt::format("{} to {}", like.front(), like.back()) : joined(like);
}

bool may_be_selector(std::string_view text) {
  const auto is_name = [](std::string_view part) {
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    return !part.empty() && part.find_first_not_of(allowed) == part.npos;
  };
  const std::size_t colon = text.find(':');
  if (colon == text.npos) return is_name(text);
  return is_name(text.substr(0, colon)) && is_name(text.substr(colon + 1));
}

std::int64_t count_of(const NodeKind& kind, const Counts& counts) {
  const auto given = counts.find(kind.name);
  return given == counts.end() ? kind.count : given->second;
}

std::vector<NodeName> node_names(const Target& target, const Counts& counts) {
  std::vector<NodeName> names;
  for (const AttachedNode& node : target.attached)
    names.push_back({node.name, target.kinds.front().name, static_cast<std::int64_t>(names.size()) + 1});
  if (!names.empty()) return names;
  const bool one_kind = target.kinds.size() == 1;
  for (const NodeKind& kind : target.kinds) {
    for (std::int64_t i = 1; i <= count_of(kind, counts); ++i) {
      names.push_back({one_kind ? fmt::format("n{}", i) : fmt::format("{}-{}", kind.name, i), kind.name, i});
    }
  }
  return names;
}

std::vector<std::string> client_names(std::int64_t clients) {
  if (clients == 1) return {std::string(client_kind)};
  std::vector<std::string> names;
  for (std::int64_t i = 1; i <= clients; ++i) names.push_back(fmt::format("{}-{}", client_kind, i));
  return names;
}

Result<SelectorParts> parse_selector(std::string_view text, const Target& target, const Counts& counts,
                                     std::int64_t clients) {
  if (const std::size_t colon = text.find(':'); colon != text.npos) {
    return parse_pair(text.substr(0, colon), text.substr(colon + 1), target);
  }
  if (const Pick* pick = group_pick(text)) return SelectorParts{*pick, "", "", ""};
  if (has_kind(target, text)) return SelectorParts{Pick::all, "", std::string(text), ""};
  for (const NodeName& node : node_names(target, counts)) {
    if (node.name == text) return SelectorParts{Pick::node, node.name, node.kind, ""};
  }
  for (const std::string& client : client_names(clients)) {
    if (client == text) return SelectorParts{Pick::node, client, std::string(client_kind), ""};
  }
  if (text == client_kind && clients > 1) return SelectorParts{Pick::all, "", std::string(client_kind), ""};
  return unknown(text, all_names(target, counts, clients), target);
}

}  // namespace withstand::spec
