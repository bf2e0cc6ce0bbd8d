#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/draw.hpp"
#include "core/links.hpp"
#include "core/topology.hpp"

namespace withstand::lab::link {

/// "n1>n2": the name of a link in every draw.
std::string link_name(const core::Topology& topology, core::Link link);

/// The stream that an impairment's decisions on one link are drawn from.
core::DrawStream draws_of(const core::Topology& topology, const core::Impairment& impairment, core::Link link);

/// Decides a loss again, in the orchestrator, from nothing but the seed: how many of the first packets of a link must
/// have been lost. Shares no state and no code with the fabric's decision but the hash itself.
class LossRecount {
 public:
  LossRecount(const core::Topology& topology, const core::Impairment& impairment);
  /// Of the packets 0 to offered - 1; goes on from where it was asked last, so `offered` must not fall.
  std::uint64_t drops(core::Link link, std::uint64_t offered);

 private:
  struct Progress {
    std::uint64_t counted = 0, drops = 0;
  };
  const core::Topology* topology_;
  core::Impairment impairment_;
  std::map<core::Link, Progress> links_;
};

}  // namespace withstand::lab::link
