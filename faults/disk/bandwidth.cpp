#include <algorithm>

#include <fmt/format.h>

#include "core/parameters.hpp"
#include "disk/disk_fault.hpp"
#include "disk/disk_faults.hpp"
#include "spec/units.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;

constexpr std::uint64_t bits_per_byte = 8;
/// Where the file says nothing: what comes in so short a time, but a block at least.
constexpr std::uint64_t bursts_per_second = 100, least_burst = 4096;

std::vector<spec::Parameter> bandwidth_parameters() {
  spec::Parameter rate = core::described("rate", spec::ValueType::bandwidth, "How much a node's disk carries.");
  rate.required = true;
  rate.minimum = spec::Bandwidth{bits_per_byte};
  spec::Parameter burst = core::described(
      "burst", spec::ValueType::bytes,
      "How much it takes at once after it was idle; what comes in 10ms, at least 4KiB, when not given.");
  return {rate, burst};
}

core::Documentation bandwidth_documentation() {
  return disk_documentation(
      "Each node's disk reads and writes only so many bytes a second, all files that are meant together: a bucket of "
      "tokens that `burst` is the size of. Operations that find too little in it wait in a queue, in their order, and "
      "keep nobody else from the disk. Reads and writes share it; name one of the two in `operations` to slow only "
      "that, "
      "or give each a fault of its own. There is no page cache in front: a write waits itself, not the fsync behind "
      "it, "
      "and what is read again is read from the disk again.",
      "How many operations waited, and that no more bytes came through, measured where the waiting ended, than the "
      "bucket holds and the rate gives in that time.",
      R"([[fault]]
name  = "narrow"
kind  = "disk.bandwidth"
on    = "any"
rate  = "1MiB/s"
burst = "64KiB"
at    = "5s"
for   = "10s"
)");
}

class Bandwidth : public DiskFault {
 public:
  Bandwidth()
      : DiskFault(disk_schema("disk.bandwidth", "Lets disks carry only so many bytes a second.", bandwidth_parameters(),
                              {"read", "write"}),
                  bandwidth_documentation()) {}

 private:
  void act(const spec::FaultSpec& fault, core::DiskRule& rule) const override {
    const auto rate = core::parameter_or<spec::Bandwidth>(fault, "rate", {});
    rule.action = core::DiskRule::Action::throttle;
    rule.bytes_per_second = static_cast<std::uint64_t>(rate.bits_per_second) / bits_per_byte;
    const auto burst = core::parameter<spec::Bytes>(fault, "burst");
    rule.burst_bytes = burst ? static_cast<std::uint64_t>(burst->count)
                             : std::max(least_burst, rule.bytes_per_second / bursts_per_second);
  }

  [[nodiscard]] std::vector<spec::KindTable::Objection> own_objections(const spec::FaultSpec& fault) const override {
    for (const auto& name : core::parameter_or<spec::TextList>(fault, "operations", {}))
      if (name != "read" && name != "write" && name != "copy")
        return {{"operations", {name + " carries no bytes", "read, write and copy do"}}};
    return {};
  }

  [[nodiscard]] std::string silence(const core::DiskRule& rule, const core::DiskEffect& effect) const override {
    if (effect.counted == 0) return DiskFault::silence(rule, effect);
    return fmt::format("{} operations, {} bytes: none had to wait", effect.counted, effect.carried);
  }

  [[nodiscard]] EvidenceRow judge(const core::DiskRule& rule, const core::DiskEffect& effect,
                                  const std::string& node) const override {
    EvidenceRow row;
    const double seconds = std::chrono::duration<double>(effect.carrying).count();
    const auto bytes = static_cast<double>(effect.carried);
    row.what = "files of " + node;
    row.requested = fmt::format("{} operations of {} later: {:.0f} bytes/s, {} at once", effect.decided, effect.counted,
                                static_cast<double>(rule.bytes_per_second), rule.burst_bytes);
    row.measured =
        fmt::format("{} waited, {} on average, up to {}; {} bytes in {:.2f}s", effect.waited,
                    spec::to_human(effect.waited_mean), spec::to_human(effect.waited_max), effect.carried, seconds);
    if (seconds > 0) row.measured += fmt::format(", {:.0f} bytes/s", bytes / seconds);
    row.source = "disk server, end of waiting";
    const double most = static_cast<double>(rule.burst_bytes) + static_cast<double>(rule.bytes_per_second) * seconds;
    const bool all = effect.waited + effect.waiting + effect.died == effect.decided;
    // An instant is known to the nanosecond, and so are the bytes of its time.
    const bool within = bytes <= most + 1 && effect.waited_mean >= effect.asked_mean;
    row.judgement = all && within ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::mismatch;
    return row;
  }
};

}  // namespace

std::unique_ptr<core::Fault> disk_bandwidth() { return std::make_unique<Bandwidth>(); }

}  // namespace withstand::faults
