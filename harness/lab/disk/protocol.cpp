#include "lab/disk/protocol.hpp"

#include <algorithm>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "lab/disk/operation.hpp"

namespace withstand::lab::disk {
namespace {

using nlohmann::json;

/// Paths are bytes, JSON is UTF-8: what is not is shown with a mark in its place.
std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

json of_space(const core::DiskRule::Space& space) {
  return {{"folder", space.folder}, {"free_bytes", space.free_bytes}, {"free_inodes", space.free_inodes}};
}

core::DiskRule::Space to_space(const json& value) {
  return {value.at("folder").get<std::string>(), value.at("free_bytes").get<std::uint64_t>(),
          value.at("free_inodes").get<std::uint64_t>()};
}

json of_damage(const core::DiskRule::Damage& damage) {
  return {{"kind", static_cast<int>(damage.kind)},
          {"place", static_cast<int>(damage.place)},
          {"bits", damage.bits},
          {"block", damage.block},
          {"stripe", damage.stripe},
          {"part", damage.part},
          {"parts", damage.parts}};
}

core::DiskRule::Damage to_damage(const json& value) {
  core::DiskRule::Damage damage;
  damage.kind = static_cast<core::DiskRule::Damage::Kind>(value.at("kind").get<int>());
  damage.place = static_cast<core::DiskRule::Damage::Place>(value.at("place").get<int>());
  value.at("bits").get_to(damage.bits);
  value.at("block").get_to(damage.block);
  value.at("stripe").get_to(damage.stripe);
  value.at("part").get_to(damage.part);
  value.at("parts").get_to(damage.parts);
  return damage;
}

json of_rule(const core::DiskRule& rule) {
  return {{"fault", rule.fault},
          {"seed", rule.seed},
          {"operations", rule.operations.bits()},
          {"path", rule.path},
          {"process", rule.process},
          {"first_byte", rule.first_byte},
          {"end_byte", rule.end_byte},
          {"first", rule.first},
          {"last", rule.last},
          {"step", rule.step},
          {"probability_ppb", rule.probability_ppb},
          {"after_bytes", rule.after_bytes},
          {"action", static_cast<int>(rule.action)},
          {"error", rule.error},
          {"keep_ppb", rule.keep_ppb},
          {"spread", static_cast<int>(rule.spread)},
          {"delay", rule.delay.count()},
          {"jitter", rule.jitter.count()},
          {"changing_opens_only", rule.changing_opens_only},
          {"opened_before", rule.opened_before},
          {"bytes_per_second", rule.bytes_per_second},
          {"burst_bytes", rule.burst_bytes},
          {"space", of_space(rule.space)},
          {"damage", of_damage(rule.damage)}};
}

core::DiskRule to_rule(const json& value) {
  core::DiskRule rule;
  value.at("fault").get_to(rule.fault);
  value.at("seed").get_to(rule.seed);
  rule.operations = Operations(value.at("operations").get<std::uint32_t>());
  value.at("path").get_to(rule.path);
  value.at("process").get_to(rule.process);
  value.at("first_byte").get_to(rule.first_byte);
  value.at("end_byte").get_to(rule.end_byte);
  value.at("first").get_to(rule.first);
  value.at("last").get_to(rule.last);
  value.at("step").get_to(rule.step);
  value.at("probability_ppb").get_to(rule.probability_ppb);
  value.at("after_bytes").get_to(rule.after_bytes);
  rule.action = static_cast<core::DiskRule::Action>(value.at("action").get<int>());
  value.at("error").get_to(rule.error);
  value.at("keep_ppb").get_to(rule.keep_ppb);
  rule.spread = static_cast<core::DiskRule::Spread>(value.at("spread").get<int>());
  rule.delay = std::chrono::nanoseconds(value.at("delay").get<std::int64_t>());
  rule.jitter = std::chrono::nanoseconds(value.at("jitter").get<std::int64_t>());
  value.at("changing_opens_only").get_to(rule.changing_opens_only);
  value.at("opened_before").get_to(rule.opened_before);
  value.at("bytes_per_second").get_to(rule.bytes_per_second);
  value.at("burst_bytes").get_to(rule.burst_bytes);
  rule.space = to_space(value.at("space"));
  rule.damage = to_damage(value.at("damage"));
  return rule;
}

json of_loss(const core::PowerLoss& loss) {
  json value{{"fault", loss.fault},
             {"seed", loss.seed},
             {"model", static_cast<int>(loss.model)},
             {"variant", loss.variant},
             {"manifest", loss.manifest}};
  if (loss.keep_ppb) value["keep_ppb"] = *loss.keep_ppb;
  return value;
}

core::PowerLoss to_loss(const json& value) {
  core::PowerLoss loss;
  value.at("fault").get_to(loss.fault);
  value.at("seed").get_to(loss.seed);
  loss.model = static_cast<core::PowerLoss::Model>(value.at("model").get<int>());
  value.at("variant").get_to(loss.variant);
  value.at("manifest").get_to(loss.manifest);
  if (value.contains("keep_ppb")) loss.keep_ppb = value.at("keep_ppb").get<std::int64_t>();
  return loss;
}

json of_strike(const core::DiskStrike& strike) {
  return {{"when", strike.when.count()}, {"ordinal", strike.ordinal}, {"operation", to_text(strike.operation)},
          {"path", strike.path},         {"offset", strike.offset},   {"size", strike.size},
          {"pid", strike.pid},           {"command", strike.command}, {"result", strike.result}};
}

core::DiskStrike to_strike(const json& value) {
  core::DiskStrike strike;
  strike.when = std::chrono::nanoseconds(value.at("when").get<std::int64_t>());
  value.at("ordinal").get_to(strike.ordinal);
  strike.operation = core::disk_operation_named(value.at("operation").get<std::string>()).value();
  value.at("path").get_to(strike.path);
  value.at("offset").get_to(strike.offset);
  value.at("size").get_to(strike.size);
  value.at("pid").get_to(strike.pid);
  value.at("command").get_to(strike.command);
  value.at("result").get_to(strike.result);
  return strike;
}

template <class Reader>
auto reading(std::string_view text, Reader reader) {
  try {
    const json value = json::parse(text);
    if (const std::string error = value.value("error", ""); !error.empty())
      throw std::runtime_error("disk server: " + error);
    return reader(value);
  } catch (const json::exception& error) {
    throw std::runtime_error(std::string("disk server: a message that is none: ") + error.what());
  }
}

}  // namespace

std::string encode(const Command& command) {
  json concerns = json::array();
  for (const auto& each : command.concerns) concerns.push_back({each.operations.bits(), each.path});
  json value{{"do", static_cast<int>(command.kind)}, {"handle", command.handle}};
  if (command.kind == Command::Kind::start) {
    value["node"] = command.node;
    value["passthrough"] = command.passthrough;
    value["durability"] = command.durability;
    value["concerns"] = std::move(concerns);
  }
  if (command.kind == Command::Kind::add) value["rule"] = of_rule(command.rule);
  if (command.kind == Command::Kind::cut) value["at"] = command.at.count();
  if (command.kind == Command::Kind::lose) value["loss"] = of_loss(command.loss);
  return dump(value);
}

Command decode_command(std::string_view text) {
  return reading(text, [](const json& value) {
    Command command;
    command.kind = static_cast<Command::Kind>(value.at("do").get<int>());
    value.at("handle").get_to(command.handle);
    if (command.kind == Command::Kind::add) command.rule = to_rule(value.at("rule"));
    if (command.kind == Command::Kind::cut) command.at = std::chrono::nanoseconds(value.at("at").get<std::int64_t>());
    if (command.kind == Command::Kind::lose) command.loss = to_loss(value.at("loss"));
    if (command.kind != Command::Kind::start) return command;
    value.at("node").get_to(command.node);
    value.at("passthrough").get_to(command.passthrough);
    value.at("durability").get_to(command.durability);
    for (const json& each : value.at("concerns"))
      command.concerns.push_back({Operations(each.at(0).get<std::uint32_t>()), each.at(1).get<std::string>()});
    return command;
  });
}

std::string encode(const core::DiskEffect& effect) {
  json strikes = json::array();
  for (std::size_t i = 0; i < std::min(effect.strikes.size(), strikes_per_message); ++i)
    strikes.push_back(of_strike(effect.strikes[i]));
  return dump({{"counted", effect.counted},
               {"decided", effect.decided},
               {"answered", effect.answered},
               {"waited", effect.waited},
               {"waiting", effect.waiting},
               {"died", effect.died},
               {"missed", effect.missed},
               {"healed", effect.healed},
               {"carried", effect.carried},
               {"carrying", effect.carrying.count()},
               {"least_bytes", effect.least_bytes},
               {"least_inodes", effect.least_inodes},
               {"left_bytes", effect.left_bytes},
               {"left_inodes", effect.left_inodes},
               {"asked_mean", effect.asked_mean.count()},
               {"waited_mean", effect.waited_mean.count()},
               {"waited_min", effect.waited_min.count()},
               {"waited_max", effect.waited_max.count()},
               {"strikes", std::move(strikes)},
               {"nearest", effect.nearest},
               {"unseen", effect.unseen}});
}

core::DiskEffect decode_effect(std::string_view text) {
  return reading(text, [](const json& value) {
    const auto time = [&](const char* key) { return std::chrono::nanoseconds(value.at(key).get<std::int64_t>()); };
    core::DiskEffect effect;
    value.at("counted").get_to(effect.counted);
    value.at("decided").get_to(effect.decided);
    value.at("answered").get_to(effect.answered);
    value.at("waited").get_to(effect.waited);
    value.at("waiting").get_to(effect.waiting);
    value.at("died").get_to(effect.died);
    value.at("missed").get_to(effect.missed);
    value.at("healed").get_to(effect.healed);
    value.at("carried").get_to(effect.carried);
    effect.carrying = time("carrying");
    value.at("least_bytes").get_to(effect.least_bytes);
    value.at("least_inodes").get_to(effect.least_inodes);
    value.at("left_bytes").get_to(effect.left_bytes);
    value.at("left_inodes").get_to(effect.left_inodes);
    effect.asked_mean = time("asked_mean");
    effect.waited_mean = time("waited_mean");
    effect.waited_min = time("waited_min");
    effect.waited_max = time("waited_max");
    for (const json& each : value.at("strikes")) effect.strikes.push_back(to_strike(each));
    value.at("nearest").get_to(effect.nearest);
    value.at("unseen").get_to(effect.unseen);
    return effect;
  });
}

std::string encode(const core::PowerLossEffect& effect) {
  return dump({{"cut", effect.cut.count()},
               {"unanswered", effect.unanswered},
               {"operations", effect.operations},
               {"bytes", effect.bytes},
               {"lost", effect.lost},
               {"torn", effect.torn},
               {"lost_bytes", effect.lost_bytes},
               {"written_back", effect.written_back},
               {"digest", effect.digest}});
}

core::PowerLossEffect decode_power_loss(std::string_view text) {
  return reading(text, [](const json& value) {
    core::PowerLossEffect effect;
    effect.cut = std::chrono::nanoseconds(value.at("cut").get<std::int64_t>());
    value.at("unanswered").get_to(effect.unanswered);
    value.at("operations").get_to(effect.operations);
    value.at("bytes").get_to(effect.bytes);
    value.at("lost").get_to(effect.lost);
    value.at("torn").get_to(effect.torn);
    value.at("lost_bytes").get_to(effect.lost_bytes);
    value.at("written_back").get_to(effect.written_back);
    value.at("digest").get_to(effect.digest);
    return effect;
  });
}

void check_done(std::string_view text) {
  reading(text, [](const json& /*value*/) { return true; });
}

std::string encode_done(const std::string& error) { return dump({{"error", error}}); }

}  // namespace withstand::lab::disk
