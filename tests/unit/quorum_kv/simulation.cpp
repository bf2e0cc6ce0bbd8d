#include "simulation.hpp"

#include <deque>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace quorum_kv::testing {

using std::chrono::milliseconds;

void World::after(Nanoseconds delay, std::function<void()> what) {
  events_.push({now_ + delay, order_++, std::move(what)});
}

void World::run_until(Nanoseconds end) {
  while (!events_.empty() && events_.top().at <= end) {
    const Event event = events_.top();
    events_.pop();
    now_ = event.at;
    event.what();
  }
  now_ = end;
}

Nanoseconds World::between(Nanoseconds least, Nanoseconds most) {
  return least + Nanoseconds(draw(static_cast<std::uint64_t>((most - least).count() + 1)));
}

namespace {

constexpr Timing timing{milliseconds(400), milliseconds(50)};
const std::string the_key = "register";

/// A log that syncs after a while. A crash keeps any number of the oldest appends that were not yet acknowledged.
class SimDisk : public DurableStore {
 public:
  SimDisk(World& world, std::vector<Record>& kept) : world_(world), kept_(kept) {}

  void append(const Record& record, std::function<void()> durable) override { push(record, std::move(durable)); }
  void barrier(std::function<void()> durable) override { push(std::nullopt, std::move(durable)); }

  void crash() {
    const std::uint64_t survive = world_.draw(queue_.size() + 1);
    for (std::uint64_t i = 0; i < survive; ++i) {
      if (queue_[i].record) kept_.push_back(*queue_[i].record);
    }
    queue_.clear();
  }

 private:
  struct Item {
    std::optional<Record> record;
    std::function<void()> durable;
  };

  void push(std::optional<Record> record, std::function<void()> durable) {
    queue_.push_back({std::move(record), std::move(durable)});
    world_.after(world_.between(Nanoseconds(0), milliseconds(8)), [this, alive = std::weak_ptr(life_)] {
      if (!alive.expired()) sync();
    });
  }

  void sync() {
    for (const Item& item : std::exchange(queue_, {})) {
      if (item.record) kept_.push_back(*item.record);
      item.durable();
    }
  }

  World& world_;
  std::vector<Record>& kept_;
  std::deque<Item> queue_;
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

class Cluster;

/// What a process is between a start and a crash.
class Life : public Transport, public Clock {
 public:
  Life(Cluster& cluster, World& world, const Plan& plan, std::uint32_t self, std::uint64_t boot,
       std::vector<Record>& kept, Nanoseconds wall_offset)
      : cluster_(cluster),
        world_(world),
        wall_offset_(wall_offset),
        disk(world, kept),
        replica(disk, kept, plan.bugs),
        coordinator({self, plan.members, boot}, timing, plan.bugs, *this, *this),
        self_(self) {}

  void send(std::uint32_t to, const Request& request) override;
  Nanoseconds monotonic() const override { return world_.now(); }
  Nanoseconds wall() const override { return world_.now() + wall_offset_ + std::chrono::hours(1); }

 private:
  Cluster& cluster_;
  World& world_;
  const Nanoseconds wall_offset_;

 public:
  SimDisk disk;
  Replica replica;
  Coordinator coordinator;

 private:
  std::uint32_t self_;
};

class Cluster {
 public:
  Cluster(World& world, const Plan& plan) : world_(world), plan_(plan), nodes_(plan.members) {
    loss_percent_ = static_cast<unsigned>(world.draw(3) * 10);
    slow_percent_ = static_cast<unsigned>(world.draw(3) * 15);
    for (Node& node : nodes_) node.wall_offset = world.between(milliseconds(-300), milliseconds(300));
    for (std::uint32_t i = 0; i < plan.members; ++i) start(i);
  }

  void start(std::uint32_t index) {
    Node& node = nodes_[index];
    if (node.life) return;
    if (plan_.bugs.forget_on_restart) node.kept.clear();
    node.life = std::make_shared<Life>(*this, world_, plan_, index, ++node.boots, node.kept, node.wall_offset);
    tick(index, node.life);
  }

  void crash(std::uint32_t index) {
    Node& node = nodes_[index];
    if (!node.life) return;
    node.life->disk.crash();
    node.life.reset();
    ++crashes;
  }

  void isolate(std::uint32_t index, bool isolated) { nodes_[index].isolated = isolated; }

  void heal() {
    loss_percent_ = slow_percent_ = 0;
    for (std::uint32_t i = 0; i < plan_.members; ++i) {
      isolate(i, false);
      start(i);
    }
  }

  std::shared_ptr<Life> life(std::uint32_t index) { return nodes_[index].life; }

  void request(std::uint32_t from, std::uint32_t to, const Request& request) {
    const int copies = world_.chance(5) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      carry(from, to, [this, from, to, request, origin = std::weak_ptr(nodes_[from].life)] {
        const auto target = nodes_[to].life;
        if (!target) return;
        serve(target->replica, request, [this, from, to, origin](const Reply& reply) {
          carry(to, from, [origin, to, reply] {
            // An answer to a process that died finds nobody: its connections died with it.
            if (const auto asker = origin.lock()) asker->coordinator.on_reply(to, reply);
          });
        });
      });
    }
  }

  int crashes = 0;
  int lost = 0;

 private:
  struct Node {
    std::shared_ptr<Life> life;
    std::vector<Record> kept;
    std::uint64_t boots = 0;
    bool isolated = false;
    Nanoseconds wall_offset{};
  };

  void carry(std::uint32_t from, std::uint32_t to, std::function<void()> deliver) {
    const bool remote = from != to;
    if (remote && (nodes_[from].isolated || nodes_[to].isolated || world_.chance(loss_percent_))) {
      ++lost;
      return;
    }
    const bool slow = remote && world_.chance(slow_percent_);
    world_.after(remote ? world_.between(milliseconds(1), milliseconds(slow ? 200 : 8)) : Nanoseconds(1000),
                 std::move(deliver));
  }

  void tick(std::uint32_t index, const std::shared_ptr<Life>& life) {
    life->coordinator.tick();
    world_.after(milliseconds(10), [this, index, weak = std::weak_ptr(life)] {
      if (const auto alive = weak.lock()) tick(index, alive);
    });
  }

  World& world_;
  const Plan& plan_;
  std::vector<Node> nodes_;
  unsigned loss_percent_ = 0;
  unsigned slow_percent_ = 0;
};

void Life::send(std::uint32_t to, const Request& request) { cluster_.request(self_, to, request); }

/// Issues operations one after another, each at a node drawn anew, and writes down what came of them.
class Clients {
 public:
  Clients(World& world, const Plan& plan, Cluster& cluster, Summary& summary)
      : world_(world), plan_(plan), cluster_(cluster), summary_(summary) {}

  void start() {
    for (std::uint32_t i = 0; i < plan_.clients; ++i) next(plan_.operations);
  }

  void read_at(std::uint32_t node) {
    issue(node, false, [] {});
  }

  /// The history: what was never answered counts as a write that may have happened, or as no read.
  void finish() {
    for (Operation& operation : operations_) {
      if (operation.returned == never && !operation.is_write) continue;
      if (operation.returned == never) ++summary_.unknown;
      if (operation.returned != dropped) summary_.history.push_back(std::move(operation));
    }
  }

 private:
  static constexpr std::uint64_t dropped = never - 1;

  void next(int left) {
    if (left == 0) return;
    world_.after(world_.between(milliseconds(0), milliseconds(60)), [this, left] {
      const auto node = static_cast<std::uint32_t>(world_.draw(plan_.members));
      // A client gives an answer up after a while; the operation itself may go on.
      auto moved_on = std::make_shared<bool>(false);
      const auto go_on = [this, left, moved_on] {
        if (!std::exchange(*moved_on, true)) next(left - 1);
      };
      issue(node, world_.chance(50), go_on);
      world_.after(milliseconds(600), go_on);
    });
  }

  void issue(std::uint32_t node, bool is_write, std::function<void()> then) {
    const auto life = cluster_.life(node);
    if (!life) {
      world_.after(milliseconds(1), std::move(then));
      return;
    }
    const std::size_t index = operations_.size();
    operations_.push_back(
        {is_write, is_write ? fmt::format("v{}", index) : "", ++events_, never, fmt::format("n{}", node + 1)});
    const auto done = [this, index, then = std::move(then)](const Result& result) {
      settle(operations_[index], result);
      then();
    };
    if (is_write) {
      life->coordinator.write(the_key, operations_[index].value, done);
    } else {
      life->coordinator.read(the_key, done);
    }
  }

  void settle(Operation& operation, const Result& result) {
    if (result.outcome == Outcome::unknown) return;
    if (result.outcome == Outcome::none) {
      operation.returned = dropped;
      ++summary_.failed;
      return;
    }
    operation.returned = ++events_;
    if (!operation.is_write) operation.value = result.data.value;
    ++summary_.acknowledged;
  }

  World& world_;
  const Plan& plan_;
  Cluster& cluster_;
  Summary& summary_;
  std::deque<Operation> operations_;
  std::uint64_t events_ = 0;
};

void schedule_faults(World& world, const Plan& plan, Cluster& cluster) {
  const std::uint64_t faults = world.draw(5);
  for (std::uint64_t i = 0; i < faults; ++i) {
    const auto node = static_cast<std::uint32_t>(world.draw(plan.members));
    const auto begin = world.between(milliseconds(0), milliseconds(500));
    const auto end = begin + world.between(milliseconds(10), milliseconds(200));
    if (world.chance(60)) {
      world.after(begin, [&cluster, node] { cluster.crash(node); });
      world.after(end, [&cluster, node] { cluster.start(node); });
    } else {
      world.after(begin, [&cluster, node] { cluster.isolate(node, true); });
      world.after(end, [&cluster, node] { cluster.isolate(node, false); });
    }
  }
}

}  // namespace

Summary simulate(const Plan& plan) {
  Summary summary;
  World world(plan.seed);
  Cluster cluster(world, plan);
  Clients clients(world, plan, cluster, summary);
  schedule_faults(world, plan, cluster);
  clients.start();
  world.run_until(milliseconds(1500));
  cluster.heal();
  world.run_until(milliseconds(2500));
  for (std::uint32_t node = 0; node < plan.members; ++node) {
    clients.read_at(node);
    world.run_until(world.now() + milliseconds(500));
  }
  clients.finish();
  summary.crashes = cluster.crashes;
  summary.lost = cluster.lost;
  return summary;
}

}  // namespace quorum_kv::testing
