#include <map>

#include <fmt/format.h>

#include "core/parameters.hpp"
#include "disk/disk_fault.hpp"
#include "disk/disk_faults.hpp"

namespace withstand::faults {
namespace {

using core::DiskOperation;
using core::EvidenceRow;
using Kind = core::DiskRule::Damage::Kind;
using Place = core::DiskRule::Damage::Place;
using Objections = std::vector<spec::KindTable::Objection>;

const std::map<std::string, Kind>& kinds() {
  static const std::map<std::string, Kind> all{
      {"bad-sector", Kind::bad_sector}, {"bits", Kind::bits},   {"misdirected", Kind::misdirected},
      {"noise", Kind::noise},           {"stale", Kind::stale}, {"zeros", Kind::zeros}};
  return all;
}

const std::map<std::string, Place>& places() {
  static const std::map<std::string, Place> all{
      {"reads", Place::read}, {"stored", Place::rest}, {"writes", Place::write}};
  return all;
}

Kind kind_of(const spec::FaultSpec& fault) {
  return kinds().at(core::parameter_or<std::string>(fault, "damage", "bits"));
}
Place place_of(const spec::FaultSpec& fault) {
  return places().at(core::parameter_or<std::string>(fault, "of", "reads"));
}

std::vector<spec::Parameter> corrupt_parameters() {
  spec::Parameter damage = core::described(
      "damage", spec::ValueType::choice,
      "bits: some are flipped; zeros, noise: a block of these; stale: a block as it was before it was last written; "
      "misdirected: another block of the file; bad-sector: EIO until the block is written anew.");
  for (const auto& [name, kind] : kinds()) damage.choices.push_back(name);
  damage.fallback = std::string("bits");
  spec::Parameter of = core::described("of", spec::ValueType::choice,
                                       "What is damaged: what reads get, what writes bring, or what is stored, once.");
  for (const auto& [name, place] : places()) of.choices.push_back(name);
  of.fallback = std::string("reads");
  of.default_matters = [](const spec::FaultSpec& fault) { return kind_of(fault) != Kind::bad_sector; };
  spec::Parameter bits = core::described("bits", spec::ValueType::integer, "How many bits of each operation or block.");
  bits.minimum = std::int64_t{1};
  bits.maximum = std::int64_t{512};
  bits.fallback = std::int64_t{1};
  bits.default_matters = [](const spec::FaultSpec& fault) { return kind_of(fault) == Kind::bits; };
  spec::Parameter block = core::described("block", spec::ValueType::bytes, "How large blocks are.");
  block.minimum = spec::Bytes{1};
  block.maximum = spec::Bytes{1 << 20};
  block.fallback = spec::Bytes{4096};
  spec::Parameter stripe = core::described(
      "stripe", spec::ValueType::bytes,
      "So many bytes of each file may be damaged on the first of the nodes only, the next on the second, "
      "and so on in turn: all are damaged, but no byte on two of them.");
  stripe.minimum = spec::Bytes{1};
  return {damage, of, bits, block, stripe};
}

core::Documentation corrupt_documentation() {
  return disk_documentation(
      "Data is not what it should be, and nothing says so. Of each operation that is struck one block is damaged, or a "
      "few bits are; `probability` and the other parameters choose operations. Of `stored` data each block of each "
      "file "
      "that matches is damaged by `probability`, when the fault begins; it stays so when it ends. A `stale` write is "
      "one that got lost, a `misdirected` one went to another place; both were acknowledged.\n\n"
      "Of `bad-sector` `probability` says which blocks there are: always the same, by the seed, the file's name and "
      "the "
      "place. A read that touches one ends with EIO, a write that brings the whole of it, or all there is of the file "
      "in "
      "it, heals it, and one that brings less ends with EIO, since the rest would have to be read.",
      "Every piece that was damaged: the file, where in it, what became of it, and who read or wrote it; counted where "
      "replies and writes pass, and of what is stored by reading it again.",
      R"([[fault]]
name   = "rot"
kind   = "disk.corrupt"
on     = "all"
damage = "bits"
of     = "reads"
path   = "*.log"
probability = "10%"
stripe = "64KiB"
at     = "5s"
for    = "10s"
)");
}

class Corrupt : public DiskFault {
 public:
  Corrupt()
      : DiskFault(disk_schema("disk.corrupt", "Damages what is read, written or stored.", corrupt_parameters(), {}),
                  corrupt_documentation()) {}

 private:
  [[nodiscard]] core::DiskOperations operations(const spec::FaultSpec& fault) const override {
    const Kind kind = kind_of(fault);
    if (kind == Kind::bad_sector) return {DiskOperation::read, DiskOperation::write};
    if (place_of(fault) == Place::write) return {DiskOperation::write};
    if (kind == Kind::stale) return {DiskOperation::read, DiskOperation::write};
    return {DiskOperation::read};  // of what is stored too: no page cache may hide it
  }

  void act(const spec::FaultSpec& fault, core::DiskRule& rule) const override {
    rule.action = core::DiskRule::Action::damage;
    auto& damage = rule.damage;
    damage.kind = kind_of(fault);
    damage.place = place_of(fault);
    damage.bits = static_cast<std::uint32_t>(core::parameter_or<std::int64_t>(fault, "bits", 1));
    damage.block = static_cast<std::uint64_t>(core::parameter_or<spec::Bytes>(fault, "block", {4096}).count);
    damage.stripe = static_cast<std::uint64_t>(core::parameter_or<spec::Bytes>(fault, "stripe", {0}).count);
  }

  [[nodiscard]] Objections own_objections(const spec::FaultSpec& fault) const override {
    Objections all;
    const Kind kind = kind_of(fault);
    const Place place = place_of(fault);
    if (kind == Kind::bad_sector && place != Place::read)
      all.push_back({"of", {"bad sectors are met by reads, and healed by writes", "leave out 'of'"}});
    if (kind == Kind::stale && place == Place::rest)
      all.push_back({"of", {"of what is stored nothing older is kept", "say 'reads' or 'writes'"}});
    if (kind != Kind::bits && fault.given.contains("bits"))
      all.push_back({"bits", {"it damages blocks, not bits", "leave it out, or say damage = \"bits\""}});
    const auto block = core::parameter_or<spec::Bytes>(fault, "block", {4096}).count;
    const auto stripe = core::parameter_or<spec::Bytes>(fault, "stripe", {0}).count;
    if (block > 0 && stripe % block != 0)
      all.push_back({"stripe", {"blocks would be half one node's", "let it be a multiple of 'block'"}});
    if (place != Place::rest) return all;
    if (!fault.given.contains("probability"))
      all.push_back({"of", {"it does not say how much of what is stored", "give 'probability': of each block"}});
    for (const char* name : {"process", "nth", "first", "last", "step", "after_bytes"})
      if (fault.given.contains(name))
        all.push_back({name, {"of what is stored there are no operations to choose", "leave it out"}});
    return all;
  }

  [[nodiscard]] EvidenceRow judge(const core::DiskRule& rule, const core::DiskEffect& effect,
                                  const std::string& node) const override {
    EvidenceRow row;
    row.what = "files of " + node;
    row.source = "disk server, replies";
    const bool bad_sectors = rule.damage.kind == Kind::bad_sector, stored = rule.damage.place == Place::rest;
    row.requested = fmt::format("{} {} of {}", effect.decided, stored ? "blocks" : "operations", effect.counted);
    if (bad_sectors) {
      row.measured = fmt::format("{} ended with EIO, {} sectors written anew", effect.answered, effect.healed);
    } else if (stored) {
      row.measured = fmt::format("{} read back as damaged", effect.answered);
      row.source = "the files, read again";
    } else {
      row.measured = fmt::format("{} damaged", effect.answered);
    }
    if (effect.missed > 0) row.measured += fmt::format(", {} had none of these bytes in the end", effect.missed);
    const bool all = effect.answered + effect.missed == effect.decided && effect.answered > 0;
    row.judgement = all ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::mismatch;
    return row;
  }
};

}  // namespace

std::unique_ptr<core::Fault> disk_corrupt() { return std::make_unique<Corrupt>(); }

}  // namespace withstand::faults
