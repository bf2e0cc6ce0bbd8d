#include <fmt/format.h>

#include "core/parameters.hpp"
#include "disk/disk_fault.hpp"
#include "disk/disk_faults.hpp"
#include "spec/units.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;
using Spread = core::DiskRule::Spread;

const std::map<std::string, Spread>& spreads() {
  static const std::map<std::string, Spread> all{{"constant", Spread::constant},
                                                 {"exponential", Spread::exponential},
                                                 {"normal", Spread::normal},
                                                 {"pareto", Spread::pareto},
                                                 {"uniform", Spread::uniform}};
  return all;
}

std::vector<spec::Parameter> latency_parameters() {
  spec::Parameter delay = core::described("delay", spec::ValueType::duration, "How much later, on average.");
  delay.required = true;
  spec::Parameter jitter = core::described("jitter", spec::ValueType::duration,
                                           "How far it goes either way (uniform), or the standard deviation (normal).");
  spec::Parameter spread = core::described("distribution", spec::ValueType::choice,
                                           "Of the delays. Pareto's has the shape 1.5: few, and some very long.");
  for (const auto& [name, value] : spreads()) spread.choices.push_back(name);
  spread.fallback = std::string("constant");
  return {delay, jitter, spread};
}

core::Documentation latency_documentation() {
  return disk_documentation(
      "Operations on files are done later. None holds another up: what waits, waits in a queue of its own, as at a "
      "disk "
      "that does many things at once. A process that waits cannot be disturbed by signals, but killed.",
      "How long each operation that was struck waited, measured where its waiting ended.",
      R"([[fault]]
name  = "slow"
kind  = "disk.latency"
on    = "any"
operations = ["fsync", "fdatasync"]
delay = "40ms"
at    = "5s"
for   = "10s"
)");
}

class Latency : public DiskFault {
 public:
  Latency()
      : DiskFault(disk_schema("disk.latency", "Lets operations on files take longer.", latency_parameters(),
                              {"read", "write", "fsync", "fdatasync"}),
                  latency_documentation()) {}

 private:
  void act(const spec::FaultSpec& fault, core::DiskRule& rule) const override {
    rule.action = core::DiskRule::Action::latency;
    rule.delay = core::parameter_or<spec::Duration>(fault, "delay", {});
    rule.jitter = core::parameter_or<spec::Duration>(fault, "jitter", {});
    rule.spread = spreads().at(core::parameter_or<std::string>(fault, "distribution", "constant"));
    if (rule.spread == Spread::constant && rule.jitter.count() > 0) rule.spread = Spread::uniform;
  }

  [[nodiscard]] std::vector<spec::KindTable::Objection> own_objections(const spec::FaultSpec& fault) const override {
    const auto spread = core::parameter_or<std::string>(fault, "distribution", "constant");
    const bool jitter = core::parameter<spec::Duration>(fault, "jitter").has_value();
    if (jitter && (spread == "exponential" || spread == "pareto"))
      return {{"jitter", {spread + " has none: its mean says all", "leave out 'jitter'"}}};
    if (!jitter && (spread == "uniform" || spread == "normal"))
      return {{"distribution", {spread + " needs to know how wide it is", "say 'jitter' too"}}};
    return {};
  }

  [[nodiscard]] EvidenceRow judge(const core::DiskRule& rule, const core::DiskEffect& effect,
                                  const std::string& node) const override {
    EvidenceRow row;
    row.what = "files of " + node;
    row.requested =
        fmt::format("{} operations of {} later by {}", effect.decided, effect.counted, spec::to_text(rule.delay));
    row.measured = fmt::format("{} waited {} on average ({} to {}; asked {})", effect.waited,
                               spec::to_human(effect.waited_mean), spec::to_human(effect.waited_min),
                               spec::to_human(effect.waited_max), spec::to_human(effect.asked_mean));
    if (effect.waiting + effect.died > 0)
      row.measured += fmt::format(", {} wait, {} were killed", effect.waiting, effect.died);
    row.source = "disk server, end of waiting";
    const bool all = effect.waited + effect.waiting + effect.died == effect.decided;
    row.judgement = all && effect.waited_mean >= effect.asked_mean ? EvidenceRow::Judgement::agrees
                                                                   : EvidenceRow::Judgement::mismatch;
    return row;
  }
};

}  // namespace

std::unique_ptr<core::Fault> disk_latency() { return std::make_unique<Latency>(); }

}  // namespace withstand::faults
