#include "clock/clock_fault.hpp"

#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/parameters.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;

/// Two readings of the machine's clocks that stand for one instant are some ten nanoseconds apart, on a busy machine
/// more; a fast clock makes that so much more.
constexpr std::int64_t tolerance = 5'000;

std::int64_t tolerance_of(const core::ClockChange& change) {
  return tolerance * (1 + std::abs(change.rate_ppb) / 1'000'000'000);
}

std::string count(std::uint64_t number, const char* what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

EvidenceRow programs_row(const core::ClockEffect& effect, const std::string& node) {
  EvidenceRow row;
  row.what = "programs of " + node;
  row.requested = "all live by the node's clock";
  row.measured = fmt::format("{} given it as they were executed, in {:.2f} ms each; {} of {} processes have it",
                             count(effect.programs, "program"), static_cast<double>(effect.injection_ns) / 1e6,
                             effect.covered, effect.processes);
  row.source = "kernel: seccomp notifications of exec, memory of the processes";
  if (effect.escaped > 0) {
    row.measured += fmt::format("; {} on the machine's clock", effect.escaped);
    for (const auto& escape : effect.escapes) row.measured += ", " + escape;
    row.judgement = EvidenceRow::Judgement::mismatch;
  }
  return row;
}

EvidenceRow calls_row(const core::ClockEffect& effect, const std::string& node) {
  EvidenceRow row;
  row.what = "system calls of " + node;
  row.requested = "as its clock says";
  row.measured =
      fmt::format("{} of a clock answered, {} and {} converted, {} converted again", count(effect.reads, "reading"),
                  count(effect.waits, "wait"), count(effect.timers, "timer"), effect.woken);
  if (effect.refused_sets > 0)
    row.measured += fmt::format(", {} refused to set it", count(effect.refused_sets, "call"));
  if (effect.rings > 0) row.measured += ", time-outs of io_uring are not seen";
  if (!effect.counter_readers.empty())
    row.measured += fmt::format(", the time stamp counter that {} may read is the processor's own",
                                fmt::join(effect.counter_readers, ", "));
  row.source = "clock supervisor";
  return row;
}

}  // namespace

void add_call_rows(const core::ClockEffect& effect, const std::string& node, core::Evidence& evidence) {
  evidence.rows.push_back(programs_row(effect, node));
  const auto calls = effect.reads + effect.waits + effect.timers + effect.woken + effect.refused_sets + effect.rings;
  if (calls > 0 || !effect.counter_readers.empty()) evidence.rows.push_back(calls_row(effect, node));
}

ClockInjection::ClockInjection(const core::Context& context, const core::ClockChange& change, std::string requested,
                               MoreRows more)
    : lab_(context.lab), requested_(std::move(requested)), more_(std::move(more)), tolerance_ns_(tolerance_of(change)) {
  for (const core::NodeId node : context.aim.on) {
    try {
      clocks_.push_back({node, lab_.clocks().add(node, change), {}, {}});
    } catch (const std::invalid_argument& error) {
      throw core::CannotAim(error.what());
    }
  }
  for (auto& clock : clocks_) look(clock);  // its target may end by what it sees
}

void ClockInjection::look(Clock& clock) {
  clock.last = lab_.clocks().effect(clock.handle);
  if (clock.last.measured) clock.seen = clock.last;
}

core::Evidence ClockInjection::observe() {
  core::Evidence evidence;
  for (auto& clock : clocks_) {
    if (!reverted_) look(clock);
    add_rows(clock, evidence);
  }
  return evidence;
}

void ClockInjection::add_rows(const Clock& clock, core::Evidence& evidence) const {
  const std::string& name = lab_.topology().at(clock.node).name;
  EvidenceRow row;
  row.what = "clock of " + name;
  row.requested = requested_;
  row.source = "memory of a process of the node, beside the machine's clock";
  if (!clock.seen.measured) {
    row.measured = clock.last.processes == 0 ? "no process of the node was there to see it"
                                             : "none of the node's processes sees its clock";
    row.judgement = EvidenceRow::Judgement::absent;
  } else {
    row.measured = fmt::format("{} in {}, asked for {}", seconds_text(clock.seen.measured_ns), clock.seen.sample,
                               seconds_text(clock.seen.requested_ns));
    const bool agrees = std::abs(clock.seen.measured_ns - clock.seen.requested_ns) <= tolerance_ns_;
    row.judgement = agrees ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::mismatch;
    const auto late = clock.seen.published - clock.seen.switched;
    if (late.count() > 0)
      row.measured += fmt::format("; seen by all {:.3f} ms late", static_cast<double>(late.count()) / 1e6);
  }
  evidence.rows.push_back(row);
  add_call_rows(clock.last, name, evidence);
  if (more_) more_(clock.last, name, evidence);
}

void ClockInjection::revert() {
  if (reverted_) return;
  for (auto& clock : clocks_) {
    look(clock);
    lab_.clocks().remove(clock.handle);
  }
  reverted_ = true;
}

std::vector<core::Claim> ClockFault::claims(const spec::FaultSpec&, const core::Topology& topology) const {
  return {{core::Claim::Medium::clock, topology.targets(), {}}};
}

std::unique_ptr<core::Injection> ClockFault::inject(const core::Context& context) const {
  return std::make_unique<ClockInjection>(context, change(context.fault), in_words(context.fault),
                                          more_rows(context.fault));
}

ClockInjection::MoreRows ClockFault::more_rows(const spec::FaultSpec&) const { return {}; }

core::Documentation clock_documentation(std::string text, std::string evidence, std::string example) {
  core::Documentation documentation;
  documentation.text = std::move(text) +
                       "\n\nEvery program of the node sees it from its first instruction on, however it reads the "
                       "time: through the C library, a copy of it, or a system call; CLOCK_REALTIME, its coarse and "
                       "alarm forms, CLOCK_TAI, gettimeofday and time agree. CLOCK_MONOTONIC and its like go on as "
                       "the machine's. Waits until an instant (clock_nanosleep, conditions, mutexes, semaphores, "
                       "queues, timers) follow the node's clock, those under way too. The machine's clock is never "
                       "touched.\n\nNot covered, and then told in the evidence: 32-bit programs, programs that are "
                       "traced by others (strace, gdb); told: time-outs of io_uring, code that reads the processor's "
                       "time stamp counter. Time stamps of files are "
                       "the node's clock's where the experiment has a fault on its disk as well, else the machine's.";
  documentation.evidence = std::move(evidence);
  documentation.example = std::move(example);
  documentation.requirements = {"namespaces", "seccomp-notify", "ptrace"};
  return documentation;
}

spec::Parameter by_parameter(std::string summary) {
  constexpr auto far = std::chrono::hours(24 * 365 * 250);
  spec::Parameter by = core::described("by", spec::ValueType::duration, std::move(summary));
  by.required = true;
  by.minimum = -spec::Duration(far);
  by.maximum = spec::Duration(far);
  return by;
}

std::int64_t by_of(const spec::FaultSpec& fault) { return core::parameter_or<spec::Duration>(fault, "by", {}).count(); }

std::vector<spec::KindTable::Objection> objections_to_by(const spec::FaultSpec& fault) {
  if (by_of(fault) != 0) return {};
  return {{"by", {"a jump of nothing has no effect", "say how far the clock jumps"}}};
}

std::string ahead_in_words(std::int64_t ns) {
  return fmt::format("{} {}", spec::to_text(spec::Duration(std::abs(ns))), ns < 0 ? "behind" : "ahead");
}

std::string seconds_text(std::int64_t ns) {
  const auto size = static_cast<std::uint64_t>(std::abs(ns));
  return fmt::format("{}{}.{:09} s", ns < 0 ? '-' : '+', size / 1'000'000'000, size % 1'000'000'000);
}

}  // namespace withstand::faults
