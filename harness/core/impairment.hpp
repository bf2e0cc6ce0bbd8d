#pragma once

#include <array>
#include <chrono>
#include <cstdint>

/// What can be asked of a link, in numbers: the settings of its packet models. Plain values without pointers, so they
/// cross into another process as they lie in memory. Shares and probabilities are parts per billion. Which backend
/// realises them, and how, is not said here.
namespace withstand::core {

/// Which packets something happens to: each with this probability.
struct Choice {
  std::int64_t ppb = 0;
  /// Of one packet's choice with the next one's, 0 to 1e9 - 1: the choices come in runs, their share stays.
  std::int64_t correlation_ppb = 0;
};

struct LossSettings {
  enum class Model {
    random,           ///< `random`
    gilbert_elliott,  ///< two states, each with a loss of its own
    markov,           ///< four states: lost or received, in a burst or alone
    nth,              ///< every `nth` packet
  };
  Model model = Model::random;
  Choice random{};
  /// Gilbert-Elliott, in the words of tc-netem(8): p good to bad, r bad to good, 1-h loss while bad, 1-k while good.
  std::int64_t p = 0, r = 0, loss_bad = 1'000'000'000, loss_good = 0;
  /// 4-state Markov, as tc-netem(8) names them.
  std::int64_t p13 = 0, p31 = 0, p32 = 0, p23 = 0, p14 = 0;
  std::int64_t nth = 0;  ///< 1 or more
  bool mark = false;     ///< mark congestion (ECN) instead, where a packet can carry the mark
};

struct DelaySettings {
  enum class Distribution {
    uniform,       ///< evenly in ±jitter
    normal,        ///< jitter is the standard deviation, here and below
    pareto,        ///< shape 3
    paretonormal,  ///< three parts Pareto, one part normal
    table,         ///< steps of equal probability, in 1/8192 jitter, as iproute2's .dist files hold them
    recorded,      ///< the delays themselves, in nanoseconds, one packet after the other, again from the start
  };
  std::chrono::nanoseconds delay{}, jitter{};
  Distribution distribution = Distribution::uniform;
  std::int64_t correlation_ppb = 0;  ///< of one packet's delay with the next one's, 0 to 1e9 - 1
  bool reorders = false;             ///< a packet may overtake one that was drawn a longer delay
};

struct CorruptSettings {
  enum class Where { payload, header, anywhere };  ///< header: of IP and transport
  Where where = Where::payload;
  std::int64_t bits = 1;  ///< flipped per packet
  /// Checksums are made right again, so that the receiver's kernel lets the damage through to the application.
  bool repaired = false;
};

struct ReorderSettings {
  std::chrono::nanoseconds hold{};  ///< 1 ns or more
  /// Which packets wait: false: the chosen ones, so that later ones overtake them; true: all others, so that the chosen
  /// ones overtake (what netem calls reordering).
  bool chosen_overtake = false;
  std::int64_t gap = 1;  ///< only every gap-th packet may be chosen
};

struct RateSettings {
  std::int64_t bits_per_second = 0;       ///< 0: no limit of its own (trace or slots only)
  std::int64_t burst = 0;                 ///< bytes that may leave at once after a pause
  std::int64_t overhead = 0;              ///< bytes added to each packet, for the link below IP
  std::int64_t cell = 0;                  ///< packets travel in whole cells of this many bytes; 0: they do not
  std::int64_t cell_overhead = 0;         ///< bytes added to each cell
  std::int64_t queue = 0;                 ///< bytes that may wait; 0: sized from rate and delay
  bool bloated = false;                   ///< with queue 0: sized for seconds instead
  std::chrono::nanoseconds mark_above{};  ///< mark congestion (ECN) on packets that wait longer; 0: never
  /// Nothing leaves between slots; a slot comes slot_min to slot_max after the one before; 0: no slots.
  std::chrono::nanoseconds slot_min{}, slot_max{};
  std::int64_t slot_packets = 0, slot_bytes = 0;  ///< most that one slot takes; 0: any number
  /// Starts at ramp_from bits per second and doubles evenly until it reaches its rate after this time; 0: at once.
  std::chrono::nanoseconds ramp{};
  std::int64_t ramp_from = 0;
  bool trace = false;  ///< delivery opportunities, in nanoseconds from the start, again after the last
};

/// When a link that comes and goes is down: up first, then down, for times drawn evenly from their ranges.
struct FlapSettings {
  std::chrono::nanoseconds up_min{}, up_max{}, down_min{}, down_max{};
  [[nodiscard]] bool flaps() const { return down_max.count() > 0; }
};

/// To which packets of a link an impairment applies; others do not meet it.
struct Match {
  enum class State {
    any,
    fresh,        ///< TCP: nobody has answered on this connection yet: it is being opened
    established,  ///< TCP: both sides have been heard
  };
  std::uint8_t protocol = 0;  ///< IP protocol number; 0: any; ICMP is that of either family
  State state = State::any;
  std::uint16_t port = 0;  ///< source or destination; 0: any
  [[nodiscard]] bool everything() const { return protocol == 0 && state == State::any && port == 0; }
};

/// What packets are asked of by all impairments together; of each kind only its own part is read.
struct LinkSettings {
  Match match{};
  FlapSettings flap{};    ///< partition: refuse only while down
  std::int64_t mtu = 0;   ///< mtu: bytes of IP packet that still pass
  std::int64_t hops = 0;  ///< ttl: routers on the way
  LossSettings loss{};
  Choice choice{};          ///< duplicate, corrupt, reorder: which packets
  std::int64_t copies = 1;  ///< duplicate: of each chosen packet, beside itself; 1 to 16
  CorruptSettings corrupt{};
  RateSettings rate{};
  DelaySettings delay{};
  ReorderSettings reorder{};
};

}  // namespace withstand::core
