#include "load/users.hpp"

#include <cmath>

namespace withstand::load {

Users::Users(const Config& config, Processes& processes, core::Instant start)
    : source_(processes),
      think_(static_cast<double>(config.think)),
      draws_(core::draw_stream(config.seed, "load", config.client, "think")) {
  for (std::int64_t user = 0; user < config.users; ++user) {
    processes_.push_back(source_.take());
    ready_.emplace(start + core::Instant(config.think * user / config.users), processes_.size() - 1);
  }
}

std::optional<core::Instant> Users::next() const {
  if (ready_.empty()) return std::nullopt;
  return ready_.begin()->first;
}

std::size_t Users::take() {
  const auto user = ready_.begin()->second;
  ready_.erase(ready_.begin());
  return user;
}

void Users::answered(std::size_t user, std::uint64_t id, core::Instant now, bool unknown) {
  if (unknown) processes_[user] = source_.take();
  const double think = -std::log1p(-draws_.uniform(id)) * think_;
  ready_.emplace(now + core::Instant(std::llround(think)), user);
}

}  // namespace withstand::load
