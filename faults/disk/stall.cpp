#include <fmt/format.h>

#include "disk/disk_fault.hpp"
#include "disk/disk_faults.hpp"
#include "spec/units.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;

core::Documentation stall_documentation() {
  return disk_documentation(
      "Operations on files hang until the fault ends, as at a disk that has stopped to answer: then they are done. A "
      "process that hangs cannot be disturbed by signals, but killed.",
      "How many operations hung and for how long, measured where their waiting ended.",
      R"([[fault]]
name = "hung-disk"
kind = "disk.stall"
on   = "any"
at   = "5s"
for  = "3s"
)");
}

class Stall : public DiskFault {
 public:
  Stall()
      : DiskFault(disk_schema("disk.stall", "Lets operations on files hang while it lasts.", {},
                              {"read", "write", "fsync", "fdatasync"}),
                  stall_documentation()) {}

 private:
  void act(const spec::FaultSpec& /*fault*/, core::DiskRule& rule) const override {
    rule.action = core::DiskRule::Action::stall;
  }

  [[nodiscard]] EvidenceRow judge(const core::DiskRule& /*rule*/, const core::DiskEffect& effect,
                                  const std::string& node) const override {
    EvidenceRow row;
    row.what = "files of " + node;
    row.requested = fmt::format("{} operations of {} hang", effect.decided, effect.counted);
    row.measured = fmt::format("{} hang, {} hung for up to {}, {} until they were killed", effect.waiting,
                               effect.waited, spec::to_human(effect.waited_max), effect.died);
    row.source = "disk server, end of waiting";
    const bool all = effect.waited + effect.waiting + effect.died == effect.decided;
    row.judgement = all ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::mismatch;
    return row;
  }
};

}  // namespace

std::unique_ptr<core::Fault> disk_stall() { return std::make_unique<Stall>(); }

}  // namespace withstand::faults
