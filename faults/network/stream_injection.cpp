#include "network/stream_injection.hpp"

#include <fmt/format.h>

#include "core/plan.hpp"
#include "network/evidence_rows.hpp"

namespace withstand::faults {

using core::EvidenceRow;

StreamInjection::StreamInjection(const core::Context& context, const core::StreamSettings& settings, std::string action,
                                 std::vector<core::Link> links)
    : lab_(context.lab), settings_(settings), action_(std::move(action)) {
  if (links.empty()) throw core::CannotAim("there is no link between the nodes it names");
  handle_ = lab_.links().add_stream(
      core::StreamImpairment{.fault = context.fault.name, .seed = context.seed, .settings = settings_}, links);
}

core::Evidence StreamInjection::observe() {
  // Who counted, the account does not say; the network does.
  const bool by_kernel = lab_.links().health().scheduling == "by the kernel";
  const std::string source = by_kernel ? "kernel, counters of its rules" : "link fabric";
  EvidenceRows rows;
  std::size_t links = 0, silent = 0;
  for (const core::StreamEffect& effect : lab_.links().stream_effect(handle_)) {
    ++links;
    if (effect.connections == 0) {
      ++silent;
      continue;
    }
    EvidenceRow row = judge_stream(settings_, action_, effect, core::to_text(effect.link, lab_.topology()));
    if (by_kernel) row.source = source;
    rows.add(std::move(row));
  }
  const bool none = rows.show_nothing();
  core::Evidence evidence = rows.finish(source);
  if (none)
    evidence.rows.push_back(
        {fmt::format("{} on {}", action_, plural(links, "link")), "connections to hit",
         silent == links ? "no connection was open or opened on any of them" : "nothing happened to any connection",
         source, EvidenceRow::Judgement::absent});
  else if (links > 1)
    evidence.rows.push_back({"links that carried connections", "", fmt::format("{} of {}", links - silent, links),
                             source, EvidenceRow::Judgement::informative});
  return evidence;
}

void StreamInjection::revert() {
  if (reverted_) return;
  lab_.links().remove(handle_);
  reverted_ = true;
}

}  // namespace withstand::faults
