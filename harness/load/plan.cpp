#include "load/plan.hpp"

namespace withstand::load {

Plan::Plan(const Config& config)
    : client_index_(static_cast<std::uint64_t>(config.client_index)),
      clients_(static_cast<std::uint64_t>(config.clients)),
      closed_(config.users > 0),
      shape_(make_shape(config)),
      arrivals_(config),
      picks_(core::draw_stream(config.seed, "load", "", "acknowledged")) {
  next_.id = client_index_;
  fill();
}

void Plan::advance() {
  const auto id = next_.id + clients_;
  next_ = {};
  next_.id = id;
  fill();
}

void Plan::fill() {
  shape_->fill(next_);
  next_.pick = picks_.bits(next_.id);
  if (!closed_) next_.offset = arrivals_.of(next_.id - next_.id % shape_->together());
}

}  // namespace withstand::load
