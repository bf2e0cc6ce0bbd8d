#include "lab/kernel_net/packet_rules.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/detour_traces.hpp"

namespace withstand::lab::kernel {
namespace {

using Work = RuleTask::Work;
using Counts = std::map<std::uint64_t, std::uint64_t>;

/// Behind connection tracking (-200) and most that changes packets (-150), before translation (-100).
constexpr int deciding = -140, looking = -130;
constexpr int most_hops = 255;
constexpr std::size_t most_sizes = 65535, most_attempts = 65535;

bool refuses(Work work) { return work == Work::refuse || work == Work::mute; }

std::string text_of(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(address.size() == 4 ? AF_INET : AF_INET6, address.data(), text.data(), text.size());
  return text.data();
}

/// Which packets of a pair, as beginnings of rules: each packet matches at most one.
std::vector<std::string> picks(const RuleTask& task, const AddressPair& pair) {
  const bool v6 = pair.source.size() == 16;
  const char* family = v6 ? "ip6" : "ip";
  std::string pick =
      fmt::format("{0} saddr {1} {0} daddr {2}", family, text_of(pair.source), text_of(pair.destination));
  const core::Match& match = task.match;
  if (refuses(task.work)) {
    pick += " tcp flags & (syn | ack) == syn";
    return {match.port == 0 ? pick : fmt::format("{} tcp dport {}", pick, match.port)};
  }
  if (match.state == core::Match::State::fresh) pick += " tcp flags & (syn | ack) == syn";
  if (match.state == core::Match::State::established) pick += " tcp flags & ack == ack";
  if (match.protocol != 0)
    pick += fmt::format(" meta l4proto {}",
                        match.protocol == IPPROTO_ICMP && v6 ? int{IPPROTO_ICMPV6} : int{match.protocol});
  if (match.port == 0) return {pick};
  if (match.protocol == 0) pick += " meta l4proto { tcp, udp }";
  return {fmt::format("{} th dport {}", pick, match.port),
          fmt::format("{0} th sport {1} th dport != {1}", pick, match.port)};
}

/// What another end answers an opening with.
std::string answer_to(const RuleTask& task, const AddressPair& pair) {
  const std::string port = task.match.port == 0 ? "" : fmt::format(" tcp sport {}", task.match.port);
  return fmt::format("{0} saddr {1} {0} daddr {2} tcp flags & (rst | ack) == rst | ack{3}",
                     pair.source.size() == 16 ? "ip6" : "ip", text_of(pair.destination), text_of(pair.source), port);
}

/// The sets that a task's rules fill, and what is put into them.
struct Seen {
  std::string name, key;
  bool behind = false;  ///< by what looks at what was let through
  bool counts = true;
  std::size_t size = 0;
};
std::vector<Seen> sets_of(Work work) {
  switch (work) {
    case Work::mtu:
      return {{"sizes", "meta length", true, true, most_sizes}};
    case Work::ttl:
      return {{"before4", "ip ttl", false, true, 256},
              {"before6", "ip6 hoplimit", false, true, 256},
              {"behind4", "ip ttl", true, true, 256},
              {"behind6", "ip6 hoplimit", true, true, 256}};
    case Work::refuse:
    case Work::mute:
      return {{"tried4", "ip saddr . tcp sport . tcp dport", false, false, most_attempts},
              {"tried6", "ip6 saddr . tcp sport . tcp dport", false, false, most_attempts}};
    case Work::loss:
      break;
  }
  return {};
}

/// One command after the other.
class Commands {
 public:
  Commands(std::string table, std::string id) : table_(std::move(table)), id_(std::move(id)) {}
  void chain(const std::string& name, const std::string& hook = "", int priority = 0) {
    text_ += fmt::format("add chain inet {} {}_{}", table_, id_, name);
    if (!hook.empty()) text_ += fmt::format(" {{ type filter hook {} priority {} ; policy accept ; }}", hook, priority);
    text_ += '\n';
  }
  void set(const Seen& seen) {
    text_ += fmt::format("add set inet {} {}_{} {{ typeof {} ; flags dynamic ; size {} ; {}}}\n", table_, id_,
                         seen.name, seen.key, seen.size, seen.counts ? "counter ; " : "");
  }
  void rule(const std::string& chain, const std::string& words) {
    text_ += fmt::format("add rule inet {} {}_{} {}\n", table_, id_, chain, words);
  }
  /// Adds what a packet shows to a set.
  void note(const std::string& chain, const Seen& seen) {
    rule(chain, fmt::format("update @{}_{} {{ {} }}", id_, seen.name, seen.key));
  }
  void remove(const std::string& what, const std::string& name) {
    if (what == "chain") text_ += fmt::format("flush chain inet {} {}_{}\n", table_, id_, name);
    text_ += fmt::format("delete {} inet {} {}_{}\n", what, table_, id_, name);
  }
  [[nodiscard]] std::string own(const std::string& name) const { return id_ + "_" + name; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string table_, id_, text_;
};

std::string dropping(const RuleTask& task) {
  switch (task.work) {
    case Work::mtu:
      return fmt::format("meta length > {} counter drop", task.number);
    case Work::loss:
      return fmt::format("numgen random mod 1000000000 < {} counter drop", task.number);
    case Work::refuse:
      return "counter reject with tcp reset";
    case Work::mute:
      return "counter drop";
    case Work::ttl:
      break;
  }
  return "";
}

void decide(Commands& out, const RuleTask& task) {
  const std::string refused = R"( comment "refused")";
  if (task.work == Work::ttl) {
    const auto hops = std::min<std::int64_t>(task.number, most_hops);
    out.rule("do", fmt::format("ip ttl <= {} counter drop", hops) + refused);
    out.rule("do", fmt::format("ip6 hoplimit <= {} counter drop", hops) + refused);
  } else {
    out.rule("do", dropping(task) + refused);
  }
  out.rule("do", R"(counter comment "passed")");
  if (task.work == Work::ttl) out.rule("do", "jump " + hops_chain(task.number));
}

std::uint64_t packets_of(const nlohmann::json& rule) {
  for (const auto& part : rule.at("expr"))
    if (part.contains("counter")) return part.at("counter").value("packets", std::uint64_t{0});
  return 0;
}

/// How many packets the rules of a chain counted, by their comments.
std::map<std::string, std::uint64_t> counted_in(const std::string& answer) {
  std::map<std::string, std::uint64_t> all;
  const auto answered = nlohmann::json::parse(answer);
  for (const auto& each : answered.at("nftables"))
    if (each.contains("rule") && each.at("rule").contains("comment"))
      all[each.at("rule").at("comment").get<std::string>()] += packets_of(each.at("rule"));
  return all;
}

/// What a set holds, and how often it was seen.
struct Content {
  Counts counts;
  std::uint64_t elements = 0;
};
Content content_of(const std::string& answer) {
  Content content;
  const auto answered = nlohmann::json::parse(answer);
  for (const auto& each : answered.at("nftables")) {
    if (!each.contains("set") || !each.at("set").contains("elem")) continue;
    for (const auto& one : each.at("set").at("elem")) {
      ++content.elements;
      if (!one.is_object() || !one.contains("elem")) continue;
      const auto& element = one.at("elem");
      if (element.at("val").is_number())
        content.counts[element.at("val").get<std::uint64_t>()] +=
            element.contains("counter") ? element.at("counter").value("packets", std::uint64_t{0}) : 1;
    }
  }
  return content;
}

}  // namespace

std::string hops_chain(std::int64_t hops) { return fmt::format("hops{}", std::min<std::int64_t>(hops, most_hops)); }

/// nftables cannot subtract: a rule for each time to live, the usual ones first.
std::string commands_to_take_hops(const std::string& table, std::int64_t hops) {
  const std::string chain = fmt::format("inet {} {}", table, hops_chain(hops));
  std::string commands = "add chain " + chain + "\n";
  const auto take = [&](const char* field, std::int64_t from, std::int64_t to) {
    for (std::int64_t ttl = from; ttl >= to; --ttl)
      if (ttl > hops)
        commands += fmt::format("add rule {0} {1} {2} {1} set {3} accept\n", chain, field, ttl, ttl - hops);
  };
  for (const char* field : {"ip ttl", "ip6 hoplimit"}) {
    take(field, 64, 1);
    take(field, most_hops, 65);
  }
  return commands;
}

std::string commands_to_add(const std::string& table, const std::string& id, const RuleTask& task) {
  Commands out(table, id);
  for (const auto& seen : sets_of(task.work)) out.set(seen);
  out.chain("do");
  out.chain("look");
  for (const auto& seen : sets_of(task.work)) out.note(seen.behind ? "look" : "do", seen);
  decide(out, task);
  out.rule("look", R"(counter comment "let in")");
  out.chain("in", "prerouting", deciding);
  out.chain("behind", "prerouting", looking);
  for (const auto& pair : task.ends)
    for (const auto& pick : picks(task, pair)) {
      out.rule("in", fmt::format("meta iif {} {} jump {}", task.interface, pick, out.own("do")));
      out.rule("behind", fmt::format("meta iif {} {} jump {}", task.interface, pick, out.own("look")));
    }
  if (!refuses(task.work)) return out.text();
  out.chain("back", "output", deciding);
  for (const auto& pair : task.ends) out.rule("back", answer_to(task, pair) + R"( counter comment "told")");
  return out.text();
}

std::string commands_to_remove(const std::string& table, const std::string& id, const RuleTask& task) {
  Commands out(table, id);
  std::vector<const char*> chains{"in", "behind", "do", "look"};
  if (refuses(task.work)) chains.push_back("back");
  for (const char* name : chains) out.remove("chain", name);
  for (const auto& seen : sets_of(task.work)) out.remove("set", seen.name);
  return out.text();
}

std::uint64_t least_taken(const Counts& before, const Counts& behind) {
  std::uint64_t least = most_hops;
  auto from = before.rbegin();
  std::uint64_t left = from == before.rend() ? 0 : from->second;
  for (auto to = behind.rbegin(); to != behind.rend(); ++to) {
    for (std::uint64_t wanted = to->second; wanted > 0 && from != before.rend();) {
      if (left == 0) {
        if (++from != before.rend()) left = from->second;
        continue;
      }
      least = std::min(least, from->first - std::min(from->first, to->first));
      const std::uint64_t taken = std::min(wanted, left);
      wanted -= taken;
      left -= taken;
    }
  }
  return least;
}

PacketRules::PacketRules(os::NetworkNamespace network, std::string owner)
    : network_(std::move(network)), owner_(std::move(owner)), table_(core::rules_table(owner_)) {
  network_.visit([&] { nftables_ = std::make_unique<os::Nftables>(); });
  if (nftables_->has_table(table_))
    throw std::runtime_error(
        fmt::format("nftables has a table {} already: undo what is left of it (withstand recover)", table_));
}

PacketRules::~PacketRules() {
  if (!made_) return;
  try {
    nftables_->remove_table(table_);
  } catch (const std::exception&) {  // the undo journal names it
  }
}

void PacketRules::make_ready(const RuleTask& task) {
  std::string commands;
  if (!made_)
    commands = fmt::format("create table inet {} {{ comment \"{}\" ; }}\n", table_, core::detour_alias(owner_));
  const bool takes_hops = task.work == Work::ttl && hops_.count(hops_chain(task.number)) == 0;
  if (takes_hops) commands += commands_to_take_hops(table_, task.number);
  if (commands.empty()) return;
  nftables_->run("make a table", commands);
  made_ = true;
  if (takes_hops) hops_.insert(hops_chain(task.number));
}

void PacketRules::add(const std::string& id, const RuleTask& task) {
  make_ready(task);
  // Names of interfaces are those of the namespace that a process is in; numbers are the same everywhere.
  nftables_->run("add rules", commands_to_add(table_, id, task));
  standing_.emplace(id, Standing{task, {}, true});
}

void PacketRules::remove(const std::string& id) {
  auto& standing = standing_.at(id);
  if (!standing.there) return;
  standing.last = count(id, standing.task);
  nftables_->run("remove rules", commands_to_remove(table_, id, standing.task));
  standing.there = false;
}

RuleCounters PacketRules::counters(const std::string& id) {
  auto& standing = standing_.at(id);
  if (standing.there) standing.last = count(id, standing.task);
  return standing.last;
}

/// What is behind is asked first, so that nothing is there that was not before.
RuleCounters PacketRules::count(const std::string& id, const RuleTask& task) {
  const auto rules = [&](const char* chain) {
    return counted_in(nftables_->ask("read counters", fmt::format("list chain inet {} {}_{}", table_, id, chain)));
  };
  const auto set = [&](const std::string& name) {
    return content_of(nftables_->ask("read what was seen", fmt::format("list set inet {} {}_{}", table_, id, name)));
  };
  RuleCounters out;
  if (task.work == Work::ttl) {
    out.least_hops = most_hops;
    for (const char* family : {"4", "6"}) {
      const auto behind = set(std::string("behind") + family).counts;
      const auto before = set(std::string("before") + family).counts;
      out.least_hops = std::min(out.least_hops, least_taken(before, behind));
    }
  }
  if (task.work == Work::mtu)
    if (const auto sizes = set("sizes").counts; !sizes.empty()) out.largest = sizes.rbegin()->first;
  if (refuses(task.work)) {
    out.told = rules("back")["told"];
    out.let_in = rules("look")["let in"];
    out.attempts = set("tried4").elements + set("tried6").elements;
  }
  auto counted = rules("do");
  out.refused = counted["refused"];
  out.passed = counted["passed"];
  return out;
}

}  // namespace withstand::lab::kernel
