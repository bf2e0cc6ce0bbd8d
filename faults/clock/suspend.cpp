#include <fmt/format.h>

#include "clock/clock_fault.hpp"
#include "clock/clock_faults.hpp"
#include "core/lab.hpp"
#include "core/parameters.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;

/// Readings of several clocks that stand for one instant.
constexpr std::int64_t tolerance_ns = 5'000;

class SuspendInjection : public core::Injection {
 public:
  SuspendInjection(const core::Context& context, spec::Duration sleep) : lab_(context.lab), sleep_(sleep) {
    for (const core::NodeId node : context.aim.on) {
      auto& asleep = asleep_.emplace_back();
      asleep.node = node;
      asleep.pause = lab_.pause(node, context.fault.name);
      asleep.since = core::now();
      asleep.proof = asleep.pause->proof();
    }
  }

  [[nodiscard]] core::Evidence observe() override {
    core::Evidence evidence;
    for (auto& each : asleep_) {
      if (!awake_) each.proof = each.pause->proof();
      evidence.rows.push_back(pause_row(each));
      if (!awake_) continue;
      const auto effect = lab_.clocks().effect(each.handle);
      if (effect.measured) each.effect = effect;  // a node that has ended has nobody left to see its clock
      add_clock_row(each, evidence);
      add_call_rows(each.effect, lab_.topology().at(each.node).name, evidence);
    }
    return evidence;
  }

  /// The clocks are changed first, so that nothing in the node sees what was before.
  void revert() override {
    if (awake_) return;
    for (auto& each : asleep_) {
      each.proof = each.pause->proof();
      core::ClockChange change;
      change.kind = core::ClockChange::Kind::suspend;
      change.by = sleep_.count();
      change.since = each.since.count();
      try {
        each.handle = lab_.clocks().add(each.node, change);
      } catch (const std::invalid_argument& error) {
        each.pause->resume();
        throw core::CannotAim(error.what());
      }
      each.effect = lab_.clocks().effect(each.handle);
      each.slept = each.effect.switched - each.since;
    }
    for (auto& each : asleep_) each.pause->resume();
    awake_ = true;
  }

 private:
  struct Asleep {
    core::NodeId node = 0;
    std::unique_ptr<core::Pause> pause;
    core::Instant since{};
    std::chrono::nanoseconds slept{};
    core::Pause::Proof proof;
    core::Clocks::Handle handle = 0;
    core::ClockEffect effect;
  };

  [[nodiscard]] EvidenceRow pause_row(const Asleep& each) const {
    EvidenceRow row;
    row.what = "sleep of " + lab_.topology().at(each.node).name;
    row.requested = "every process stopped";
    row.measured = each.pause->mechanism() + ": " + each.proof.text;
    row.source = "kernel: /proc and cgroup.events, read outside the node";
    row.judgement = each.proof.holds ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::absent;
    return row;
  }

  void add_clock_row(const Asleep& each, core::Evidence& evidence) const {
    EvidenceRow row;
    row.what = "clocks of " + lab_.topology().at(each.node).name;
    const auto slept = spec::Duration(each.slept.count());
    row.requested = fmt::format("asleep {}, which CLOCK_MONOTONIC does not count",
                                spec::to_text(sleep_.count() == 0 ? slept : sleep_));
    row.source = "memory of a process of the node, beside the machine's clocks";
    const auto& effect = each.effect;
    if (!effect.measured) {
      row.measured = "no process of the node sees its clock";
      row.judgement = EvidenceRow::Judgement::absent;
    } else {
      row.measured = fmt::format("beside the machine's: CLOCK_MONOTONIC {}, CLOCK_BOOTTIME {}, CLOCK_REALTIME {} in {}",
                                 seconds_text(effect.steady_measured_ns), seconds_text(effect.boot_measured_ns),
                                 seconds_text(effect.measured_ns), effect.sample);
      const auto off = [](std::int64_t a, std::int64_t b) { return std::abs(a - b) > tolerance_ns; };
      const bool wrong = off(effect.steady_measured_ns, effect.steady_requested_ns) ||
                         off(effect.boot_measured_ns, effect.boot_requested_ns) ||
                         off(effect.measured_ns, effect.requested_ns);
      row.judgement = wrong ? EvidenceRow::Judgement::mismatch : EvidenceRow::Judgement::agrees;
    }
    evidence.rows.push_back(row);
  }

  core::Lab& lab_;
  spec::Duration sleep_;
  std::vector<Asleep> asleep_;
  bool awake_ = false;
};

std::vector<spec::Parameter> suspend_parameters() {
  spec::Parameter sleep = core::described(
      "sleep", spec::ValueType::duration,
      "How long the machine has slept, as its clocks tell afterwards; without, as long as the fault lasts.");
  sleep.minimum = spec::Duration(std::chrono::milliseconds(1));
  sleep.maximum = spec::Duration(std::chrono::hours(24 * 365 * 10));
  return {sleep};
}

spec::KindSchema suspend_schema() {
  auto made = core::nodes_schema("clock.suspend", "A node's machine is suspended and wakes up.", suspend_parameters());
  made.takes_down = true;
  return made;
}

core::Documentation suspend_documentation() {
  auto made = clock_documentation(
      "As when a laptop's lid is closed, or a virtual machine is saved and resumed: every process of the node is "
      "frozen for as long as the fault lasts. When it ends, CLOCK_MONOTONIC and CLOCK_MONOTONIC_RAW go on from where "
      "they stood, CLOCK_REALTIME, CLOCK_TAI and CLOCK_BOOTTIME have gone on: by as much as the node was frozen, or by "
      "`sleep`, so that a night is over in a second. Whoever measures a lease by CLOCK_MONOTONIC does not know that it "
      "has run out. Timers that asked to be cancelled when the clock is set are.\n\n"
      "What the sleep has moved stays moved for the rest of the run. Waits for a span (poll, nanosleep) that were "
      "under "
      "way count the time that the node was frozen. In nodes of this fault's experiments every wait until an instant, "
      "by whatever clock, is asked about, which costs some 10 to 100 µs each.",
      "Read outside the node just before it goes on: that it stood still; then what a process of the node sees of the "
      "three clocks, beside the machine's.",
      "[[fault]]\nname  = \"lid\"\nkind  = \"clock.suspend\"\non    = \"any\"\nsleep = \"8h\"\nat    = \"2s\"\n"
      "for   = \"3s\"\n");
  const std::string others = " CLOCK_MONOTONIC and its like go on as the machine's.";
  if (const auto place = made.text.find(others); place != std::string::npos) made.text.erase(place, others.size());
  return made;
}

class Suspend : public core::DescribedFault {
 public:
  Suspend() : DescribedFault(suspend_schema(), suspend_documentation()) {}

  /// The node's filter has to ask about more than those of other clock faults.
  [[nodiscard]] std::vector<core::Claim> claims(const spec::FaultSpec&, const core::Topology& topology) const override {
    return {{core::Claim::Medium::clock, topology.targets(), {}},
            {core::Claim::Medium::filter, topology.targets(), {}}};
  }
  [[nodiscard]] std::unique_ptr<core::Injection> inject(const core::Context& context) const override {
    return std::make_unique<SuspendInjection>(context, core::parameter_or<spec::Duration>(context.fault, "sleep", {}));
  }
};

}  // namespace

std::unique_ptr<core::Fault> clock_suspend() { return std::make_unique<Suspend>(); }

}  // namespace withstand::faults
