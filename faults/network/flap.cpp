#include <fmt/format.h>

#include "core/parameters.hpp"
#include "network/link_fault.hpp"
#include "network/network_faults.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;
using std::chrono::nanoseconds;

spec::Parameter time(std::string name, bool required, std::string summary) {
  spec::Parameter made = core::described(std::move(name), spec::ValueType::duration, std::move(summary));
  made.required = required;
  made.minimum = nanoseconds(std::chrono::milliseconds(1));
  made.maximum = nanoseconds(std::chrono::hours(1));
  return made;
}

core::Documentation flap_documentation() {
  return link_documentation(
      "The links come and go, as with a bad plug: up first, then down, again and again; while they are down every "
      "packet vanishes. With up_max and down_max each time is drawn evenly between the two. All links of one fault "
      "come and go together, exactly when the seed says, whatever is sent.\n\n"
      "Detectors of failures that wait too short take turns in finding a node dead and alive; those that wait long "
      "enough never notice. Interfaces stay up: network.unplug takes their carrier away.",
      "How often the links went down; packets refused of those offered meanwhile, per link, and that none of them "
      "was written to the receiver's interface.",
      R"([[fault]]
name = "loose-plug"
kind = "network.flap"
on   = "any"
up   = "1s"
down = "300ms"
at   = "5s"
for  = "10s"
)");
}

class Flap : public LinkFault {
 public:
  Flap()
      : LinkFault(link_schema("network.flap", "Cuts the links it is aimed at for short times, again and again.",
                              {time("up", true, "How long they are up."), time("down", true, "How long they are down."),
                               time("up_max", false, "Up for a time between up and this. Default: up."),
                               time("down_max", false, "Down for a time between down and this. Default: down.")}),
                  flap_documentation()) {}

 private:
  [[nodiscard]] std::vector<spec::KindTable::Objection> own_objections(const spec::FaultSpec& fault) const override {
    for (const std::string name : {"up", "down"}) {
      const auto least = core::parameter_or<nanoseconds>(fault, name, {});
      if (core::parameter_or<nanoseconds>(fault, name + "_max", least) < least)
        return {{name + "_max", {fmt::format("{}_max is below {}", name, name), "swap them"}}};
    }
    return {};
  }

  [[nodiscard]] core::Impairment impairment(const spec::FaultSpec& fault) const override {
    core::Impairment asked;
    asked.kind = core::Impairment::Kind::partition;
    core::FlapSettings& flap = asked.settings.flap;
    flap.up_min = core::parameter_or<nanoseconds>(fault, "up", {});
    flap.up_max = core::parameter_or<nanoseconds>(fault, "up_max", flap.up_min);
    flap.down_min = core::parameter_or<nanoseconds>(fault, "down", {});
    flap.down_max = core::parameter_or<nanoseconds>(fault, "down_max", flap.down_min);
    return asked;
  }

  [[nodiscard]] EvidenceRow judge(const core::Impairment& asked, const core::LinkEffect& effect,
                                  const std::string& link) const override {
    const core::FlapSettings& flap = asked.settings.flap;
    const auto range = [](nanoseconds least, nanoseconds most) {
      return least == most ? spec::to_text(least) : fmt::format("{} to {}", spec::to_text(least), spec::to_text(most));
    };
    EvidenceRow row;
    row.what = "flap " + link;
    row.requested = fmt::format("up {}, down {}", range(flap.up_min, flap.up_max), range(flap.down_min, flap.down_max));
    row.measured = fmt::format("down {} times, {} of {} packets refused meanwhile", effect.times_down, effect.refused,
                               effect.offered);
    if (effect.delivered > 0) row.measured += fmt::format(", {} delivered", effect.delivered);
    row.source = "link fabric, packets leaving";
    const bool all = effect.refused == effect.offered && effect.delivered == 0;
    row.judgement = all ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::mismatch;
    return row;
  }
};

}  // namespace

std::unique_ptr<core::Fault> network_flap() { return std::make_unique<Flap>(); }

}  // namespace withstand::faults
