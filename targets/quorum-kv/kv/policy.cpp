#include "kv/policy.hpp"

#include <algorithm>

namespace quorum_kv {

Policy::Policy(const Identity& identity, const Timing& timing, const Bugs& bugs)
    : identity_(identity), timing_(timing), bugs_(bugs) {}

bool Policy::query_suffices(Kind kind, const Members& replied) const {
  if (bugs_.no_timeout) return replied.count() == identity_.members;
  if (bugs_.read_one && kind == Kind::read) return replied.test(identity_.self);
  return majority(replied);
}

bool Policy::write_back_needed(const Members& holders) const {
  if (bugs_.no_write_back || bugs_.read_one) return false;
  return !majority(holders);
}

bool Policy::store_suffices(Kind kind, const Members& replied) const {
  if (bugs_.no_timeout) return replied.count() == identity_.members;
  if (bugs_.ack_before_quorum && kind == Kind::write) return replied.test(identity_.self);
  if (bugs_.read_one && kind == Kind::write) return replied.count() == identity_.members;
  return majority(replied);
}

bool Policy::goes_without_the_rest(Kind kind, const Members& stored) const {
  return bugs_.read_one && kind == Kind::write && majority(stored);
}

bool Policy::acknowledged_at_deadline(Kind kind, const Members& stored) const {
  return goes_without_the_rest(kind, stored) || (bugs_.minority_writes && kind == Kind::write && stored.any());
}

bool Policy::goes_on_without_majority(Kind kind, const Members& replied) const {
  return bugs_.minority_writes && kind == Kind::write && replied.any();
}

Tag Policy::tag_for_write(const Tag& seen, std::uint64_t operation, std::chrono::nanoseconds wall) const {
  if (bugs_.wall_clock_versions) {
    return {static_cast<std::uint64_t>(wall.count()), identity_.self, identity_.boot, operation};
  }
  if (bugs_.bare_tags) return {seen.counter + 1, 0, 0, 0};
  if (bugs_.volatile_boot) return {seen.counter + 1, identity_.self, 1, operation};
  return {seen.counter + 1, identity_.self, identity_.boot, operation};
}

Repetition Policy::repetition(int count) const {
  if (bugs_.retry_storm) return {timing_.retry / 20, 1 << std::min(count + 1, 9)};
  return {timing_.retry * (1 << std::min(count, 2)), 1};
}

}  // namespace quorum_kv
