#include "network/http_injection.hpp"

#include <fmt/format.h>

#include "core/plan.hpp"
#include "network/evidence_rows.hpp"

namespace withstand::faults {

using core::EvidenceRow;
using core::HttpEffect;
using Judgement = EvidenceRow::Judgement;

namespace {

void add(HttpEffect& sum, const HttpEffect& one) {
  for (auto count : {&HttpEffect::connections, &HttpEffect::not_http, &HttpEffect::tls, &HttpEffect::http2,
                     &HttpEffect::upgraded, &HttpEffect::oversized, &HttpEffect::malformed, &HttpEffect::requests,
                     &HttpEffect::responses, &HttpEffect::matched, &HttpEffect::chosen, &HttpEffect::acted,
                     &HttpEffect::unfit, &HttpEffect::too_late, &HttpEffect::too_short, &HttpEffect::cut_short})
    sum.*count += one.*count;
}

}  // namespace

HttpInjection::HttpInjection(const core::Context& context, const core::HttpSettings& settings, core::HttpMatch match,
                             std::string action, std::vector<core::Link> links)
    : lab_(context.lab), settings_(settings), action_(std::move(action)) {
  if (links.empty()) throw core::CannotAim("there is no link between the nodes it names");
  handle_ = lab_.links().add_http(
      core::HttpImpairment{
          .fault = context.fault.name, .seed = context.seed, .settings = settings_, .match = std::move(match)},
      links);
}

core::Evidence HttpInjection::observe() {
  EvidenceRows rows;
  HttpEffect sum;
  std::size_t links = 0, carried = 0;
  for (const HttpEffect& effect : lab_.links().http_effect(handle_)) {
    ++links;
    add(sum, effect);
    if (effect.requests + effect.responses == 0) continue;
    ++carried;
    rows.add(judge_http(settings_, action_, effect, core::to_text(effect.link, lab_.topology())));
  }
  const std::string others = unread(sum);
  const bool none = rows.show_nothing();
  core::Evidence evidence = rows.finish("link fabric");
  if (none) {
    evidence.rows.push_back({fmt::format("{} on {}", action_, plural(links, "link")), "messages to hit",
                             why_nothing(settings_, sum, lab_.links().http_seen(handle_)), "link fabric",
                             Judgement::absent});
  } else {
    if (links > 1)
      evidence.rows.push_back({"links that carried HTTP", "", fmt::format("{} of {}", carried, links), "link fabric",
                               Judgement::informative});
    if (!others.empty())
      evidence.rows.push_back({"connections not read", "", others, "link fabric", Judgement::informative});
  }
  return evidence;
}

void HttpInjection::revert() {
  if (reverted_) return;
  lab_.links().remove(handle_);
  reverted_ = true;
}

}  // namespace withstand::faults
