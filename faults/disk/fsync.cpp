#include <fmt/format.h>

#include "disk/disk_fault.hpp"
#include "disk/disk_faults.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;

core::Documentation fsync_documentation() {
  return disk_documentation(
      "A disk that says yes and does nothing: fsync, fdatasync and the fsync of folders come back at once with "
      "success, "
      "and nothing is made durable. By itself this only makes a node faster; what it loses shows when the power goes "
      "while it lasts.",
      "Every call that was struck, and that the kernel took as many answers as were decided.",
      R"([[fault]]
name = "liar"
kind = "disk.fsync"
on   = "any"
at   = "5s"
for  = "10s"
)");
}

class LyingSync : public DiskFault {
 public:
  LyingSync()
      : DiskFault(
            disk_schema("disk.fsync", "Lets fsync say yes and do nothing.", {}, {"fsync", "fdatasync", "fsyncdir"}),
            fsync_documentation()) {}

 private:
  void act(const spec::FaultSpec& /*fault*/, core::DiskRule& rule) const override {
    rule.action = core::DiskRule::Action::pretend;
  }

  [[nodiscard]] std::vector<spec::KindTable::Objection> own_objections(const spec::FaultSpec& fault) const override {
    const auto names = fault.parameters.find("operations");
    if (names == fault.parameters.end()) return {};
    for (const auto& name : std::get<spec::TextList>(names->second))
      if (name != "fsync" && name != "fdatasync" && name != "fsyncdir")
        return {{"operations", {name + " makes nothing durable", "only fsync, fdatasync and fsyncdir do"}}};
    return {};
  }

  [[nodiscard]] EvidenceRow judge(const core::DiskRule& /*rule*/, const core::DiskEffect& effect,
                                  const std::string& node) const override {
    EvidenceRow row;
    row.what = "syncs of " + node;
    row.requested = fmt::format("{} calls of {}", effect.decided, effect.counted);
    row.measured = fmt::format("{} told that all is well", effect.answered);
    row.source = "disk server, replies";
    row.judgement =
        effect.answered == effect.decided ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::mismatch;
    return row;
  }
};

}  // namespace

std::unique_ptr<core::Fault> disk_fsync() { return std::make_unique<LyingSync>(); }

}  // namespace withstand::faults
