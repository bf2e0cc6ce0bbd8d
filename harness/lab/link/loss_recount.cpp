#include "lab/link/loss_recount.hpp"

namespace withstand::lab::link {

std::string link_name(const core::Topology& topology, core::Link link) {
  return topology.at(link.from).name + ">" + topology.at(link.to).name;
}

core::DrawStream draws_of(const core::Topology& topology, const core::Impairment& impairment, core::Link link) {
  const char* purpose = impairment.kind == core::Impairment::Kind::loss ? "loss" : "jitter";
  return core::draw_stream(impairment.seed, impairment.fault, link_name(topology, link), purpose);
}

LossRecount::LossRecount(const core::Topology& topology, const core::Impairment& impairment)
    : topology_(&topology), impairment_(impairment) {}

std::uint64_t LossRecount::drops(core::Link link, std::uint64_t offered) {
  const core::DrawStream stream = draws_of(*topology_, impairment_, link);
  // A packet is lost when its draw, as a fraction of 2^64, is below the ratio: bits · 10^9 < ppb · 2^64.
  __extension__ using Wide = unsigned __int128;
  const Wide threshold = static_cast<Wide>(impairment_.loss_ppb > 0 ? impairment_.loss_ppb : 0) << 64;
  Progress& progress = links_[link];
  for (; progress.counted < offered; ++progress.counted)
    if (static_cast<Wide>(stream.bits(progress.counted)) * 1'000'000'000U < threshold) ++progress.drops;
  return progress.drops;
}

}  // namespace withstand::lab::link
