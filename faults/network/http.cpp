#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/parameters.hpp"
#include "network/http_injection.hpp"
#include "network/http_match.hpp"
#include "network/link_fault.hpp"
#include "network/network_faults.hpp"

namespace withstand::faults {
namespace {

using core::HttpSettings;
using spec::ValueType;
using std::chrono::nanoseconds;
using Action = HttpSettings::Action;
using Distribution = core::DelaySettings::Distribution;
using Objection = spec::KindTable::Objection;

constexpr std::array actions{std::pair{"delay", Action::delay}, std::pair{"abort", Action::abort},
                             std::pair{"status", Action::status}, std::pair{"truncate", Action::truncate},
                             std::pair{"drop", Action::drop}};
constexpr std::array distributions{std::pair{"uniform", Distribution::uniform},
                                   std::pair{"normal", Distribution::normal}, std::pair{"pareto", Distribution::pareto},
                                   std::pair{"paretonormal", Distribution::paretonormal}};

/// The one action that knows a parameter, for those that not all know.
constexpr std::array<std::pair<const char*, const char*>, 7> owned{{{"delay", "delay"},
                                                                    {"jitter", "delay"},
                                                                    {"distribution", "delay"},
                                                                    {"told", "abort"},
                                                                    {"code", "status"},
                                                                    {"after_bytes", "truncate"},
                                                                    {"close", "truncate"}}};

std::string action_of(const spec::FaultSpec& fault) { return core::parameter_or<std::string>(fault, "action", ""); }

spec::Parameter choice(std::string name, std::vector<std::string> choices, std::string summary) {
  spec::Parameter made = core::described(std::move(name), ValueType::choice, std::move(summary));
  made.choices = std::move(choices);
  return made;
}

spec::Parameter duration(std::string name, nanoseconds least, std::string summary) {
  spec::Parameter made = core::described(std::move(name), ValueType::duration, std::move(summary));
  made.minimum = least;
  made.maximum = nanoseconds(std::chrono::minutes(10));
  return made;
}

std::vector<spec::Parameter> action_parameters() {
  spec::Parameter distribution = choice("distribution", {}, "delay: how delays are spread, as network.latency has it.");
  for (const auto& [name, value] : distributions) distribution.choices.emplace_back(name);
  distribution.fallback = std::string("uniform");
  distribution.default_matters = [](const spec::FaultSpec& fault) { return fault.given.contains("jitter"); };
  spec::Parameter jitter = duration("jitter", nanoseconds(0), "delay: how much delays differ.");
  jitter.fallback = nanoseconds(0);
  jitter.default_matters = core::nowhere;
  spec::Parameter told = choice("told", {"client", "server", "both"}, "abort: who is sent the reset.");
  told.fallback = std::string("client");
  told.default_matters = core::where("action", {"abort"});
  spec::Parameter code = core::described("code", ValueType::integer, "status: what the response says instead.");
  code.minimum = std::int64_t{200};
  code.maximum = std::int64_t{599};
  spec::Parameter after = core::described("after_bytes", ValueType::bytes,
                                          "truncate: how much of the body passes first, as it is on the wire.");
  after.fallback = spec::Bytes{0};
  after.default_matters = core::where("action", {"truncate"});
  after.minimum = spec::Bytes{0};
  after.maximum = spec::Bytes{std::int64_t{1} << 40};
  spec::Parameter close =
      choice("close", {"fin", "rst"}, "truncate: whether the reader sees the stream's end (fin) or an abort (rst).");
  close.fallback = std::string("fin");
  close.default_matters = core::where("action", {"truncate"});
  return {duration("delay", core::least_wait, "delay: how much later the message arrives."),
          jitter,
          distribution,
          told,
          code,
          after,
          close};
}

std::vector<spec::Parameter> http_parameters() {
  spec::Parameter action = choice("action", {}, "What happens to the messages.");
  for (const auto& [name, value] : actions) action.choices.emplace_back(name);
  action.required = true;
  spec::Parameter side = choice("side", {"request", "response"},
                                "Whether it happens to requests or to responses; without, status and truncate happen "
                                "to responses, the others to requests.");
  spec::Parameter toxicity =
      core::described("toxicity", ValueType::ratio, "Share of the matching messages to which it happens.");
  toxicity.fallback = spec::Ratio{1'000'000'000};
  toxicity.minimum = spec::Ratio{1};
  spec::Parameter port = core::described("port", ValueType::integer, "Only connections to this TCP port.");
  port.minimum = std::int64_t{1};
  port.maximum = std::int64_t{65535};
  std::vector<spec::Parameter> all{action, side, toxicity, port};
  for (auto&& more : {http_match_parameters(), action_parameters()}) all.insert(all.end(), more.begin(), more.end());
  return all;
}

core::Documentation http_documentation() {
  return link_documentation(
      "Hits single HTTP/1 requests or responses, as against connections: those of connections opened over the links it "
      "is aimed at, by `from` to `to`. delay: the message, and what comes behind it in its direction, arrives later. "
      "abort: the connection is reset instead. status: the three digits of the response's status are others; nothing "
      "else of it changes. truncate: the connection ends in the middle of the body. drop: the message never arrives, "
      "and the connection stays open.\n\n"
      "Which messages: method, path, host and header say it of the request (of a response: of the request that it "
      "answers), status and response_header of the response. Everything given must hold. In path, host and values * "
      "stands for any text and ? for one character. toxicity chooses among those that match, by a hash of the seed, "
      "the fault's name, the link, the connection's number on it and the request's number on that.\n\n"
      "What each takes, with * what it needs: delay: delay*, jitter, distribution; abort: told; status: code*; "
      "truncate: after_bytes, close; drop: nothing. side may be said of all but status, which is of responses.\n\n"
      "There is no proxy in between: the fabric reads along, from the lab's start, and holds, cuts or changes the "
      "segments that carry a message. Keep-alive, pipelining, chunked bodies, HEAD, 100 Continue and upgrades are "
      "understood. TLS and HTTP/2 are not read and pass; the evidence says how many connections there were. A "
      "response of status 204 or 304 keeps it, for another would promise a body. Of a head that comes in several "
      "segments, those before the last one may have passed when it is known whether it matches: no receiver can act on "
      "them. For a status they wait, for 100 ms at most. A segment that comes before its predecessors goes lost while "
      "it is not known what it means, and TCP sends it again.",
      "Per link: requests and responses, how many matched and were chosen (recounted from the seed), and what arrived: "
      "when, with which status, ends and aborts of connections, bytes beyond the point where nothing may pass (never "
      "any). Where nothing matched, the kinds of requests that were seen most.",
      R"([[fault]]
name     = "errors"
kind     = "network.http"
from     = "client"
to       = "any"
action   = "status"
code     = 503
method   = ["GET"]
path     = "/kv/*"
toxicity = "20%"
at       = "5s"
for      = "10s"
)");
}

HttpSettings http_settings_of(const spec::FaultSpec& fault) {
  HttpSettings settings;
  const auto action = action_of(fault);
  for (const auto& [name, value] : actions)
    if (name == action) settings.action = value;
  const bool of_responses = settings.action == Action::status || settings.action == Action::truncate;
  const auto side = core::parameter_or<std::string>(fault, "side", of_responses ? "response" : "request");
  settings.side = side == "request" ? HttpSettings::Side::request : HttpSettings::Side::response;
  settings.toxicity_ppb = core::parameter_or<spec::Ratio>(fault, "toxicity", {1'000'000'000}).ppb;
  settings.port = static_cast<std::uint16_t>(core::parameter_or<std::int64_t>(fault, "port", 0));
  settings.delay.delay = core::parameter_or<nanoseconds>(fault, "delay", {});
  settings.delay.jitter = core::parameter_or<nanoseconds>(fault, "jitter", {});
  for (const auto& [name, value] : distributions)
    if (name == core::parameter_or<std::string>(fault, "distribution", "uniform")) settings.delay.distribution = value;
  const auto told = core::parameter_or<std::string>(fault, "told", "client");
  using Told = HttpSettings::Told;
  settings.told = told == "client" ? Told::client : told == "server" ? Told::server : Told::both;
  settings.code = static_cast<std::uint16_t>(core::parameter_or<std::int64_t>(fault, "code", 0));
  settings.after_bytes = core::parameter_or<spec::Bytes>(fault, "after_bytes", {}).count;
  settings.orderly = core::parameter_or<std::string>(fault, "close", "fin") == "fin";
  return settings;
}

class Http : public core::DescribedFault {
 public:
  Http() : DescribedFault(described(), http_documentation()) {}

  [[nodiscard]] std::vector<Objection> objections(const spec::FaultSpec& fault) const override {
    std::vector<Objection> all = aim_objections(fault);
    const auto action = action_of(fault);
    for (const auto& [name, owner] : owned)
      if (fault.given.contains(name) && action != owner)
        all.push_back({name, {fmt::format("'{}' means nothing to action = \"{}\"", name, action), "leave it out"}});
    for (const auto& [needed, owner] : {std::pair{"delay", "delay"}, std::pair{"code", "status"}})
      if (action == owner && !fault.given.contains(needed))
        all.push_back(
            {"action",
             {fmt::format("action = \"{}\" needs '{}'", action, needed), fmt::format("say '{}' too", needed)}});
    const HttpSettings settings = http_settings_of(fault);
    if (settings.code == 204 || settings.code == 304)
      all.push_back({"code",
                     {fmt::format("a response of status {} has no body, and this one may", settings.code),
                      "say another: the client would take the body for the next response"}});
    if (settings.action == Action::status && settings.side == HttpSettings::Side::request)
      all.push_back({"side",
                     {"action = \"status\" changes a response, and a request has no status",
                      R"(leave out 'side', or say side = "response")"}});
    if (settings.delay.jitter > settings.delay.delay && fault.given.contains("delay"))
      all.push_back({"jitter", {"jitter is larger than the delay", "a message cannot leave before it came"}});
    for (auto& one : http_match_objections(fault, settings.side)) all.push_back(std::move(one));
    return all;
  }

  [[nodiscard]] std::vector<Objection> objections_when_attached(const spec::FaultSpec& fault) const override {
    return connections_when_attached(fault);
  }

  [[nodiscard]] std::vector<core::Claim> claims(const spec::FaultSpec&, const core::Topology& topology) const override {
    auto all = claim_all_links(topology);
    for (auto& claim : all) claim.streams = claim.http = true;
    return all;
  }

  [[nodiscard]] std::vector<core::Link> links(const spec::FaultSpec& fault, const core::Topology& topology,
                                              std::uint64_t, const core::Aim& aim) const override {
    return aimed_links(fault, topology, aim);
  }

  [[nodiscard]] std::unique_ptr<core::Injection> inject(const core::Context& context) const override {
    return std::make_unique<HttpInjection>(context, http_settings_of(context.fault), http_match_of(context.fault),
                                           action_of(context.fault),
                                           links(context.fault, context.lab.topology(), context.seed, context.aim));
  }

 private:
  static spec::KindSchema described() {
    spec::KindSchema schema;
    schema.kind = "network.http";
    schema.summary = "Delays, aborts, changes, truncates or swallows HTTP requests and responses.";
    schema.targeting = spec::Targeting::nodes_or_links;
    schema.parameters = http_parameters();
    return schema;
  }
};

}  // namespace

std::unique_ptr<core::Fault> network_http() { return std::make_unique<Http>(); }

}  // namespace withstand::faults
