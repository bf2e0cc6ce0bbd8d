#include <fmt/format.h>

#include "core/parameters.hpp"
#include "network/link_fault.hpp"
#include "network/network_faults.hpp"
#include "network/shares.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;
using std::chrono::nanoseconds;

std::vector<spec::Parameter> reorder_parameters() {
  auto all = choice_parameters("reorder", "Share of packets that change places with others, one way.");
  spec::Parameter hold = core::described("hold", spec::ValueType::duration,
                                         "How long packets are held back; those sent meanwhile overtake them.");
  hold.required = true;
  hold.minimum = core::least_wait;
  hold.maximum = nanoseconds(std::chrono::minutes(10));
  spec::Parameter who =
      core::described("held", spec::ValueType::choice,
                      "Who waits: the chosen packets, which arrive late; or all others, so that the chosen "
                      "ones overtake, as netem does.");
  who.choices = {"chosen", "others"};
  who.fallback = std::string("chosen");
  spec::Parameter gap = core::described("gap", spec::ValueType::integer,
                                        "Choose among every so many packets of a connection only: 5 is every fifth.");
  gap.fallback = std::int64_t{1};
  gap.default_matters = core::nowhere;
  gap.minimum = std::int64_t{1};
  gap.maximum = std::int64_t{1'000'000};
  all.insert(all.end(), {hold, who, gap});
  return all;
}

core::Documentation reorder_documentation() {
  return link_documentation(
      "Some packets are held back for a fixed time, so that later ones arrive before them. A packet that nothing "
      "follows within that time is only late: reordering needs traffic. 'gap' chooses among every n-th packet of each "
      "connection only, or of the link where packets come in runs (correlation).\n\n"
      "With held = \"others\" every packet waits but the chosen ones, which overtake: a link that is slow but "
      "sometimes is not. This fault reorders whatever jitter does; network.latency keeps order unless it is told not "
      "to.",
      "Packets that arrived behind one that was sent after them, seen at the receiver's interface (RFC 4737), and "
      "packets chosen, beside what the seed decides.",
      R"([[fault]]
name    = "jumbled"
kind    = "network.reorder"
from    = "all"
to      = "any"
reorder = "20%"
hold    = "5ms"
at      = "5s"
for     = "10s"
)");
}

class Reorder : public LinkFault {
 public:
  Reorder()
      : LinkFault(link_schema("network.reorder", "Lets packets of the links it is aimed at overtake each other.",
                              reorder_parameters()),
                  reorder_documentation()) {}

 private:
  [[nodiscard]] core::Impairment impairment(const spec::FaultSpec& fault) const override {
    core::Impairment asked;
    asked.kind = core::Impairment::Kind::reorder;
    asked.settings.choice = choice_of(fault, "reorder");
    asked.settings.reorder = {.hold = core::parameter_or<nanoseconds>(fault, "hold", {}),
                              .chosen_overtake = core::parameter_or<std::string>(fault, "held", "chosen") == "others",
                              .gap = core::parameter_or<std::int64_t>(fault, "gap", 1)};
    return asked;
  }

  [[nodiscard]] EvidenceRow judge(const core::Impairment& asked, const core::LinkEffect& effect,
                                  const std::string& link) const override {
    const core::Choice& choice = asked.settings.choice;
    const auto gap = static_cast<std::uint64_t>(asked.settings.reorder.gap);
    const std::uint64_t chosen = effect.changed_delivered + effect.changed_dropped_later + effect.changed_in_flight;
    const std::uint64_t candidates = is_recounted(effect) ? effect.candidates : effect.offered / gap;
    const double memory = static_cast<double>(choice.correlation_ppb) / 1e9;
    EvidenceRow row;
    row.what = "reorder " + link;
    row.requested = fmt::format("{}{} {} {}", spec::to_text(spec::Ratio{choice.ppb}),
                                gap > 1 ? " of every " + spec::ordinal(static_cast<std::int64_t>(gap)) : "",
                                asked.settings.reorder.chosen_overtake ? "overtake, others held back" : "held back",
                                spec::to_text(asked.settings.reorder.hold));
    row.measured = fmt::format("{} packets arrived out of order; chosen {}", effect.reordered,
                               share_text(candidates, chosen, memory));
    row.source = source_of(effect, "link fabric, packets leaving; recounted from the seed");
    const bool otherwise = is_recounted(effect) && chosen != effect.decided;
    if (otherwise) row.measured += fmt::format(", but the seed decides {}", effect.decided);
    if (otherwise || improbable_share(candidates, chosen, spec::Ratio{choice.ppb}.fraction(), memory))
      row.judgement = EvidenceRow::Judgement::mismatch;
    else  // Held back without anybody to overtake: late, but nothing was reordered.
      row.judgement = effect.reordered > 0 ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::informative;
    return row;
  }
};

}  // namespace

std::unique_ptr<core::Fault> network_reorder() { return std::make_unique<Reorder>(); }

}  // namespace withstand::faults
