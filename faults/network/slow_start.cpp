#include "network/slow_start.hpp"

#include "core/parameters.hpp"

namespace withstand::faults {

void SlowStart::begin(const std::string& fault, std::uint64_t seed, const std::vector<core::Link>& links) {
  if (time_.count() == 0) return;
  core::Impairment ramp;
  ramp.kind = core::Impairment::Kind::rate;
  ramp.fault = fault + ", slow start";
  ramp.seed = seed;
  ramp.settings.rate.bits_per_second = 1'000'000'000;
  ramp.settings.rate.ramp_from = 64'000;
  ramp.settings.rate.ramp = time_;
  ramp.settings.rate.queue = 256 * 1024;
  const auto handle = lab_.links().add(ramp, links);
  timer_ = lab_.loop().at(core::now() + time_, [this, handle] { lab_.links().remove(handle); });
}

spec::Parameter slow_start_parameter() {
  spec::Parameter slow;
  slow.name = "slow_start";
  slow.type = spec::ValueType::duration;
  slow.summary = "After it ends, the links start at 64kbit/s and reach 1Gbit/s, doubling evenly, in this time.";
  slow.minimum = std::chrono::nanoseconds(std::chrono::milliseconds(1));
  return slow;
}

std::chrono::nanoseconds slow_start_of(const spec::FaultSpec& fault) {
  return core::parameter_or<std::chrono::nanoseconds>(fault, "slow_start", {});
}

}  // namespace withstand::faults
