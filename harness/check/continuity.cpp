#include "check/continuity.hpp"

#include <algorithm>
#include <vector>

namespace withstand::check {

namespace {

std::span<const Sample> due_from(std::span<const Sample> samples, std::int64_t from) {
  const auto first = std::lower_bound(samples.begin(), samples.end(), from,
                                      [](const Sample& sample, std::int64_t t) { return sample.intended < t; });
  return samples.subspan(static_cast<std::size_t>(first - samples.begin()));
}

/// When successes completed within the window, in order.
std::vector<std::int64_t> successes_in(std::span<const Sample> samples, Window window) {
  std::vector<std::int64_t> times;
  for (const Sample& sample : samples) {
    if (sample.ok() && window.contains(sample.done)) times.push_back(sample.done);
  }
  std::sort(times.begin(), times.end());
  return times;
}

}  // namespace

std::optional<Outage> longest_outage(std::span<const Sample> due_before_end, Window window) {
  const std::span<const Sample> due = due_from(due_before_end, window.from);
  if (due.empty()) return std::nullopt;
  std::vector<std::int64_t> ends = successes_in(due_before_end, window);
  ends.push_back(window.to);
  Outage longest{{window.from, window.from}, false};
  std::int64_t since = window.from;
  auto asked = due.begin();
  for (const std::int64_t end : ends) {
    while (asked != due.end() && asked->intended < since) ++asked;
    if (asked != due.end() && asked->intended < end) {
      const Window gap{asked->intended, end};
      if (gap.length() > longest.gap.length()) longest = {gap, end == window.to};
    }
    since = end;
  }
  return longest;
}

Slots count_slots(std::span<const Sample> due_in_window, Window window,
                  const std::function<bool(const Sample&)>& counts) {
  Slots slots;
  std::int64_t current = -1;
  bool served = false;
  const auto close = [&] {
    if (current < 0) return;
    ++slots.asked;
    if (served) ++slots.served;
  };
  for (const Sample& sample : due_in_window) {
    const std::int64_t slot = (sample.charged - window.from) / Slots::width;
    if (slot != current) {
      close();
      current = slot;
      served = false;
    }
    served = served || counts(sample);
  }
  close();
  return slots;
}

std::optional<std::int64_t> recovered_at(std::span<const Sample> due_before_end, std::int64_t from, std::int64_t to) {
  const Sample* first = nullptr;  ///< of the successes since the last failure
  for (const Sample& sample : due_from(due_before_end, from)) {
    if (first != nullptr && sample.intended >= first->intended + recovery_stretch) break;
    if (!sample.ok())
      first = nullptr;
    else if (first == nullptr)
      first = &sample;
  }
  if (first == nullptr || first->intended + recovery_stretch > to) return std::nullopt;
  return first->done;
}

}  // namespace withstand::check
