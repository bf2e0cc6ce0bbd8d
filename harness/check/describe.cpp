#include "check/describe.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace withstand::check {

namespace {

constexpr std::size_t most_on = 4;  // nodes or links named before "and n more"
constexpr std::size_t longest_value = 48;

std::string outcome_text(const record::Operation& operation) {
  const std::string& why = operation.error;
  switch (operation.outcome) {
    case record::Outcome::ok:
      return operation.op == "write" ? " (acknowledged)" : "";
    case record::Outcome::fail:
      return fmt::format(" (failed: {})", why.empty() ? "no reason given" : why);
    case record::Outcome::info:
      return fmt::format(" (outcome unknown: {})", why.empty() ? "no answer" : why);
    case record::Outcome::dropped:
      break;
  }
  return " (never sent)";
}

std::string verb_text(const record::Operation& operation) {
  const bool done = operation.outcome == record::Outcome::ok;
  if (operation.op == "write") return done ? "wrote" : "tried to write";
  if (operation.op == "read") return done ? "read" : "tried to read";
  return operation.op;
}

bool active(const FaultWindow& fault, Window when) {
  return fault.window.from <= when.to && fault.window.to > when.from;
}

/// All of a long list are in the journal; an explanation is to be read.
std::string list_text(const std::vector<std::string>& on) {
  const auto named = on.begin() + static_cast<std::ptrdiff_t>(std::min(on.size(), most_on));
  const std::string text = fmt::format("{}", fmt::join(on.begin(), named, ", "));
  return on.size() <= most_on ? text : fmt::format("{} and {} more", text, on.size() - most_on);
}

}  // namespace

std::string time_text(std::int64_t t, std::span<const PhaseWindow> phases) {
  if (t == std::numeric_limits<std::int64_t>::max()) return "the end";
  const PhaseWindow* in = nullptr;
  for (const PhaseWindow& phase : phases) {
    if (phase.window.from > t) break;
    in = &phase;
    if (t <= phase.window.to) break;
  }
  if (in == nullptr) return fmt::format("{:.6f}s", static_cast<double>(t) / 1e9);
  return fmt::format("{}+{:.6f}s", in->phase, static_cast<double>(t - in->window.from) / 1e9);
}

std::string value_text(const std::optional<std::string>& value) {
  if (!value) return "nothing";
  if (value->size() <= longest_value) return fmt::format("\"{}\"", *value);
  return fmt::format("\"{}…\" ({} bytes)", value->substr(0, longest_value), value->size());
}

std::string describe(const record::Operation& operation, std::span<const PhaseWindow> phases) {
  const bool asks = operation.op == "read" && operation.outcome != record::Outcome::ok;
  return fmt::format("process {} {}{}{} from {} to {}{}", operation.process, verb_text(operation),
                     asks ? "" : " " + value_text(operation.value),
                     operation.node.empty() ? "" : " through " + operation.node, time_text(operation.sent, phases),
                     time_text(operation.done, phases), outcome_text(operation));
}

bool any_fault_active(std::span<const FaultWindow> faults, Window when) {
  return std::any_of(faults.begin(), faults.end(), [&](const FaultWindow& fault) { return active(fault, when); });
}

std::string faults_active(std::span<const FaultWindow> faults, Window when, std::span<const PhaseWindow> phases) {
  std::string text;
  for (const FaultWindow& fault : faults) {
    if (!active(fault, when)) continue;
    const std::string on = fault.on.empty() ? "" : " on " + list_text(fault.on);
    text += fmt::format("{}{} ({}{}) from {} to {}", text.empty() ? "" : "; ", fault.fault, fault.kind, on,
                        time_text(fault.window.from, phases), time_text(fault.window.to, phases));
  }
  return text.empty() ? "no fault was active then" : "active then: " + text;
}

}  // namespace withstand::check
