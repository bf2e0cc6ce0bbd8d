#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/kernel_limits.hpp"
#include "core/parameters.hpp"
#include "network/link_fault.hpp"
#include "network/network_faults.hpp"
#include "network/stream_injection.hpp"

namespace withstand::faults {
namespace {

using core::StreamSettings;
using spec::ValueType;
using std::chrono::nanoseconds;
using Action = StreamSettings::Action;
using Direction = StreamSettings::Direction;

constexpr std::array actions{std::pair{"reset", Action::reset},          std::pair{"black-hole", Action::black_hole},
                             std::pair{"half-open", Action::half_open},  std::pair{"slow-close", Action::slow_close},
                             std::pair{"slice", Action::slice},          std::pair{"bandwidth", Action::bandwidth},
                             std::pair{"limit", Action::limit},          std::pair{"refuse", Action::refuse},
                             std::pair{"accept-silently", Action::mute}, std::pair{"cap", Action::cap}};

/// Which parameters an action has, beside those of all; `*` marks those it must have.
const std::vector<std::pair<std::string, std::vector<std::string>>>& own_parameters() {
  static const std::vector<std::pair<std::string, std::vector<std::string>>> table{
      {"reset", {"after", "after_bytes", "direction"}},
      {"black-hole", {"after", "after_bytes", "direction"}},
      {"half-open", {"after", "after_bytes", "direction", "told"}},
      {"slow-close", {"*delay", "direction"}},
      {"slice", {"*size", "variation", "delay", "direction"}},
      {"bandwidth", {"*rate", "direction"}},
      {"limit", {"*after_bytes", "*direction"}},
      {"refuse", {"silent"}},
      {"accept-silently", {}},
      {"cap", {"*connections", "silent"}}};
  return table;
}

/// The actions that know a parameter, for what `default_matters`.
spec::TextList actions_with(const std::string& name) {
  spec::TextList found;
  for (const auto& [action, names] : own_parameters())
    if (std::any_of(names.begin(), names.end(), [&](const auto& one) { return one == name || one == "*" + name; }))
      found.push_back(action);
  return found;
}

spec::Parameter duration(std::string name, nanoseconds least, std::string summary) {
  spec::Parameter made = core::described(std::move(name), ValueType::duration, std::move(summary));
  made.minimum = least;
  made.maximum = nanoseconds(std::chrono::minutes(10));
  return made;
}

spec::Parameter sized(std::string name, std::int64_t least, std::int64_t most, std::string summary) {
  spec::Parameter made = core::described(std::move(name), ValueType::bytes, std::move(summary));
  made.minimum = spec::Bytes{least};
  made.maximum = spec::Bytes{most};
  return made;
}

std::vector<spec::Parameter> stream_parameters() {
  spec::Parameter action = core::described("action", ValueType::choice, "What happens to the connections.");
  for (const auto& [name, value] : actions) action.choices.emplace_back(name);
  action.required = true;
  spec::Parameter toxicity =
      core::described("toxicity", ValueType::ratio, "Share of the connections to which it happens.");
  toxicity.fallback = spec::Ratio{1'000'000'000};
  toxicity.minimum = spec::Ratio{1};
  spec::Parameter port = core::described("port", ValueType::integer, "Only connections to this TCP port.");
  port.minimum = std::int64_t{1};
  port.maximum = std::int64_t{65535};
  spec::Parameter direction =
      core::described("direction", ValueType::choice,
                      "Which data is meant: what the connection's opener sends (up), what it is sent (down), or both.");
  direction.choices = {"both", "up", "down"};
  direction.fallback = std::string("both");
  direction.default_matters = core::where("action", actions_with("direction"));
  spec::Parameter told =
      core::described("told", ValueType::choice, "half-open: which end learns that the other is gone.");
  told.choices = {"server", "client"};
  told.fallback = std::string("server");
  told.default_matters = core::where("action", {"half-open"});
  spec::Parameter connections =
      core::described("connections", ValueType::integer, "cap: how many may be open at once, per link.");
  connections.minimum = std::int64_t{0};
  connections.maximum = std::int64_t{65536};
  spec::Parameter rate =
      core::described("rate", ValueType::bandwidth, "bandwidth: payload of each connection, one way.");
  rate.minimum = spec::Bandwidth{800};
  spec::Parameter silent = core::described("silent", ValueType::boolean,
                                           "refuse, cap: leave the attempt unanswered, as a firewall that drops it.");
  silent.fallback = false;
  silent.default_matters = core::nowhere;
  constexpr std::int64_t tebibyte = std::int64_t{1} << 40;
  return {action,
          toxicity,
          port,
          direction,
          duration("after", nanoseconds(0), "How long after the fault or, if later, the connection has begun."),
          sized("after_bytes", 1, tebibyte, "How much data passes first."),
          told,
          duration("delay", core::least_wait, "slow-close: of the stream's end; slice: from one piece to the next."),
          sized("size", 1, 65535, "slice: of a piece."),
          sized("variation", 1, 65534, "slice: a piece is that much larger or smaller at most, drawn evenly."),
          rate,
          connections,
          silent};
}

core::Documentation stream_documentation() {
  return link_documentation(
      "Hits TCP connections, as against packets: those that are opened over the links it is aimed at, by `from` to "
      "`to`, before it begins or while it lasts. reset: both ends are told that the other has aborted, at once, after "
      "a time or after so many bytes. black-hole: nothing passes, nobody is told. half-open: one end is told, the "
      "other never hears of it. slow-close: the end of the stream (FIN) comes later. slice: data comes in small "
      "pieces. bandwidth: data flows no faster. limit: after so many bytes the reader sees the end of the stream and "
      "the writer an abort. refuse: new connections are refused. accept-silently: new connections are accepted, and "
      "what the server answers is lost. cap: so many at once, and no more.\n\n"
      "What each takes, with * what it needs: reset, black-hole and half-open: after or after_bytes, direction; "
      "half-open "
      "also told; slow-close: delay*, direction; slice: size*, variation, delay, direction; bandwidth: rate*, "
      "direction; "
      "limit: after_bytes*, direction* (up or down); refuse: silent; cap: connections*, silent; accept-silently: "
      "nothing.\n\n"
      "There is no proxy in between: the ends talk to each other with their own kernels' TCP, and the fabric leaves "
      "out, holds, cuts or adds segments. So addresses stay, and a connection that is not hit costs nothing. Of what "
      "waits more than 1 MiB a connection and direction is lost, as in a full queue. What TCP sends again is cut and "
      "paced too. Of several on one connection delays add up, and the lowest rate is what is left. Which connections "
      "are hit, is a "
      "hash of the seed, the fault's name, the link and the connection's number on it.",
      "Per link: connections that met it, how many were chosen (recounted from the seed), and what arrived at their "
      "ends: aborts, ends of streams, bytes beyond the point where nothing may pass (never any), sizes of pieces, the "
      "rate while more waited.",
      R"([[fault]]
name     = "aborts"
kind     = "network.stream"
from     = "client"
to       = "any"
action   = "reset"
after    = "200ms"
toxicity = "30%"
at       = "5s"
for      = "10s"
)");
}

class Stream : public core::DescribedFault {
 public:
  Stream() : DescribedFault(described(), stream_documentation()) {}

  [[nodiscard]] std::vector<spec::KindTable::Objection> objections(const spec::FaultSpec& fault) const override {
    std::vector<spec::KindTable::Objection> all = aim_objections(fault);
    const auto action = core::parameter_or<std::string>(fault, "action", "");
    for (const auto& [name, known] : own_parameters())
      if (name == action) object_to_strangers(fault, action, known, all);
    if (core::parameter<nanoseconds>(fault, "after") && core::parameter<spec::Bytes>(fault, "after_bytes"))
      all.push_back({"after_bytes", {"says both 'after' and 'after_bytes'", "keep one of them"}});
    const auto size = core::parameter_or<spec::Bytes>(fault, "size", {}),
               variation = core::parameter_or<spec::Bytes>(fault, "variation", {});
    if (size.count > 0 && variation >= size)
      all.push_back({"variation", {"a piece could be empty", "say less than 'size'"}});
    if (action == "limit" && fault.given.contains("direction") &&
        core::parameter_or<std::string>(fault, "direction", "both") == "both")
      all.push_back({"direction", {"a limit ends one direction", R"(say direction = "up" or "down")"}});
    return all;
  }

  [[nodiscard]] std::vector<spec::KindTable::Objection> objections_when_attached(
      const spec::FaultSpec& fault) const override {
    const auto refused =
        core::beyond_the_kernel(settings_of(fault), core::parameter_or<std::string>(fault, "action", ""));
    return refused ? std::vector{*refused} : std::vector<spec::KindTable::Objection>{};
  }

  [[nodiscard]] std::vector<std::string> requirements_when_attached(const spec::FaultSpec&) const override {
    return {"nftables"};
  }

  [[nodiscard]] std::vector<core::Claim> claims(const spec::FaultSpec&, const core::Topology& topology) const override {
    auto all = claim_all_links(topology);
    for (auto& claim : all) claim.streams = true;
    return all;
  }

  [[nodiscard]] std::vector<core::Link> links(const spec::FaultSpec& fault, const core::Topology& topology,
                                              std::uint64_t, const core::Aim& aim) const override {
    return aimed_links(fault, topology, aim);
  }

  void prepare(const spec::FaultSpec& fault, core::Lab& lab) const override {
    lab.links().expect(core::StreamImpairment{{}, 0, settings_of(fault)});
  }

  [[nodiscard]] std::unique_ptr<core::Injection> inject(const core::Context& context) const override {
    return std::make_unique<StreamInjection>(context, settings_of(context.fault),
                                             core::parameter_or<std::string>(context.fault, "action", ""),
                                             links(context.fault, context.lab.topology(), context.seed, context.aim));
  }

 private:
  static spec::KindSchema described() {
    spec::KindSchema schema;
    schema.kind = "network.stream";
    schema.summary = "Resets, holes, slows, cuts, limits or refuses TCP connections.";
    schema.targeting = spec::Targeting::nodes_or_links;
    schema.parameters = stream_parameters();
    return schema;
  }

  static void object_to_strangers(const spec::FaultSpec& fault, const std::string& action,
                                  const std::vector<std::string>& known, std::vector<spec::KindTable::Objection>& all) {
    for (const auto& name :
         {"after", "after_bytes", "direction", "told", "delay", "size", "variation", "rate", "connections", "silent"}) {
      const bool has = std::find(known.begin(), known.end(), name) != known.end();
      const bool must = std::find(known.begin(), known.end(), std::string("*") + name) != known.end();
      const bool given = fault.given.contains(name);
      if (given && !has && !must)
        all.push_back({name, {fmt::format("'{}' means nothing to action = \"{}\"", name, action), "leave it out"}});
      if (!given && must)
        all.push_back(
            {"action", {fmt::format("action = \"{}\" needs '{}'", action, name), fmt::format("say '{}' too", name)}});
    }
  }

  static StreamSettings settings_of(const spec::FaultSpec& fault) {
    StreamSettings settings;
    const auto action = core::parameter_or<std::string>(fault, "action", "reset");
    for (const auto& [name, value] : actions)
      if (name == action) settings.action = value;
    const auto direction = core::parameter_or<std::string>(fault, "direction", "both");
    settings.direction = direction == "up" ? Direction::up : direction == "down" ? Direction::down : Direction::both;
    if (settings.action == Action::mute) settings.direction = Direction::down;
    settings.toxicity_ppb = core::parameter_or<spec::Ratio>(fault, "toxicity", {1'000'000'000}).ppb;
    settings.port = static_cast<std::uint16_t>(core::parameter_or<std::int64_t>(fault, "port", 0));
    settings.after = core::parameter_or<nanoseconds>(fault, "after", {});
    settings.after_bytes = core::parameter_or<spec::Bytes>(fault, "after_bytes", {StreamSettings::no_bytes}).count;
    settings.server_is_told = core::parameter_or<std::string>(fault, "told", "server") == "server";
    settings.delay = core::parameter_or<nanoseconds>(fault, "delay", {});
    settings.size = core::parameter_or<spec::Bytes>(fault, "size", {}).count;
    settings.variation = core::parameter_or<spec::Bytes>(fault, "variation", {}).count;
    settings.bits_per_second = core::parameter_or<spec::Bandwidth>(fault, "rate", {}).bits_per_second;
    settings.connections = core::parameter_or<std::int64_t>(fault, "connections", 0);
    settings.silent = core::parameter_or(fault, "silent", false);
    return settings;
  }
};

}  // namespace

std::unique_ptr<core::Fault> network_stream() { return std::make_unique<Stream>(); }

}  // namespace withstand::faults
