#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "bench/path.hpp"

/// What is measured over a path, always by processes at its two ends. Each call takes as long as it is told to.
namespace withstand::bench {

/// Payload bits per second of so many TCP streams together, as their receivers get them; a process for each end of
/// each.
double tcp_throughput(const Path& path, std::chrono::milliseconds time, int streams = 1);

struct Flood {
  double sent = 0, received = 0;  ///< packets per second
};
/// UDP packets of 64 bytes, as many as the sender can.
Flood udp_flood(const Path& path, std::chrono::milliseconds time);

/// Round trips of one UDP packet at a time, in nanoseconds, sorted.
std::vector<std::int64_t> round_trips(const Path& path, int count);

/// One-way times of UDP packets sent at a steady rate by the clock, from the send to the receiver's kernel, in
/// nanoseconds, sorted; those that take longer than
/// `patience` more than the last one was sent, and lost ones, are left out.
std::vector<std::int64_t> transits(const Path& path, int count, int per_second,
                                   std::chrono::milliseconds patience = std::chrono::milliseconds(300));

/// Small UDP packets over every link of a rig in turn, at a steady rate; nobody reads them. How many were sent; returns
/// when the last one is 100 ms old.
std::uint64_t mesh_traffic(support::NetRig& rig, int count, int per_second);

std::int64_t quantile(const std::vector<std::int64_t>& sorted, double share);

}  // namespace withstand::bench
