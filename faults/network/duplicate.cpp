#include <fmt/format.h>

#include "core/parameters.hpp"
#include "network/link_fault.hpp"
#include "network/network_faults.hpp"
#include "network/shares.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;

std::vector<spec::Parameter> duplicate_parameters() {
  auto all = choice_parameters("duplicate", "Share of packets that arrive more than once, one way.");
  spec::Parameter copies =
      core::described("copies", spec::ValueType::integer, "How many copies arrive beside the packet.");
  copies.fallback = std::int64_t{1};
  copies.minimum = std::int64_t{1};
  copies.maximum = std::int64_t{16};
  all.push_back(copies);
  return all;
}

core::Documentation duplicate_documentation() {
  return link_documentation(
      "Some packets arrive twice, or more often. A copy takes its own way through the delays of its link, so it may "
      "come much later than the packet. TCP discards copies; UDP and what is built on it must do so themselves.\n\n"
      "Which packets, is a hash of the seed, the fault's name, the link, the connection and the packet's number in "
      "it; with correlation, the packet's number on the link.",
      "Copies written to the receiver's interface, per link, beside what the seed decides.",
      R"([[fault]]
name      = "twice"
kind      = "network.duplicate"
from      = "all"
to        = "any"
duplicate = "10%"
at        = "5s"
for       = "10s"
)");
}

class Duplicate : public LinkFault {
 public:
  Duplicate()
      : LinkFault(link_schema("network.duplicate", "Lets packets of the links it is aimed at arrive more than once.",
                              duplicate_parameters()),
                  duplicate_documentation()) {}

 private:
  [[nodiscard]] core::Impairment impairment(const spec::FaultSpec& fault) const override {
    core::Impairment asked;
    asked.kind = core::Impairment::Kind::duplicate;
    asked.settings.choice = choice_of(fault, "duplicate");
    asked.settings.copies = core::parameter_or<std::int64_t>(fault, "copies", 1);
    return asked;
  }

  [[nodiscard]] EvidenceRow judge(const core::Impairment& asked, const core::LinkEffect& effect,
                                  const std::string& link) const override {
    const core::Choice& choice = asked.settings.choice;
    const auto copies = static_cast<std::uint64_t>(asked.settings.copies);
    const std::uint64_t made = effect.changed_delivered + effect.changed_dropped_later + effect.changed_in_flight;
    const double memory = static_cast<double>(choice.correlation_ppb) / 1e9;
    EvidenceRow row;
    row.what = "duplicate " + link;
    row.requested = spec::to_text(spec::Ratio{choice.ppb});
    if (copies > 1) row.requested += fmt::format(", {} copies each", copies);
    row.measured = share_text(effect.offered, made / copies, memory) +
                   fmt::format(", {} copies arrived", effect.changed_delivered);
    row.source = source_of(effect, "link fabric, packets leaving; recounted from the seed");
    const bool otherwise = is_recounted(effect) && made != effect.decided;
    if (otherwise) row.measured += fmt::format(", but the seed decides {}", effect.decided);
    if (otherwise || improbable_share(effect.offered, made / copies, spec::Ratio{choice.ppb}.fraction(), memory))
      row.judgement = EvidenceRow::Judgement::mismatch;
    else
      row.judgement =
          effect.changed_delivered > 0 ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::informative;
    return row;
  }
};

}  // namespace

std::unique_ptr<core::Fault> network_duplicate() { return std::make_unique<Duplicate>(); }

}  // namespace withstand::faults
