#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <random>
#include <vector>

#include "kv/coordinator.hpp"
#include "kv/replica.hpp"
#include "linearizable.hpp"

/// The store's own replicas and coordinators in a world where network, disks, clocks and crashes are drawn from a seed.
namespace quorum_kv::testing {

using Nanoseconds = std::chrono::nanoseconds;

/// Time, a queue of things to come, and draws.
class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {}

  [[nodiscard]] Nanoseconds now() const { return now_; }
  void after(Nanoseconds delay, std::function<void()> what);
  /// Runs what is due, in order, until nothing is left or `end` has come.
  void run_until(Nanoseconds end);

  std::uint64_t draw(std::uint64_t below) { return random_() % below; }
  bool chance(unsigned percent) { return draw(100) < percent; }
  Nanoseconds between(Nanoseconds least, Nanoseconds most);

 private:
  struct Event {
    Nanoseconds at;
    std::uint64_t order;
    std::function<void()> what;
    bool operator>(const Event& other) const { return at != other.at ? at > other.at : order > other.order; }
  };
  Nanoseconds now_{};
  std::uint64_t order_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::mt19937_64 random_;
};

struct Plan {
  std::uint64_t seed = 1;
  Bugs bugs;
  std::uint32_t members = 3;
  std::uint32_t clients = 4;
  int operations = 6;  ///< per client
};

struct Summary {
  std::vector<Operation> history;  ///< without reads that failed
  int acknowledged = 0;
  int failed = 0;
  int unknown = 0;
  int crashes = 0;
  int lost = 0;  ///< messages
};

/// One run: clients work while faults come and go; then everything heals and every node is read once.
Summary simulate(const Plan& plan);

}  // namespace quorum_kv::testing
