#include "check/zones.hpp"

#include <algorithm>
#include <limits>
#include <vector>

namespace withstand::check {

namespace {

constexpr std::int64_t before_all = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t after_all = std::numeric_limits<std::int64_t>::max();
constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

/// All operations on one value. Positions are into the operations given.
struct Cluster {
  std::int64_t first_end = after_all;
  std::int64_t last_start = before_all;
  std::uint32_t ended_first = none;
  std::uint32_t started_last = none;
  std::uint32_t write = none;

  [[nodiscard]] bool forward() const { return first_end < last_start; }
  [[nodiscard]] bool empty() const { return started_last == none; }
};

class ZonesOfRegister {
 public:
  ZonesOfRegister(std::span<const RegisterOperation> operations, std::uint32_t values)
      : operations_(operations), clusters_(values + std::size_t{1}) {
    clusters_[0].first_end = before_all;
    for (std::uint32_t i = 0; i < operations.size(); ++i) add(i);
  }

  [[nodiscard]] std::optional<RegisterConflict> conflict() const {
    if (auto found = read_before_write()) return found;
    const std::vector<std::uint32_t> zones = forward_zones();
    if (auto found = overlapping(zones)) return found;
    return enclosed(zones);
  }

 private:
  void add(std::uint32_t position) {
    const RegisterOperation& operation = operations_[position];
    Cluster& cluster = clusters_[operation.value];
    if (operation.write) cluster.write = position;
    if (operation.end < cluster.first_end) {
      cluster.first_end = operation.end;
      cluster.ended_first = position;
    }
    if (cluster.empty() || operation.start > cluster.last_start) {
      cluster.last_start = operation.start;
      cluster.started_last = position;
    }
  }

  /// The earliest end of a cluster is a read's if any operation at all ended before the write started.
  [[nodiscard]] std::optional<RegisterConflict> read_before_write() const {
    for (const Cluster& cluster : clusters_) {
      if (cluster.write == none || cluster.first_end >= operations_[cluster.write].start) continue;
      return RegisterConflict{
          RegisterConflict::Kind::read_before_write, {index(cluster.ended_first), index(cluster.write)}, {}};
    }
    return std::nullopt;
  }

  /// Values with a forward zone, by the zone's start.
  [[nodiscard]] std::vector<std::uint32_t> forward_zones() const {
    std::vector<std::uint32_t> zones;
    for (std::uint32_t value = 0; value < clusters_.size(); ++value) {
      if (clusters_[value].forward()) zones.push_back(value);
    }
    std::sort(zones.begin(), zones.end(),
              [this](std::uint32_t a, std::uint32_t b) { return clusters_[a].first_end < clusters_[b].first_end; });
    return zones;
  }

  /// As long as no two overlap, the zone before is also the one that ends last.
  [[nodiscard]] std::optional<RegisterConflict> overlapping(const std::vector<std::uint32_t>& zones) const {
    for (std::size_t i = 1; i < zones.size(); ++i) {
      if (clusters_[zones[i]].first_end < clusters_[zones[i - 1]].last_start) return between(zones[i - 1], zones[i]);
    }
    return std::nullopt;
  }

  /// Zones are disjoint by now: only the last one that starts before a backward zone can hold it.
  [[nodiscard]] std::optional<RegisterConflict> enclosed(const std::vector<std::uint32_t>& zones) const {
    for (std::uint32_t value = 0; value < clusters_.size(); ++value) {
      const Cluster& cluster = clusters_[value];
      if (cluster.empty() || cluster.forward()) continue;
      const auto after =
          std::lower_bound(zones.begin(), zones.end(), cluster.last_start,
                           [this](std::uint32_t zone, std::int64_t t) { return clusters_[zone].first_end < t; });
      if (after == zones.begin()) continue;
      const std::uint32_t holder = *std::prev(after);
      if (cluster.first_end < clusters_[holder].last_start) return between(holder, value);
    }
    return std::nullopt;
  }

  /// Why two values cannot be ordered: each must precede the other. Three operations say it where one of them lies
  /// between two of the other value.
  [[nodiscard]] RegisterConflict between(std::uint32_t a, std::uint32_t b) const {
    if (auto found = sandwich(a, b)) return *found;
    if (auto found = sandwich(b, a)) return *found;
    const Cluster& first = clusters_[a];
    const Cluster& second = clusters_[b];
    return {RegisterConflict::Kind::crossed,
            {index(first.ended_first), index(second.started_last)},
            {index(second.ended_first), index(first.started_last)}};
  }

  /// The earliest that can be told: the first operation on the inner value that lies between two on the outer one, and
  /// the first on the outer value after that.
  [[nodiscard]] std::optional<RegisterConflict> sandwich(std::uint32_t outer, std::uint32_t inner) const {
    const Cluster& around = clusters_[outer];
    const RegisterOperation* middle = nullptr;
    for (const RegisterOperation& one : operations_) {
      const bool inside = one.value == inner && one.start > around.first_end && one.end < around.last_start;
      if (inside && (middle == nullptr || one.end < middle->end)) middle = &one;
    }
    if (middle == nullptr) return std::nullopt;
    const RegisterOperation* again = nullptr;
    for (const RegisterOperation& one : operations_) {
      if (one.value != outer || one.start <= middle->end) continue;
      if (again == nullptr || one.start < again->start) again = &one;
    }
    return RegisterConflict{
        RegisterConflict::Kind::sandwiched, {index(around.ended_first), middle->index}, {middle->index, again->index}};
  }

  [[nodiscard]] std::uint32_t index(std::uint32_t position) const {
    return position == none ? RegisterConflict::initial : operations_[position].index;
  }

  std::span<const RegisterOperation> operations_;
  std::vector<Cluster> clusters_;
};

}  // namespace

std::optional<RegisterConflict> find_conflict(std::span<const RegisterOperation> operations, std::uint32_t values) {
  return ZonesOfRegister(operations, values).conflict();
}

}  // namespace withstand::check
