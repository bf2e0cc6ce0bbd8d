#include "lab/link/recount.hpp"

#include <algorithm>

namespace withstand::lab::link {
namespace {

using Kind = core::Impairment::Kind;

const char* purpose(Kind kind) {
  switch (kind) {
    case Kind::partition:
      return "flap";
    case Kind::mtu:
    case Kind::ttl:
      break;
    case Kind::loss:
      return "loss";
    case Kind::duplicate:
      return "duplicate";
    case Kind::corrupt:
      return "corrupt";
    case Kind::rate:
      return "slot";
    case Kind::latency:
      return "jitter";
    case Kind::reorder:
      return "reorder";
  }
  return "none";
}

/// A packet is hit when its draw, as a fraction of 2^64, is below the ratio: bits · 10^9 < ppb · 2^64.
bool below(std::uint64_t bits, std::int64_t ppb) {
  __extension__ using Wide = unsigned __int128;
  const Wide threshold = static_cast<Wide>(ppb > 0 ? ppb : 0) << 64;
  return static_cast<Wide>(bits) * 1'000'000'000U < threshold;
}

}  // namespace

std::string link_name(const core::Topology& topology, core::Link link) {
  return topology.at(link.from).name + ">" + topology.at(link.to).name;
}

core::DrawStream draws_of(const core::Topology& topology, const core::Impairment& impairment, core::Link link) {
  const std::string where = impairment.kind == Kind::partition ? "" : link_name(topology, link);
  return core::draw_stream(impairment.seed, impairment.fault, where, purpose(impairment.kind));
}

core::DrawStream draws_of(const core::Topology& topology, const core::StreamImpairment& impairment, core::Link link) {
  return core::draw_stream(impairment.seed, impairment.fault, link_name(topology, link), "toxicity");
}

bool chosen_again(const core::Topology& topology, const core::StreamImpairment& impairment, core::Link link,
                  std::uint64_t key) {
  return below(draws_of(topology, impairment, link).within(key).bits(0), impairment.settings.toxicity_ppb);
}

core::DrawStream draws_of(const core::Topology& topology, const core::HttpImpairment& impairment, core::Link link) {
  return core::draw_stream(impairment.seed, impairment.fault, link_name(topology, link), "http");
}

bool chosen_again(const core::Topology& topology, const core::HttpImpairment& impairment, core::Link link,
                  std::uint64_t key, std::uint64_t ordinal) {
  return below(draws_of(topology, impairment, link).within(key).bits(ordinal), impairment.settings.toxicity_ppb);
}

Recount::Recount(const core::Topology& topology, const core::Impairment& impairment)
    : topology_(&topology), impairment_(impairment) {}

bool Recount::can(Kind kind) {
  return kind == Kind::loss || kind == Kind::duplicate || kind == Kind::corrupt || kind == Kind::reorder;
}

Recount::Progress Recount::begin() const {
  if (impairment_.kind == Kind::loss) return {.model = LossModel(impairment_.settings.loss)};
  return {.model = ChoiceModel(impairment_.settings.choice)};
}

bool Recount::hit(Progress& progress, const core::DrawStream& draws) const {
  const core::LinkSettings& settings = impairment_.settings;
  if (impairment_.kind == Kind::loss) {
    auto& model = std::get<LossModel>(progress.model);
    if (model.has_memory()) return model.lost(draws, progress.counted);
    return below(draws.bits(progress.counted), settings.loss.random.ppb);
  }
  const bool chosen = std::get<ChoiceModel>(progress.model).next(draws, progress.counted);
  const auto gap = static_cast<std::uint64_t>(settings.reorder.gap);
  return chosen && (impairment_.kind != Kind::reorder || gap <= 1 || (progress.counted + 1) % gap == 0);
}

std::uint64_t Recount::candidates(std::uint64_t count) const {
  const auto gap = impairment_.kind == Kind::reorder ? impairment_.settings.reorder.gap : 1;
  return count / static_cast<std::uint64_t>(std::max<std::int64_t>(1, gap));
}

std::uint64_t Recount::decided(core::Link link, std::uint64_t key, std::uint64_t count) {
  core::DrawStream draws = draws_of(*topology_, impairment_, link);
  if (key != 0) draws = draws.within(key);
  Progress& progress = progress_.try_emplace({link, key}, begin()).first->second;
  for (; progress.counted < count; ++progress.counted) progress.hits += hit(progress, draws) ? 1U : 0U;
  const auto copies = impairment_.kind == Kind::duplicate ? impairment_.settings.copies : 1;
  return progress.hits * static_cast<std::uint64_t>(copies);
}

}  // namespace withstand::lab::link
