#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <unordered_map>
#include <vector>

#include "lab/link/connections.hpp"
#include "lab/link/http/inspector.hpp"
#include "lab/link/ruling.hpp"
#include "lab/link/stream/connection.hpp"

namespace withstand::lab::link::stream {

/// Where segments go on to: their link, with all that is asked of its packets, as if their sender had sent them now.
class Exit {
 public:
  virtual ~Exit() = default;
  virtual void go_on(core::Link link, Frame frame) = 0;
  /// For those who read captures: what was done to the frame that goes on next, or to one that goes no further.
  virtual void note(const Ruling&) {}
  virtual void stopped(core::Link, FrameView, const Ruling&) {}
};

/// Follows the TCP connections of all links from the lab's start, and does to them what stream impairments ask. It
/// stands before the packets' own impairments, and is no end of a connection itself: both ends talk to each other, with
/// their own kernels' TCP, and what is done to them are segments left out, held back, cut, or added. So a connection
/// costs no copy and no hop, keeps its addresses, and may be met at any time of its life. Never blocks;
/// single-threaded.
class Streams {
 public:
  using StagedLink = http::Inspector::StagedLink;

  explicit Streams(Exit& exit) : exit_(exit), buffer_(frame_capacity) {}

  /// A frame that was read from `link.from`; goes on, or not, or other ones do. `number` tells which connection of its
  /// link it is, by the order in which they are opened.
  void meet(core::Link link, Frame frame, core::Instant now, Connections& numbers);
  [[nodiscard]] bool impairs() const { return !active_.empty() || (ears_ && ears_->impairs()); }
  /// A frame that was written to `link.to`.
  void arrived(core::Link link, FrameView frame, core::Instant written);

  /// `fault` is whose it is, in captures.
  void add(std::uint64_t handle, const core::StreamSettings& settings, const std::vector<StagedLink>& links,
           core::Instant now, const std::string& fault = {});
  /// Reads what is said in HTTP from now on; best before any connection is opened.
  void listen() { ears_ = std::make_unique<http::Inspector>(); }
  [[nodiscard]] const http::Inspector* ears() const { return ears_.get(); }
  /// The same for HTTP messages. Throws std::logic_error where nobody listens.
  void add_http(std::uint64_t handle, const core::HttpSettings& settings, const core::HttpMatch& match,
                const std::vector<StagedLink>& links, const std::string& fault = {});
  /// What it holds back leaves at once. False for a handle that is none of its own.
  bool remove(std::uint64_t handle, core::Instant now);
  /// What is due now: held pieces, timed strikes.
  void release(core::Instant now);
  [[nodiscard]] core::Instant next_due() const { return due_.empty() ? core::Instant::max() : due_.top().when; }

  [[nodiscard]] std::vector<core::StreamEffect> effect(std::uint64_t handle) const;
  /// The connections that met it, link by link: what each one's draws hang on.
  [[nodiscard]] std::vector<std::pair<core::Link, std::uint64_t>> met(std::uint64_t handle) const;

  /// How long an ended connection is remembered, for what is still under way; and how long one is believed to be an
  /// attempt of which nobody has heard since, when there is no room.
  static constexpr auto linger = std::chrono::seconds(5);
  /// Beyond this many open at once, further connections are left alone, and counted.
  static constexpr std::size_t most = std::size_t{1} << 16;
  /// Of one direction of a connection, payload that may wait; what comes beyond it is lost, as in a full queue.
  static constexpr std::size_t most_waiting = std::size_t{1} << 20;

 private:
  using Ref = std::shared_ptr<StreamConnection>;
  /// Something to do with a connection, if it still is there.
  struct Due {
    core::Instant when{};
    std::weak_ptr<StreamConnection> connection;
    bool up = false;
    std::shared_ptr<Stage> strikes;  ///< null: release what waits
    bool operator>(const Due& other) const { return when > other.when; }
  };

  Ref find(core::Link link, const Segment& segment, FrameView frame, core::Instant now, Connections& numbers);
  void follow(StreamConnection& connection, bool up, const Segment& segment, core::Instant now);
  void bring_together(const Ref& connection, const std::shared_ptr<Stage>& stage, bool opening, core::Instant now);
  void forget(StreamConnection& connection);
  void forget_ended(core::Instant now);
  void make_room(core::Instant now);
  bool turned_away(StreamConnection& connection, const Segment& segment, FrameView frame);
  void answer_from_nowhere(const StreamConnection& connection, bool up, const Segment& segment, FrameView frame);
  /// How much of the payload may pass before somebody strikes; fills in who.
  std::uint32_t budget(const StreamConnection& connection, bool up, const Segment& segment, Role*& striker) const;
  [[nodiscard]] static const Stage* swallower(const StreamConnection& connection, bool up);
  void pass(const Ref& connection, bool up, const Segment& segment, Frame frame);
  void pace(const Ref& connection, bool up, const Segment& segment, Frame frame);
  struct Pace {
    std::chrono::nanoseconds gap{};  ///< from one piece to the next
    std::int64_t slowest = 0;        ///< bits per second; 0: any
    std::chrono::nanoseconds end_delay{};
    bool paces = false;

    [[nodiscard]] core::Instant behind(const Way& way) const;
  };
  static Pace pace_of(const StreamConnection& connection, bool up);
  static std::uint32_t piece_of(const StreamConnection& connection, bool up, std::uint32_t left, bool again);
  static core::Instant due_of(const StreamConnection& connection, bool up, const Way::Piece& piece, bool again);
  static void blame(const StreamConnection& connection, bool up, const Way::Piece& piece, core::Instant due);
  void take_apart(const Ref& connection, bool up, const Segment& segment, Frame frame, std::uint32_t first,
                  std::uint32_t end, bool again);
  void take_end(const Ref& connection, bool up, const Segment& segment, Frame frame);
  void take_on(const Ref& connection, bool up, Frame frame, bool again);
  void leave(StreamConnection& connection, bool up, const Way::Piece& piece, core::Instant due, Frame frame);
  void establish(const Ref& connection, core::Instant now);
  void strike(StreamConnection& connection, Role& role);
  void abort(StreamConnection& connection, const Author& killer, bool client, bool server);
  void tell_of_abort(StreamConnection& connection, const Author& killer, bool client, bool server);
  void give_up_places(StreamConnection& connection);
  void note_closed(StreamConnection& connection, bool up, const Segment& segment);
  void close(StreamConnection& connection);
  void send(core::Link link, const Author& by, const Route& route, std::uint32_t sequence,
            std::uint32_t acknowledgement, std::uint8_t flags);
  void note_pace(const StreamConnection& connection, bool up);
  void arm(const Ref& connection, bool up);
  bool listen(const Ref& connection, bool up, const Segment& segment, FrameView frame);
  bool stops(StreamConnection& connection, bool up, const Segment& segment, std::uint32_t& allowed, Role*& striker);
  void reach_stop(StreamConnection& connection, bool up);
  void strike_stop(StreamConnection& connection, bool up);
  void end_stream(StreamConnection& connection, const Author& by, bool up);
  void only_acknowledge(StreamConnection& connection, bool up, Segment segment, FrameView frame, const Author& by);
  void reschedule(const Ref& connection, bool up, core::Instant now);
  bool remove_http(std::uint64_t handle, core::Instant now);
  void go(StreamConnection& connection, bool up, Frame frame);
  void let_go(StreamConnection& connection, bool up, core::Instant until);

  Exit& exit_;
  std::unordered_map<ConnectionKey, Ref, ConnectionKey::Hash> connections_;
  std::vector<std::shared_ptr<Stage>> active_;
  std::map<std::uint64_t, std::shared_ptr<Stage>> stages_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::vector<std::byte> buffer_;
  std::unique_ptr<http::Inspector> ears_;
  std::uint64_t untracked_ = 0;
  std::set<std::pair<core::NodeId, std::uint16_t>> heard_;  ///< who has accepted a connection, and where
  std::deque<std::pair<core::Instant, std::weak_ptr<StreamConnection>>> ended_;  ///< by when they ended
  core::Instant room_made_{};
  core::Instant now_{};
};

}  // namespace withstand::lab::link::stream
