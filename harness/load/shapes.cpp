#include "load/shapes.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "core/draw.hpp"
#include "load/key_choice.hpp"
#include "load/values.hpp"
#include "spec/vocabulary.hpp"

namespace withstand::load {
namespace {

using Kind = Request::Kind;

/// What all shapes draw with. Streams of their own keep one draw from depending on another.
class DrawnShape : public Shape {
 public:
  explicit DrawnShape(const Config& config)
      : client_index_(config.client_index),
        keys_(config),
        key_count_(static_cast<std::uint64_t>(config.keys)),
        kinds_(stream(config, "kind")),
        which_(stream(config, "key")),
        details_(stream(config, "detail")) {
    // Reads last, as ever: the same seed gives the same operations as long as the weights are the same.
    auto mix = config.mix.empty() ? default_mix(config.workload) : config.mix;
    const auto add = [&](const std::string& op) {
      const auto found = mix.find(op);
      if (found != mix.end() && found->second > 0) weights_.emplace_back(op, static_cast<std::uint64_t>(found->second));
    };
    for (const auto& [op, weight] : mix)
      if (op != "read") add(op);
    add("read");
    for (const auto& [op, weight] : weights_) total_ += weight;
  }

 protected:
  static core::DrawStream stream(const Config& config, std::string_view purpose) {
    return core::draw_stream(config.seed, "load", "", purpose);
  }
  [[nodiscard]] const std::string& op_of(std::uint64_t id) const {
    auto at = kinds_.below(id, total_);
    for (const auto& [op, weight] : weights_) {
      if (at < weight) return op;
      at -= weight;
    }
    return weights_.back().first;
  }
  [[nodiscard]] bool reads(std::uint64_t id) const { return op_of(id) == "read"; }
  [[nodiscard]] std::uint64_t key_of(std::uint64_t id) const { return keys_.choose(which_, id); }
  [[nodiscard]] std::string unique(std::uint64_t id) const { return value_name(client_index_, id); }

  std::int64_t client_index_;
  KeyChoice keys_;
  std::uint64_t key_count_;
  core::DrawStream kinds_, which_, details_;
  std::vector<std::pair<std::string, std::uint64_t>> weights_;
  std::uint64_t total_ = 0;
};

class Registers : public DrawnShape {
 public:
  using DrawnShape::DrawnShape;
  void fill(Request& request) const override {
    const auto& op = op_of(request.id);
    request.kind = op == "read" ? Kind::read : op == "cas" ? Kind::cas : Kind::write;
    request.key = register_key(key_of(request.id));
    if (request.kind != Kind::read) request.value = unique(request.id);
  }
};

class WriteOnce : public DrawnShape {
 public:
  using DrawnShape::DrawnShape;
  void fill(Request& request) const override {
    request.kind = reads(request.id) ? Kind::read : Kind::create;
    if (request.kind == Kind::read) return;
    request.key = write_once_key(request.id);
    request.value = unique(request.id);
  }
};

/// A number that is added to something, or a look at it.
class Additions : public DrawnShape {
 public:
  Additions(const Config& config, char prefix, Kind change, Kind look)
      : DrawnShape(config), prefix_(prefix), change_(change), look_(look) {}
  void fill(Request& request) const override {
    request.kind = reads(request.id) || op_of(request.id) == "dequeue" ? look_ : change_;
    request.key = fmt::format("{}{}", prefix_, key_of(request.id));
    if (request.kind == look_ || change_ == Kind::raise || change_ == Kind::generate) return;
    const auto number = change_ == Kind::increment ? 1 + details_.below(request.id, 5) : request.id + 1;
    request.value = request.shown = std::to_string(number);
  }

 private:
  char prefix_;
  Kind change_, look_;
};

class Transactions : public DrawnShape {
 public:
  using DrawnShape::DrawnShape;
  void fill(Request& request) const override {
    constexpr std::uint64_t most = 4;
    const auto draws = details_.within(request.id);
    request.kind = Kind::transaction;
    const auto count = 1 + draws.below(0, most);
    for (std::uint64_t i = 0; i < count; ++i) {
      Step step;
      step.kind = draws.bits(1 + 2 * i) % 2 == 0 ? Step::Kind::read : Step::Kind::append;
      step.key = fmt::format("t{}", keys_.choose(draws, 2 + 2 * i));
      if (step.kind == Step::Kind::append) step.value = request.id * most + i + 1;
      request.steps.push_back(std::move(step));
    }
    request.shown = shown_steps(request.steps);
  }
};

class Bank : public DrawnShape {
 public:
  using DrawnShape::DrawnShape;
  void fill(Request& request) const override {
    request.kind = reads(request.id) || key_count_ < 2 ? Kind::balances : Kind::transfer;
    if (request.kind == Kind::balances) return;
    const auto from = key_of(request.id);
    const auto to = (from + 1 + details_.below(request.id, key_count_ - 1)) % key_count_;
    request.key = account(from);
    request.expected = account(to);
    request.value = std::to_string(1 + details_.within(request.id).below(0, 5));
    request.shown =
        fmt::format(R"({{"from":"{}","to":"{}","amount":{}}})", request.key, request.expected, request.value);
  }
  static std::string account(std::uint64_t number) { return fmt::format("a{}", number); }
};

class Locks : public DrawnShape {
 public:
  using DrawnShape::DrawnShape;
  void fill(Request& request) const override {
    request.kind = Kind::acquire;
    request.key = fmt::format("l{}", key_of(request.id));
    request.value = unique(request.id);
    request.shown = "null";
  }
};

/// Two operations at a time, one for each half of a pair.
class Pairs : public Shape {
 public:
  void fill(Request& request) const override {
    request.kind = Kind::insert;
    request.key = fmt::format("p{}", request.id / 2);
    request.value = std::to_string(request.id + 1);
    request.shown =
        request.id % 2 == 0 ? fmt::format("[{},null]", request.value) : fmt::format("[null,{}]", request.value);
  }
  [[nodiscard]] std::uint64_t together() const override { return 2; }
};

/// Groups of keys, one after the other; in each group's time every key is written once, and the group is read as often
/// as the mix says.
class Forks : public DrawnShape {
 public:
  explicit Forks(const Config& config) : DrawnShape(config) {
    std::uint64_t writes = 0;
    for (const auto& [op, weight] : weights_) writes += op == "write" ? weight : 0;
    block_ = std::max(key_count_, writes == 0 ? 1 : key_count_ * total_ / writes);
  }
  void fill(Request& request) const override {
    const auto group = request.id / block_, place = request.id % block_;
    const auto draws = details_.within(group);
    request.kind = Kind::transaction;
    const auto written = key_written_at(draws, place);
    if (written < key_count_) {
      request.op = "write";
      request.steps = {{Step::Kind::write, key(group, written), request.id + 1}};
    } else {
      request.op = "read";
      for (std::uint64_t i = 0; i < key_count_; ++i) request.steps.push_back({Step::Kind::read, key(group, i), 0});
    }
    request.shown = shown_steps(request.steps);
  }

 private:
  static std::string key(std::uint64_t group, std::uint64_t number) { return fmt::format("f{}-{}", group, number); }
  /// Which key is written at that place of the block; key_count_: none. A partial shuffle of the block's places
  /// (Fisher, Yates).
  [[nodiscard]] std::uint64_t key_written_at(const core::DrawStream& draws, std::uint64_t place) const {
    std::map<std::uint64_t, std::uint64_t> moved;
    const auto at = [&](std::uint64_t i) { return moved.contains(i) ? moved[i] : i; };
    for (std::uint64_t number = 0; number < key_count_; ++number) {
      const auto other = number + draws.below(number, block_ - number);
      const auto drawn = at(other);
      moved[other] = at(number);
      if (drawn == place) return number;
    }
    return key_count_;
  }

  std::uint64_t block_;
};

/// The keys are the users', whom the generator knows.
class Sessions : public DrawnShape {
 public:
  using DrawnShape::DrawnShape;
  void fill(Request& request) const override {
    request.kind = reads(request.id) ? Kind::read : Kind::write;
    if (request.kind == Kind::write) request.value = request.shown = std::to_string(request.id + 1);
  }
};

}  // namespace

std::map<std::string, std::int64_t> default_mix(const std::string& workload) {
  const auto* known = spec::find_workload(workload);
  return known == nullptr ? std::map<std::string, std::int64_t>{{"read", 50}, {"write", 50}} : known->mix;
}

std::unique_ptr<const Shape> make_shape(const Config& config) {
  const auto& workload = config.workload;
  const auto additions = [&](char prefix, Kind change, Kind look) {
    return std::make_unique<const Additions>(config, prefix, change, look);
  };
  if (workload == "register" || workload == "cas-register") return std::make_unique<const Registers>(config);
  if (workload == "write-once") return std::make_unique<const WriteOnce>(config);
  if (workload == "append") return std::make_unique<const Transactions>(config);
  if (workload == "set") return additions('s', Kind::add, Kind::members);
  if (workload == "counter") return additions('n', Kind::increment, Kind::count);
  if (workload == "queue") return additions('q', Kind::enqueue, Kind::dequeue);
  if (workload == "unique-ids") return additions('u', Kind::generate, Kind::generate);
  if (workload == "monotonic") return additions('m', Kind::raise, Kind::count);
  if (workload == "bank") return std::make_unique<const Bank>(config);
  if (workload == "lock") return std::make_unique<const Locks>(config);
  if (workload == "write-skew") return std::make_unique<const Pairs>();
  if (workload == "long-fork") return std::make_unique<const Forks>(config);
  if (workload == "session") return std::make_unique<const Sessions>(config);
  throw std::runtime_error(fmt::format("there is no workload '{}'", workload));
}

std::vector<std::string> final_keys(const Config& config) {
  std::vector<std::string> keys;
  const auto add = [&](char prefix) {
    for (std::int64_t i = 0; i < config.keys; ++i) keys.push_back(fmt::format("{}{}", prefix, i));
    return keys;
  };
  const auto& workload = config.workload;
  if (workload == "register" || workload == "cas-register") return add('k');
  if (workload == "append") return add('t');
  if (workload == "set") return add('s');
  if (workload == "counter") return add('n');
  if (workload == "queue") return add('q');
  if (workload == "monotonic") return add('m');
  if (workload == "bank") return {""};
  return {};
}

Request final_request(const std::string& workload, const std::string& key) {
  Request out;
  out.key = key;
  if (workload == "set") out.kind = Kind::members;
  if (workload == "counter" || workload == "monotonic") out.kind = Kind::count;
  if (workload == "queue") out.kind = Kind::dequeue;
  if (workload == "bank") out.kind = Kind::balances;
  if (workload == "append") {
    out.kind = Kind::transaction;
    out.steps = {{Step::Kind::read, std::exchange(out.key, {}), 0}};
    out.shown = shown_steps(out.steps);
  }
  return out;
}

bool has_numbers(const std::string& workload) { return workload == "session"; }

}  // namespace withstand::load
