#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "kv/coordinator.hpp"
#include "kv/peer_link.hpp"

namespace quorum_kv {

/// Counts since this process started.
class Metrics {
 public:
  void count(Kind kind, Outcome outcome, std::chrono::nanoseconds latency);
  void count_refused() { ++refused_; }

  struct Peer {
    std::string name;
    bool healthy = false;
    PeerLink::Counters counters;
  };
  /// What others count, as it stands now.
  struct Gauges {
    std::uint64_t boot = 0;
    std::uint64_t keys = 0;
    std::uint64_t recovered_keys = 0;
    std::uint64_t in_flight = 0;
    std::uint64_t repetitions = 0;
    std::uint64_t log_syncs = 0;
    std::uint64_t log_bytes = 0;
    bool majority = false;
    double processors = 0;  ///< used lately
    std::vector<Peer> peers;
  };
  /// Prometheus text format, version 0.0.4.
  [[nodiscard]] std::string text(const Gauges& gauges) const;

 private:
  static constexpr std::array<double, 14> bounds{0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05,
                                                 0.1,    0.2,   0.4,   0.8,   1.6,  5,    30};  // seconds
  struct Latency {
    std::array<std::uint64_t, bounds.size() + 1> buckets{};
    double sum = 0;
    std::uint64_t count = 0;
  };
  std::array<std::array<std::uint64_t, 3>, 2> requests_{};  ///< by kind and outcome
  std::array<Latency, 2> latencies_{};
  std::uint64_t refused_ = 0;
};

}  // namespace quorum_kv
