#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/draw.hpp"
#include "core/http.hpp"
#include "lab/link/delay_histogram.hpp"
#include "lab/link/http/conversation.hpp"
#include "lab/link/model/delay_model.hpp"
#include "lab/link/stream/connection.hpp"

namespace withstand::lab::link::http {

/// One HTTP impairment on a set of links.
struct Stage {
  struct OnLink {
    core::DrawStream draws;
    DelayModel model;  ///< of delays
    core::HttpEffect account{};
    DelayHistogram delays{};  ///< measured
    Moments drawn{};
    /// Connection and ordinal of each message that matched, where not all are chosen.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> met{};
  };
  Author author{.kind = "http"};
  core::HttpSettings settings{};
  core::HttpMatch match{};
  bool active = true;
  std::map<core::Link, OnLink> links{};
  std::map<std::string, std::uint64_t> seen{};  ///< kinds of requests

  /// Null where the connection is none of its own.
  [[nodiscard]] OnLink* on(const stream::StreamConnection& connection);
};

/// What is said on one connection, as it is followed.
struct Talk {
  /// A message that is held, until it is delivered.
  struct Timing {
    stream::Position last = 0;  ///< the last byte of its head
    core::Instant read{};
    std::chrono::nanoseconds drawn{};
    Stage::OnLink* on = nullptr;
  };
  struct Ear {
    stream::Position heard = 0;
    std::vector<Timing> timings{};
    stream::Position cut = stream::nowhere;  ///< behind which nothing may arrive
    Stage::OnLink* cut_by = nullptr;
    /// Sees what arrives in the light of the stop that counts now.
    void look_at(const stream::Orders& orders);
  };
  Conversation conversation;
  std::array<Ear, 2> ears{};        ///< up, down
  Stage::OnLink* struck = nullptr;  ///< who ended the connection
  bool told_client = false, told_server = false, ended_client = false, ended_server = false;

  [[nodiscard]] Ear& ear(bool up) { return ears[up ? 0 : 1]; }
};

/// Reads what connections say and orders what HTTP impairments ask (stream::Orders); whoever moves the segments carries
/// it out. Counts what arrives, which it is told of where segments are written. Single-threaded.
class Inspector {
 public:
  struct StagedLink {
    core::Link link;
    core::DrawStream draws;
  };
  struct Hearing {
    bool early = false;      ///< it came before its predecessors: to be lost, so that TCP sends it again
    bool reordered = false;  ///< orders changed: what waits may wait for another time
  };

  /// Whether anything was ever asked: from then on it wants to know what arrives.
  [[nodiscard]] bool impairs() const { return !stages_.empty(); }
  [[nodiscard]] static std::shared_ptr<Talk> begin() { return std::make_shared<Talk>(); }
  /// A segment, before anything is done to it. The connection must have a talk.
  Hearing hear(stream::StreamConnection& connection, bool up, const stream::Segment& segment, FrameView frame,
               core::Instant now);
  /// A segment was written to its receiver's interface. Sees bytes and instants, and what was ordered of them.
  static void arrived(stream::StreamConnection& connection, bool up, const stream::Segment& segment, FrameView frame,
                      core::Instant written);
  /// Payload that a stop keeps back.
  static void kept_back(stream::StreamConnection& connection, bool up, std::uint64_t bytes);
  /// The stop of a direction ends the connection.
  static void struck(stream::StreamConnection& connection, bool up);
  /// The connection has ended before its time: what is held is held no longer.
  static void interrupted(stream::StreamConnection& connection);

  /// Connections that are known already are to be introduced.
  void add(std::uint64_t handle, const core::HttpSettings& settings, const core::HttpMatch& match,
           const std::vector<StagedLink>& links, const std::string& fault);
  void introduce(stream::StreamConnection& connection, std::uint64_t handle);
  /// The address that its orders bear; null for a handle that is none of its own.
  const void* end(std::uint64_t handle);
  /// Takes its orders back from one direction.
  static void take_back(stream::StreamConnection& connection, bool up, const void* by, core::Instant now);

  [[nodiscard]] std::vector<core::HttpEffect> effect(std::uint64_t handle) const;
  /// Link, connection and ordinal of messages that were drawn for.
  struct Met {
    core::Link link;
    std::uint64_t key = 0, ordinal = 0;
  };
  [[nodiscard]] std::vector<Met> met(std::uint64_t handle) const;
  /// The kinds of requests seen most, at most `count` of them, most first.
  [[nodiscard]] std::vector<core::HttpSeen> seen(std::uint64_t handle, std::size_t count) const;

  /// How long a head may take to become whole before what is there of it goes on: a sender may wait for it to be
  /// acknowledged.
  static constexpr auto patience = std::chrono::milliseconds(100);
  /// Of one link, messages of which is kept that they were drawn for; beyond, decisions are not checked.
  static constexpr std::size_t most_met = std::size_t{1} << 18;

 private:
  class Decider;

  bool withhold(stream::StreamConnection& connection, core::Instant now);

  std::vector<std::shared_ptr<Stage>> active_;
  std::map<std::uint64_t, std::shared_ptr<Stage>> stages_;
};

}  // namespace withstand::lab::link::http
