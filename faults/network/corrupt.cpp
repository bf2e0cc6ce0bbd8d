#include <fmt/format.h>

#include "core/parameters.hpp"
#include "network/link_fault.hpp"
#include "network/network_faults.hpp"
#include "network/shares.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;
using Where = core::CorruptSettings::Where;

std::vector<spec::Parameter> corrupt_parameters() {
  auto all = choice_parameters("corrupt", "Share of packets that are damaged, one way.");
  spec::Parameter where =
      core::described("where", spec::ValueType::choice,
                      "What is damaged: what the packet carries, its IP and transport headers, or either.");
  where.choices = {"payload", "header", "anywhere"};
  where.fallback = std::string("payload");
  spec::Parameter bits =
      core::described("bits", spec::ValueType::integer, "How many bits are flipped in such a packet.");
  bits.fallback = std::int64_t{1};
  bits.minimum = std::int64_t{1};
  bits.maximum = std::int64_t{64};
  spec::Parameter repair = core::described(
      "repair_checksum", spec::ValueType::boolean,
      "Make the checksums right again: the receiver's kernel sees nothing, its application gets the damage.");
  repair.fallback = false;
  all.insert(all.end(), {where, bits, repair});
  return all;
}

core::Documentation corrupt_documentation() {
  return link_documentation(
      "Some packets arrive with flipped bits. As they are, the receiver's kernel finds the checksum wrong and drops "
      "them: loss by another name, which its counters tell from loss (InCsumErrors). With repair_checksum the "
      "checksums of IP, TCP, UDP and ICMP are made right after the damage, as a broken switch or a bad memory does "
      "it: then the application reads other bytes than were sent, unless a checksum of its own or TLS saves it.\n\n"
      "A packet without payload is left alone by where = \"payload\". Damaged headers are mostly dropped, whatever "
      "their checksum. Which packets and which bits, is a hash of the seed, the fault's name, the link, the "
      "connection and the packet's number in it.",
      "Packets written to the receiver's interface with other bytes than were read from the sender's, per link, "
      "beside what the seed decides.",
      R"([[fault]]
name    = "bad-cable"
kind    = "network.corrupt"
from    = "all"
to      = "any"
corrupt = "2%"
at      = "5s"
for     = "10s"
)");
}

/// The kernel's queues do not count what they damage; who receives it does.
EvidenceRow judge_by_checksums(const core::LinkEffect& effect, EvidenceRow row) {
  row.measured = fmt::format("{} packets offered; the receiver found {} damaged, of all links to it", effect.offered,
                             effect.changed_delivered);
  row.source = "kernel, checksum errors of the receiving network";
  row.judgement = effect.changed_delivered > 0 ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::informative;
  return row;
}

class Corrupt : public LinkFault {
 public:
  Corrupt()
      : LinkFault(
            link_schema("network.corrupt", "Flips bits in packets of the links it is aimed at.", corrupt_parameters()),
            corrupt_documentation()) {}

 private:
  [[nodiscard]] core::Impairment impairment(const spec::FaultSpec& fault) const override {
    const auto where = core::parameter_or<std::string>(fault, "where", "payload");
    core::Impairment asked;
    asked.kind = core::Impairment::Kind::corrupt;
    asked.settings.choice = choice_of(fault, "corrupt");
    asked.settings.corrupt = {.where = where == "header"     ? Where::header
                                       : where == "anywhere" ? Where::anywhere
                                                             : Where::payload,
                              .bits = core::parameter_or<std::int64_t>(fault, "bits", 1),
                              .repaired = core::parameter_or(fault, "repair_checksum", false)};
    return asked;
  }

  [[nodiscard]] EvidenceRow judge(const core::Impairment& asked, const core::LinkEffect& effect,
                                  const std::string& link) const override {
    const core::Choice& choice = asked.settings.choice;
    const std::uint64_t damaged = effect.changed_delivered + effect.changed_dropped_later + effect.changed_in_flight;
    const double memory = static_cast<double>(choice.correlation_ppb) / 1e9;
    EvidenceRow row;
    row.what = "corrupt " + link;
    row.requested = fmt::format("{}, {} bit{}{}", spec::to_text(spec::Ratio{choice.ppb}), asked.settings.corrupt.bits,
                                asked.settings.corrupt.bits == 1 ? "" : "s",
                                asked.settings.corrupt.repaired ? ", checksums repaired" : "");
    if (!is_recounted(effect)) return judge_by_checksums(effect, std::move(row));
    row.measured = share_text(effect.offered, damaged, memory) +
                   fmt::format(", {} arrived with other bytes than were sent", effect.changed_delivered);
    row.source = "link fabric, bytes leaving; recounted from the seed";
    if (damaged != effect.decided) row.measured += fmt::format(", but the seed decides {}", effect.decided);
    if (damaged != effect.decided ||
        improbable_share(effect.offered, damaged, spec::Ratio{choice.ppb}.fraction(), memory))
      row.judgement = EvidenceRow::Judgement::mismatch;
    else
      row.judgement = damaged > 0 ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::informative;
    return row;
  }
};

}  // namespace

std::unique_ptr<core::Fault> network_corrupt() { return std::make_unique<Corrupt>(); }

}  // namespace withstand::faults
