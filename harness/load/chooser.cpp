#include "load/chooser.hpp"

namespace withstand::load {

Chooser::Chooser(std::size_t count, bool failover, std::uint64_t start)
    : states_(count), failover_(failover), next_(count == 0 ? 0 : start % count) {}

std::size_t Chooser::choose(core::Instant now) {
  const std::size_t first = next_;
  for (std::size_t step = 0; failover_ && step < states_.size(); ++step) {
    const std::size_t candidate = (first + step) % states_.size();
    State& state = states_[candidate];
    if (state.suspect && (state.on_trial || now < state.until)) continue;
    state.on_trial = state.suspect;
    next_ = (candidate + 1) % states_.size();
    return candidate;
  }
  next_ = (first + 1) % states_.size();
  return first;
}

void Chooser::succeeded(std::size_t endpoint) { states_[endpoint] = {}; }

void Chooser::failed(std::size_t endpoint, core::Instant now) { states_[endpoint] = {true, false, now + suspicion}; }

}  // namespace withstand::load
