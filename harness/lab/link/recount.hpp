#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>

#include "core/draw.hpp"
#include "core/links.hpp"
#include "core/topology.hpp"
#include "lab/link/model/choice.hpp"
#include "lab/link/model/loss_model.hpp"

namespace withstand::lab::link {

/// "n1>n2": the name of a link in every draw.
std::string link_name(const core::Topology& topology, core::Link link);

/// The stream that an impairment's decisions on one link are drawn from. All links that one fault lets flap do so
/// together.
core::DrawStream draws_of(const core::Topology& topology, const core::Impairment& impairment, core::Link link);

/// The same for which connections a stream impairment chooses, of those opened over a link.
core::DrawStream draws_of(const core::Topology& topology, const core::StreamImpairment& impairment, core::Link link);
/// Decides that again, for one connection, by arithmetic of its own.
bool chosen_again(const core::Topology& topology, const core::StreamImpairment& impairment, core::Link link,
                  std::uint64_t key);

/// The same for messages of HTTP: which one of a connection, by its request's ordinal.
core::DrawStream draws_of(const core::Topology& topology, const core::HttpImpairment& impairment, core::Link link);
bool chosen_again(const core::Topology& topology, const core::HttpImpairment& impairment, core::Link link,
                  std::uint64_t key, std::uint64_t ordinal);

/// Decides again, in the orchestrator, from nothing but the seed: how many of the first packets of a link must have
/// been lost, or chosen to be doubled, damaged or held back. Shares no state with the fabric; for plain losses, no code
/// with its decision but the hash itself.
class Recount {
 public:
  Recount(const core::Topology& topology, const core::Impairment& impairment);
  /// Whether impairments of this kind choose packets.
  static bool can(core::Impairment::Kind kind);
  /// Of the draws 0 to count - 1 of one connection on that link, or of what belongs to none (key 0); goes on from where
  /// it was asked last, so `count` must not fall. For duplicate: copies.
  std::uint64_t decided(core::Link link, std::uint64_t key, std::uint64_t count);
  /// Of so many packets in a row: those that could be chosen.
  [[nodiscard]] std::uint64_t candidates(std::uint64_t count) const;

 private:
  struct Progress {
    std::uint64_t counted = 0, hits = 0;
    std::variant<LossModel, ChoiceModel> model;
  };
  [[nodiscard]] Progress begin() const;
  [[nodiscard]] bool hit(Progress& progress, const core::DrawStream& draws) const;

  const core::Topology* topology_;
  core::Impairment impairment_;
  std::map<std::pair<core::Link, std::uint64_t>, Progress> progress_;
};

}  // namespace withstand::lab::link
