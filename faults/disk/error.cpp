#include <cstring>

#include <fmt/format.h>

#include "core/parameters.hpp"
#include "disk/disk_fault.hpp"
#include "disk/disk_faults.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;

constexpr int most_errors = 133;

spec::TextList error_names() {
  spec::TextList names;
  for (int error = 1; error <= most_errors; ++error)
    if (const char* name = ::strerrorname_np(error)) names.emplace_back(name);
  return names;
}

int error_named(const std::string& text) {
  for (int error = 1; error <= most_errors; ++error)
    if (const char* name = ::strerrorname_np(error); name != nullptr && text == name) return error;
  return 0;
}

std::vector<spec::Parameter> parameters() {
  spec::Parameter error = disk_parameter("error", spec::ValueType::choice, "Which error the operation ends with.");
  error.choices = error_names();
  error.fallback = std::string("EIO");
  error.default_matters = [](const spec::FaultSpec& fault) { return !fault.given.contains("short"); };
  spec::Parameter cut = disk_parameter("short", spec::ValueType::ratio,
                                       "Instead of failing, reads and writes do only this share of what is asked.");
  return {error, cut};
}

core::Documentation error_documentation() {
  return disk_documentation(
      "Lets operations on files fail. Nothing of an operation that fails is done. With `short` reads and writes come "
      "back with less than was asked, as POSIX allows and few programs expect; the rest is left to be asked for again.",
      "Every operation that was struck: which, on what, where, by whom; and that the kernel took as many answers as "
      "were "
      "decided.",
      R"([[fault]]
name  = "full"
kind  = "disk.error"
on    = "any"
operations = ["write", "fallocate"]
path  = "*.log"
error = "ENOSPC"
at    = "5s"
for   = "10s"
)");
}

class Error : public DiskFault {
 public:
  Error()
      : DiskFault(disk_schema("disk.error", "Lets operations on files fail, or do less than was asked.", parameters(),
                              {"read", "write", "fsync", "fdatasync"}),
                  error_documentation()) {}

 private:
  void act(const spec::FaultSpec& fault, core::DiskRule& rule) const override {
    rule.error = error_named(core::parameter_or<std::string>(fault, "error", "EIO"));
    if (const auto share = core::parameter<spec::Ratio>(fault, "short")) {
      rule.action = core::DiskRule::Action::shorten;
      rule.keep_ppb = share->ppb;
    }
  }

  [[nodiscard]] std::vector<spec::KindTable::Objection> own_objections(const spec::FaultSpec& fault) const override {
    if (!core::parameter<spec::Ratio>(fault, "short")) return {};
    if (fault.given.contains("error"))
      return {{"short", {"'error' says already what happens", "leave out one of the two"}}};
    for (const auto& name : core::parameter_or<spec::TextList>(fault, "operations", {}))
      if (fault.given.contains("operations") && name != "read" && name != "write")
        return {{"operations", {name + " cannot be short", "leave it out: read and write can"}}};
    return {};
  }

  [[nodiscard]] EvidenceRow judge(const core::DiskRule& rule, const core::DiskEffect& effect,
                                  const std::string& node) const override {
    EvidenceRow row;
    const bool cut = rule.action == core::DiskRule::Action::shorten;
    row.what = "files of " + node;
    row.requested = fmt::format("{} operations of {}", effect.decided, effect.counted);
    row.measured = cut ? fmt::format("{} cut short", effect.answered)
                       : fmt::format("{} ended with {}", effect.answered, ::strerrorname_np(rule.error));
    row.source = "disk server, replies";
    // An operation of one byte cannot be cut.
    const bool agrees = cut ? effect.answered > 0 : effect.answered == effect.decided;
    row.judgement = agrees ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::mismatch;
    return row;
  }
};

}  // namespace

std::unique_ptr<core::Fault> disk_error() { return std::make_unique<Error>(); }

}  // namespace withstand::faults
