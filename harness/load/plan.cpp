#include "load/plan.hpp"

#include <cmath>

#include "load/values.hpp"

namespace withstand::load {
namespace {

std::uint64_t weight(const Config& config, const std::string& kind) {
  const auto mix = config.mix.empty() ? default_mix(config.workload) : config.mix;
  const auto it = mix.find(kind);
  return it == mix.end() ? 0 : static_cast<std::uint64_t>(it->second);
}

core::DrawStream stream(const Config& config, std::string_view purpose) {
  return core::draw_stream(config.seed, "load", "", purpose);
}

}  // namespace

std::map<std::string, std::int64_t> default_mix(const std::string& workload) {
  if (workload == "write-once") return {{"write", 100}};
  return {{"read", 50}, {"write", 50}};
}

Plan::Plan(const Config& config)
    : write_once_(config.workload == "write-once"),
      poisson_(config.arrival == "poisson"),
      client_index_(static_cast<std::uint64_t>(config.client_index)),
      clients_(static_cast<std::uint64_t>(config.clients)),
      rate_millihertz_(static_cast<std::uint64_t>(config.rate_millihertz)),
      keys_(static_cast<std::uint64_t>(config.keys)),
      read_weight_(weight(config, "read")),
      write_weight_(weight(config, "write")),
      kinds_(stream(config, "kind")),
      which_(stream(config, "key")),
      picks_(stream(config, "acknowledged")),
      gaps_(stream(config, "arrival")) {
  next_.id = client_index_;
  fill();
}

void Plan::advance() {
  next_.id += clients_;
  fill();
}

void Plan::fill() {
  const bool write = kinds_.below(next_.id, read_weight_ + write_weight_) < write_weight_;
  next_.offset = offset_of(next_.id);
  next_.value_name = write ? value_name(static_cast<std::int64_t>(client_index_), next_.id) : std::string();
  if (write_once_) {
    next_.kind = write ? Request::Kind::create : Request::Kind::read;
    next_.key = write ? write_once_key(next_.id) : std::string();
    next_.pick = write ? 0 : picks_.bits(next_.id);
  } else {
    next_.kind = write ? Request::Kind::write : Request::Kind::read;
    next_.key = register_key(which_.below(next_.id, keys_));
  }
}

std::chrono::nanoseconds Plan::offset_of(std::uint64_t id) {
  if (!poisson_) {
    __extension__ using Wide = unsigned __int128;  // id * 10^12 leaves 64 bits after 18 million operations
    return std::chrono::nanoseconds(static_cast<std::int64_t>(Wide{id} * 1'000'000'000'000U / rate_millihertz_));
  }
  for (; poisson_drawn_ <= id; ++poisson_drawn_) poisson_sum_ -= std::log1p(-gaps_.uniform(poisson_drawn_));
  return std::chrono::nanoseconds(
      static_cast<std::int64_t>(poisson_sum_ * 1e12L / static_cast<long double>(rate_millihertz_)));
}

}  // namespace withstand::load
