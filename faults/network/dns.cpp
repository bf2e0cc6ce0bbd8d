#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cctype>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/parameters.hpp"
#include "network/link_fault.hpp"
#include "network/name_evidence.hpp"
#include "network/network_faults.hpp"

namespace withstand::faults {
namespace {

using core::NameAnswer;
using core::NameFault;
using spec::ValueType;
using Objections = std::vector<spec::KindTable::Objection>;

const spec::TextList answers{"timeout", "truncated", "refused", "servfail", "nxdomain",
                             "empty",   "stale",     "wrong",   "slow"};
const spec::TextList types{"any", "a",   "aaaa", "cname", "https", "mx", "naptr",
                           "ns",  "ptr", "soa",  "srv",   "svcb",  "txt"};

std::vector<spec::Parameter> dns_parameters() {
  spec::Parameter answer =
      core::described("answer", ValueType::choice, "What a query gets instead of the right answer.");
  answer.choices = answers;
  answer.required = true;
  spec::Parameter names =
      core::described("names", ValueType::text_list,
                      R"(Only queries for names like these: ["n2", "redis-*"]. Default: for every name.)");
  spec::Parameter type = core::described("type", ValueType::choice, "Only queries for records of this type.");
  type.choices = types;
  type.fallback = std::string("any");
  type.default_matters = core::nowhere;
  spec::Parameter share = core::described("share", ValueType::ratio, "Share of the queries that it strikes.");
  share.minimum = spec::Ratio{1};
  share.maximum = spec::Ratio{1'000'000'000};
  share.fallback = spec::Ratio{1'000'000'000};
  share.default_matters = core::nowhere;
  spec::Parameter delay =
      core::described("delay", ValueType::duration, "With answer = \"slow\": how much later it comes.");
  delay.minimum = std::chrono::nanoseconds(std::chrono::milliseconds(1));
  delay.maximum = std::chrono::nanoseconds(std::chrono::minutes(10));
  spec::Parameter tcp =
      core::described("tcp", ValueType::boolean, "With answer = \"truncated\": whether the resolver answers over TCP.");
  tcp.fallback = true;
  tcp.default_matters = core::where("answer", {"truncated"});
  return {answer,
          names,
          type,
          share,
          core::described("address", ValueType::text, "With answer = \"wrong\": this address, IPv4 or IPv6."),
          core::described("node", ValueType::text, "With answer = \"wrong\": the addresses of this node."),
          delay,
          tcp};
}

spec::KindSchema dns_schema() {
  spec::KindSchema schema;
  schema.kind = "network.dns";
  schema.summary = "The resolver of nodes gives wrong answers, late ones or none.";
  schema.targeting = spec::Targeting::nodes;
  schema.parameters = dns_parameters();
  return schema;
}

core::Documentation dns_documentation() {
  return link_documentation(
      "Every node has a resolver of its own, which knows the names of all nodes and no others; /etc/resolv.conf names "
      "it. In an experiment with this fault /etc/hosts holds localhost only, so that every look-up of a program is a "
      "query (elsewhere it has all names). It answers over loopback: faults on links do not concern it. Answers may be "
      "kept for 5 s.\n\n"
      "'on' says whose resolver it is: what these nodes ask, about whatever name. timeout is no answer, over UDP and "
      "TCP; refused, servfail and nxdomain (no such name) are the codes of that name; empty says that the name has no "
      "record of the type that was asked for. wrong gives another node's addresses or an address of your choice (and "
      "none of the other family). stale gives an address of the lab's network at which nobody is, as if the node had "
      "moved there from: packets to it vanish. The addresses of a lab's nodes do not change, so it is never one at "
      "which the node really was. truncated answers UDP with nothing but the mark to ask again over TCP; with tcp = "
      "false nothing is answered there. slow is the right answer, later.\n\n"
      "Which queries a share strikes is a hash of the seed, the fault's name, the node, the name and type asked for, "
      "and how often the node has asked for these while the fault lasts. A program that asks again because it got no "
      "answer makes another query.\n\n"
      "Several of these faults may strike one query: then the first of timeout, truncated, refused, servfail, "
      "nxdomain, "
      "empty, stale, wrong decides, among equals the one that was injected first, and slowness is added. What a "
      "program "
      "learnt and keeps, the resolver cannot take back: many programs look a name up once, when they start.",
      "Queries as read from the node's socket and answers as written to it, decoded again, per node; which were "
      "struck, "
      "decided again from the seed. With slow also the time between the two. A query that nobody asks proves nothing: "
      "that is no effect.",
      R"([[fault]]
name   = "no-names"
kind   = "network.dns"
on     = "any"
answer = "servfail"
names  = ["n*"]
share  = "50%"
at     = "5s"
for    = "10s"
)");
}

/// As everybody writes it, so that it compares with what is read back; empty when it is none of this family.
std::string address_of(int family, const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> parsed{};
  std::array<char, INET6_ADDRSTRLEN> plain{};
  if (::inet_pton(family, text.c_str(), parsed.data()) != 1) return {};
  ::inet_ntop(family, parsed.data(), plain.data(), plain.size());
  return plain.data();
}

std::string pattern_of(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  if (text.size() > 1 && text.back() == '.') text.pop_back();
  return text;
}

/// Of what somebody wrote who thought of a URL: "http://me@n2:80/x" is about n2.
std::string host_in(std::string text) {
  if (const auto scheme = text.find("://"); scheme != std::string::npos) text.erase(0, scheme + 3);
  text.resize(std::min(text.find('/'), text.size()));
  if (const auto user = text.rfind('@'); user != std::string::npos) text.erase(0, user + 1);
  text.resize(std::min(text.find_first_of(": \t"), text.size()));
  return text.empty() ? "n2" : text;
}

NameFault asked_of(const core::Context& context) {
  const spec::FaultSpec& fault = context.fault;
  NameFault asked;
  const auto answer = std::find(answers.begin(), answers.end(), core::parameter_or<std::string>(fault, "answer", ""));
  asked.answer = static_cast<NameAnswer>(answer - answers.begin());
  asked.fault = fault.name;
  asked.seed = context.seed;
  for (const auto& name : core::parameter_or<spec::TextList>(fault, "names", {"*"}))
    asked.names.push_back(pattern_of(name));
  asked.type = core::record_type(core::parameter_or<std::string>(fault, "type", "any"));
  asked.share_ppb = core::parameter_or(fault, "share", spec::Ratio{1'000'000'000}).ppb;
  asked.delay = core::parameter_or(fault, "delay", std::chrono::nanoseconds(0));
  asked.answer_over_tcp = core::parameter_or(fault, "tcp", true);
  if (const auto node = core::parameter<std::string>(fault, "node")) {
    const auto* named = context.lab.topology().find(*node);
    if (named == nullptr) throw core::CannotAim(fmt::format("there is no node '{}'", *node), "node");
    asked.address = named->address;
    asked.address6 = named->address6;
  }
  if (const auto address = core::parameter<std::string>(fault, "address")) {
    asked.address = address_of(AF_INET, *address);
    asked.address6 = address_of(AF_INET6, *address);
  }
  return asked;
}

/// One injection: the resolvers of its nodes are told, and told again when it ends.
class NamesInjection : public core::Injection {
 public:
  explicit NamesInjection(const core::Context& context)
      : lab_(context.lab), asked_(asked_of(context)), handle_(lab_.names().add(asked_, context.aim.on)) {}
  [[nodiscard]] core::Evidence observe() override {
    return name_evidence(asked_, lab_.names().effect(handle_), lab_.topology());
  }
  void revert() override {
    if (reverted_) return;
    lab_.names().remove(handle_);
    reverted_ = true;
  }

 private:
  core::Lab& lab_;
  NameFault asked_;
  core::Names::Handle handle_;
  bool reverted_ = false;
};

/// Parameters that belong to one answer, given with another or missing with theirs.
Objections answer_objections(const spec::FaultSpec& fault) {
  const auto answer = core::parameter_or<std::string>(fault, "answer", "");
  Objections wrong;
  for (const auto& [key, owner] :
       {std::pair("address", "wrong"), {"node", "wrong"}, {"delay", "slow"}, {"tcp", "truncated"}})
    if (fault.given.contains(key) && answer != owner)
      wrong.push_back({key,
                       {fmt::format("'{}' says nothing of answer = \"{}\"", key, answer),
                        fmt::format("leave it out, or say answer = \"{}\"", owner)}});
  const bool address = fault.parameters.contains("address"), node = fault.parameters.contains("node");
  if (answer == "wrong" && address == node)
    wrong.push_back({node ? "node" : "answer",
                     {node ? "says in two ways which address is given" : "does not say which address is given",
                      R"(say one of: node = "n2", or address = "198.18.0.9")"}});
  if (answer == "slow" && !fault.parameters.contains("delay"))
    wrong.push_back({"answer", {"does not say how slow", R"(add delay = "2s")"}});
  return wrong;
}

std::string names_of(const core::Topology& topology) {
  std::vector<std::string> names;
  for (const auto& each : topology.nodes()) names.push_back(each.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

class Dns : public core::DescribedFault {
 public:
  Dns() : DescribedFault(dns_schema(), dns_documentation()) {}

  [[nodiscard]] Objections objections_when_attached(const spec::FaultSpec&) const override {
    return {{"answer",
             {"attached nodes ask resolvers of their own, which are not the harness's",
              "cut their way to it: network.loss with loss = \"100%\", protocol = \"udp\" and port = 53, or let the "
              "harness launch the target (command = [...])"}}};
  }

  [[nodiscard]] Objections objections(const spec::FaultSpec& fault) const override {
    Objections wrong = answer_objections(fault);
    if (const auto address = core::parameter<std::string>(fault, "address");
        address && address_of(AF_INET, *address).empty() && address_of(AF_INET6, *address).empty())
      wrong.push_back({"address", {fmt::format("'{}' is no address", *address), "write e.g. \"198.18.0.9\""}});
    if (const auto names = core::parameter<spec::TextList>(fault, "names");
        names && (names->empty() || std::find(names->begin(), names->end(), "") != names->end()))
      wrong.push_back({"names",
                       {names->empty() ? "names nothing" : "a name is empty",
                        R"(write e.g. names = ["n2", "*.example"], or leave it out)"}});
    for (const auto& name : core::parameter_or<spec::TextList>(fault, "names", {}))
      if (name.find_first_of("/: \t@") != std::string::npos)
        wrong.push_back({"names",
                         {fmt::format("'{}' is no name that is looked up", name),
                          "say the host's name alone, without scheme, port and path: \"" + host_in(name) + "\""}});
    const auto answer = core::parameter_or<std::string>(fault, "answer", "");
    const auto type = core::parameter_or<std::string>(fault, "type", "any");
    if ((answer == "wrong" || answer == "stale") && type != "any" && type != "a" && type != "aaaa")
      wrong.push_back({"type",
                       {fmt::format("records of type {} hold no address that could be {}", type, answer),
                        "say \"a\" or \"aaaa\", or leave it out"}});
    return wrong;
  }

  [[nodiscard]] std::vector<core::Claim> claims(const spec::FaultSpec&, const core::Topology& topology) const override {
    core::Claim claim;
    claim.medium = core::Claim::Medium::names;
    for (const auto& node : topology.nodes()) claim.nodes.push_back(node.id);
    return {claim};
  }

  [[nodiscard]] std::vector<core::Link> links(const spec::FaultSpec& fault, const core::Topology& topology,
                                              std::uint64_t, const core::Aim& aim) const override {
    const auto node = core::parameter<std::string>(fault, "node");
    if (node && topology.find(*node) == nullptr)
      throw core::CannotAim(fmt::format("there is no node '{}': there are {}", *node, names_of(topology)), "node");
    return aim.links;
  }

  [[nodiscard]] std::unique_ptr<core::Injection> inject(const core::Context& context) const override {
    return std::make_unique<NamesInjection>(context);
  }
};

}  // namespace

std::unique_ptr<core::Fault> network_dns() { return std::make_unique<Dns>(); }

}  // namespace withstand::faults
