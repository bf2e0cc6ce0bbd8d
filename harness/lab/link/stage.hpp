#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/draw.hpp"
#include "core/event_loop.hpp"
#include "core/links.hpp"
#include "lab/link/egress.hpp"
#include "lab/link/fate.hpp"
#include "lab/link/model/choice.hpp"
#include "lab/link/model/delay_model.hpp"
#include "lab/link/model/flap_model.hpp"
#include "lab/link/model/loss_model.hpp"
#include "lab/link/model/rate_model.hpp"
#include "lab/link/ruling.hpp"

/// The decisions on one link: its stages, in order. Deciding counts only what arrives at a stage and never what it
/// refused or changed: that follows from what is seen to leave (Egress), and must agree with a recount from the seed.
namespace withstand::lab::link {

/// What all links of one impairment share.
struct StageSettings {
  core::Impairment::Kind kind = core::Impairment::Kind::partition;
  std::uint64_t handle = 0;  ///< later ones are larger
  core::LinkSettings settings{};
  std::string fault{};  ///< whose it is
};

/// One impairment on one link.
struct Stage {
  /// The largest is kept elsewhere, since there may be a stage for each pair of nodes.
  using Model = std::variant<std::monostate, LossModel, ChoiceModel, DelayModel, std::unique_ptr<RateModel>, FlapModel>;

  Stage(std::shared_ptr<const StageSettings> wanted, const core::DrawStream& stream, core::Instant now,
        const Table& table = {});

 private:
  std::shared_ptr<const StageSettings> shared_;

 public:
  const StageSettings& settings;
  core::DrawStream draws;
  Model model;
  std::uint64_t next_draw = 0;  ///< of what belongs to no connection, or where the model has memory
  /// How many draws each connection has had, by its index in the fabric.
  struct Drawn {
    std::uint64_t key = 0;
    std::uint32_t count = 0;
  };
  std::vector<Drawn> drawn;
  std::uint64_t sent = 0;     ///< packets that came to its link
  std::uint64_t offered = 0;  ///< packets on the wire that reached it and match
  core::Instant added{}, removed = core::Instant::max();
  core::Instant begun{};  ///< as a rate: when its queue was last empty because it was told so
  Egress egress;

  /// As reported; `decided` is left to others.
  [[nodiscard]] core::LinkEffect effect(core::Link link, core::Instant now);
  /// Whether each packet's draw belongs to its connection alone.
  [[nodiscard]] bool draws_by_connection() const;
  struct Draw {
    core::DrawStream stream;
    std::uint64_t ordinal = 0;
  };
  /// The draw for the next packet: a model with memory advances per link; without, the draw is a hash of connection and
  /// packet within it, so that how connections interleave changes nothing.
  Draw next(const PacketFacts& packet);
  /// A rate forgets what waits in it: packets that a stage before it held, which has ended.
  void begin_anew(core::Instant now);
  /// Whether a partition that was in force then is about such a packet; of a damaged one nobody can tell whether it
  /// matches.
  [[nodiscard]] bool forbids(core::Instant read, FrameView frame, bool damaged = false);

 private:
  std::unique_ptr<FlapModel> watch_;  ///< another look at when a flapping link is down, for what is seen at its end
};

/// The stages of one link at one time, in the order of their kinds; of one kind in the order they were added. A packet
/// keeps the plan it was decided by, so that it is accounted where it was offered.
using Plan = std::vector<std::shared_ptr<Stage>>;

/// True when a decision of this plan is about one packet on the wire, so that super-packets must be segmented first.
bool needs_packets(const Plan& plan);
/// True when a decision of this plan is drawn for a connection.
bool needs_connections(const Plan& plan);
/// True for a stage that holds packets and keeps their order.
bool keeps_order(const Stage& stage);
/// True when the plan may change bytes of packets, so that this must be seen at the end.
bool corrupts(const Plan& plan);

/// Sums of the delays that a plan may ask for, nearly always at most; without what its rates make packets wait.
std::chrono::nanoseconds longest_delay(const Plan& plan);
/// Tells the rates of a plan for what delay to size their queues; returns the bytes they hold together.
std::uint64_t size_queues(const Plan& plan);

/// Decides on one packet (or on several that travel as one, where needs_packets is false) and replaces `fates` by its
/// own and those of its copies. Advances the models. Who asks for `rulings` gets what was decided, in order, in place
/// of what is there.
void decide(const Plan& plan, const PacketFacts& packet, std::vector<Fate>& fates,
            std::vector<Ruling>* rulings = nullptr);

}  // namespace withstand::lab::link
