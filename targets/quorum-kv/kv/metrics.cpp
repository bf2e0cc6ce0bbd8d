#include "kv/metrics.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace quorum_kv {

namespace {

constexpr std::array<const char*, 2> kind_names{"read", "write"};
constexpr std::array<const char*, 3> outcome_names{"ok", "none", "unknown"};

void head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  fmt::format_to(std::back_inserter(out), "# HELP quorum_kv_{0} {2}\n# TYPE quorum_kv_{0} {1}\n", name, type, help);
}

void single(std::string& out, std::string_view name, std::string_view type, std::string_view help,
            std::uint64_t value) {
  head(out, name, type, help);
  fmt::format_to(std::back_inserter(out), "quorum_kv_{} {}\n", name, value);
}

void peers_text(std::string& out, const std::vector<Metrics::Peer>& peers) {
  const auto each = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
    head(out, name, type, help);
    for (const Metrics::Peer& peer : peers) {
      fmt::format_to(std::back_inserter(out), "quorum_kv_{}{{peer=\"{}\"}} {}\n", name, peer.name,
                     std::uint64_t{value(peer)});
    }
  };
  using Peer = Metrics::Peer;
  each("peer_up", "gauge", "1 while the peer answers", [](const Peer& peer) { return peer.healthy; });
  each("peer_attempts_total", "counter", "Connections tried", [](const Peer& peer) { return peer.counters.attempts; });
  each("peer_failures_total", "counter", "Connections refused, broken or without an answer",
       [](const Peer& peer) { return peer.counters.failures; });
  each("peer_connections_total", "counter", "Connections that stood",
       [](const Peer& peer) { return peer.counters.connections; });
  each("peer_unsent_total", "counter", "Requests dropped for want of a connection",
       [](const Peer& peer) { return peer.counters.disconnected; });
}

}  // namespace

void Metrics::count(Kind kind, Outcome outcome, std::chrono::nanoseconds latency) {
  const auto which = static_cast<std::size_t>(kind);
  ++requests_[which][static_cast<std::size_t>(outcome)];
  const double seconds = std::chrono::duration<double>(latency).count();
  Latency& all = latencies_[which];
  const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), seconds) - bounds.begin();
  ++all.buckets[static_cast<std::size_t>(bucket)];
  all.sum += seconds;
  ++all.count;
}

std::string Metrics::text(const Gauges& gauges) const {
  std::string out;
  const auto to = std::back_inserter(out);
  head(out, "requests_total", "counter", "Operations by kind and outcome");
  for (std::size_t kind = 0; kind < 2; ++kind) {
    for (std::size_t outcome = 0; outcome < 3; ++outcome) {
      fmt::format_to(to, "quorum_kv_requests_total{{op=\"{}\",outcome=\"{}\"}} {}\n", kind_names[kind],
                     outcome_names[outcome], requests_[kind][outcome]);
    }
  }
  head(out, "request_seconds", "histogram", "Time of operations");
  for (std::size_t kind = 0; kind < 2; ++kind) {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i <= bounds.size(); ++i) {
      below += latencies_[kind].buckets[i];
      fmt::format_to(to, "quorum_kv_request_seconds_bucket{{op=\"{}\",le=\"{}\"}} {}\n", kind_names[kind],
                     i < bounds.size() ? fmt::format("{}", bounds[i]) : "+Inf", below);
    }
    fmt::format_to(
        to, "quorum_kv_request_seconds_sum{{op=\"{0}\"}} {1}\nquorum_kv_request_seconds_count{{op=\"{0}\"}} {2}\n",
        kind_names[kind], latencies_[kind].sum, latencies_[kind].count);
  }
  single(out, "refused_total", "counter", "Requests refused because too many were in flight or the node stops",
         refused_);
  single(out, "in_flight", "gauge", "Operations now running", gauges.in_flight);
  single(out, "repetitions_total", "counter", "Requests to replicas sent again for want of an answer",
         gauges.repetitions);
  single(out, "log_syncs_total", "counter", "Group commits, one sync each", gauges.log_syncs);
  single(out, "log_bytes", "gauge", "Size of the log file", gauges.log_bytes);
  single(out, "keys", "gauge", "Registers held", gauges.keys);
  single(out, "recovered_keys", "gauge", "Registers held when this process started", gauges.recovered_keys);
  single(out, "boot", "gauge", "How many times this node has started", gauges.boot);
  single(out, "majority", "gauge", "1 while this node reaches a majority", gauges.majority ? 1 : 0);
  head(out, "processors", "gauge", "Processors that this process used in the last half second");
  fmt::format_to(to, "quorum_kv_processors {:.3f}\n", gauges.processors);
  peers_text(out, gauges.peers);
  return out;
}

}  // namespace quorum_kv
