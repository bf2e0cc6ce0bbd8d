#include <fmt/format.h>

#include "core/parameters.hpp"
#include "disk/disk_fault.hpp"
#include "disk/disk_faults.hpp"
#include "spec/units.hpp"

namespace withstand::faults {
namespace {

using core::DiskOperation;
using core::EvidenceRow;
using Objections = std::vector<spec::KindTable::Objection>;

std::vector<spec::Parameter> full_parameters() {
  spec::Parameter free =
      core::described("free", spec::ValueType::bytes, "How much room is left when it begins; \"0B\" is none.");
  spec::Parameter inodes =
      core::described("inodes", spec::ValueType::integer, "How many more files and folders can be made then.");
  inodes.minimum = std::int64_t{0};
  spec::Parameter folder = core::described("folder", spec::ValueType::text,
                                           "Only for what is in this folder, from the data directory: a quota.");
  return {free, inodes, folder};
}

core::Documentation full_documentation() {
  return disk_documentation(
      "There is only so much room. What nodes store takes the blocks it really has: sparse files those that are "
      "written, files of which blocks were allocated beforehand no more when these are filled, links no second time; "
      "what is unlinked, truncated or punched gives its room back, at once or when its last descriptor is closed. "
      "statfs (df) tells how much is left. A write that finds less room than it needs is cut to what there is, the "
      "next "
      "one ends with ENOSPC, as allocations do that do not fit. With `folder` it is a quota: EDQUOT, and only "
      "there.\n\n"
      "What is written to mapped pages is refused when the kernel writes it back, which shows at the next fsync, not "
      "at "
      "the access. Room for extended attributes is not counted.",
      "Every operation that was refused or cut: which, on what, where, by whom; that the kernel took as many answers; "
      "and "
      "how much was left at the least.",
      R"([[fault]]
name = "full"
kind = "disk.full"
on   = "any"
free = "64KiB"
at   = "5s"
for  = "10s"
)");
}

class Full : public DiskFault {
 public:
  Full()
      : DiskFault(
            core::nodes_schema("disk.full", "Leaves disks, or folders on them, only so much room.", full_parameters()),
            full_documentation()) {}

 private:
  [[nodiscard]] core::DiskOperations operations(const spec::FaultSpec& /*fault*/) const override {
    return {DiskOperation::write,     DiskOperation::create, DiskOperation::mknod,
            DiskOperation::mkdir,     DiskOperation::link,   DiskOperation::truncate,
            DiskOperation::fallocate, DiskOperation::copy,   DiskOperation::symlink};
  }

  void act(const spec::FaultSpec& fault, core::DiskRule& rule) const override {
    rule.action = core::DiskRule::Action::limit;
    rule.space.folder = core::parameter_or<std::string>(fault, "folder", "");
    while (rule.space.folder.ends_with('/')) rule.space.folder.pop_back();
    if (const auto free = core::parameter<spec::Bytes>(fault, "free"))
      rule.space.free_bytes = static_cast<std::uint64_t>(free->count);
    if (const auto inodes = core::parameter<std::int64_t>(fault, "inodes"))
      rule.space.free_inodes = static_cast<std::uint64_t>(*inodes);
  }

  [[nodiscard]] Objections own_objections(const spec::FaultSpec& fault) const override {
    if (!fault.parameters.contains("free") && !fault.parameters.contains("inodes"))
      return {{"free", {"it does not say how much is left", "give 'free', 'inodes' or both"}}};
    const auto folder = core::parameter_or<std::string>(fault, "folder", "data");
    if (folder.empty() || folder.starts_with('/') || ("/" + folder + "/").find("/../") != std::string::npos)
      return {{"folder", {"it is no folder below the data directory", "say it from there, like \"wal\""}}};
    return {};
  }

  [[nodiscard]] std::string silence(const core::DiskRule& rule, const core::DiskEffect& effect) const override {
    const std::string left = in_words(rule, effect.least_bytes, effect.least_inodes);
    std::string text = fmt::format("nothing asked for more room than there was: at the least {} were left", left);
    if (!rule.space.folder.empty()) text += " in " + rule.space.folder;
    if (!effect.nearest.empty()) text += "; used: " + effect.nearest.front();
    return text;
  }

  static std::string in_words(const core::DiskRule& rule, std::uint64_t bytes, std::uint64_t inodes) {
    std::string text;
    if (rule.space.free_bytes != core::DiskRule::no_end) text = fmt::format("{} bytes", bytes);
    if (rule.space.free_inodes == core::DiskRule::no_end) return text;
    return fmt::format("{}{}{} inodes", text, text.empty() ? "" : " and ", inodes);
  }

  [[nodiscard]] EvidenceRow judge(const core::DiskRule& rule, const core::DiskEffect& effect,
                                  const std::string& node) const override {
    EvidenceRow row;
    row.what = "disk of " + node;
    row.requested = fmt::format("{} left at first; {} operations refused or cut",
                                in_words(rule, rule.space.free_bytes, rule.space.free_inodes), effect.decided);
    row.measured = fmt::format("{} answered so; {} left at the least, {} now", effect.answered,
                               in_words(rule, effect.least_bytes, effect.least_inodes),
                               in_words(rule, effect.left_bytes, effect.left_inodes));
    row.source = "disk server, replies";
    row.judgement =
        effect.answered == effect.decided ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::mismatch;
    return row;
  }
};

}  // namespace

std::unique_ptr<core::Fault> disk_full() { return std::make_unique<Full>(); }

}  // namespace withstand::faults
