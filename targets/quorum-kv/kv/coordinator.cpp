#include "kv/coordinator.hpp"

#include <utility>
#include <vector>

namespace quorum_kv {

Coordinator::Coordinator(const Identity& identity, const Timing& timing, const Bugs& bugs, Transport& transport,
                         const Clock& clock)
    : identity_(identity), timing_(timing), policy_(identity, timing, bugs), transport_(transport), clock_(clock) {}

void Coordinator::read(const std::string& key, Done done) { start(Kind::read, key, {}, std::move(done)); }

void Coordinator::write(const std::string& key, std::string value, Done done) {
  start(Kind::write, key, std::move(value), std::move(done));
}

void Coordinator::start(Kind kind, const std::string& key, std::string value, Done done) {
  Operation operation;
  operation.kind = kind;
  operation.key = key;
  operation.to_write = std::move(value);
  operation.deadline = deadline_clock() + timing_.operation;
  operation.done = std::move(done);
  const Entry entry = operations_.emplace(++last_operation_, std::move(operation)).first;
  if (policy_.skips_query(kind)) {
    choose_tag(entry);
    enter(entry, Phase::store);
  } else {
    enter(entry, Phase::query);
  }
}

void Coordinator::enter(Entry entry, Phase phase) {
  Operation& operation = entry->second;
  operation.phase = phase;
  operation.replied.reset();
  operation.repeated = 0;
  operation.repeat_at = clock_.monotonic() + policy_.repetition(0).wait;
  for (std::uint32_t member = 0; member < identity_.members; ++member) send(entry, member);
}

void Coordinator::send(Entry entry, std::uint32_t member) {
  const Operation& operation = entry->second;
  const Ticket ticket{entry->first, static_cast<std::uint8_t>(operation.phase)};
  if (operation.phase == Phase::query) {
    transport_.send(member, Query{ticket, operation.key});
  } else {
    transport_.send(member, Store{ticket, {operation.key, operation.data}});
  }
}

void Coordinator::on_reply(std::uint32_t from, const Reply& reply) {
  const Ticket ticket = std::visit([](const auto& any) { return any.ticket; }, reply);
  const Entry entry = operations_.find(ticket.operation);
  if (entry == operations_.end() || from >= identity_.members) return;
  Operation& operation = entry->second;
  if (ticket.phase != static_cast<std::uint8_t>(operation.phase) || operation.replied.test(from)) return;
  operation.replied.set(from);
  if (const auto* answer = std::get_if<QueryReply>(&reply)) {
    if (operation.phase == Phase::query) on_query_reply(entry, from, *answer);
  } else if (operation.phase == Phase::store && policy_.store_suffices(operation.kind, operation.replied)) {
    finish(entry, Outcome::ok);
  }
}

void Coordinator::on_query_reply(Entry entry, std::uint32_t from, const QueryReply& reply) {
  Operation& operation = entry->second;
  if (reply.data.tag > operation.data.tag) {
    operation.data = reply.data;
    operation.holders.reset();
  }
  if (reply.data.tag == operation.data.tag) operation.holders.set(from);
  if (!policy_.query_suffices(operation.kind, operation.replied)) return;
  if (operation.kind == Kind::read && !policy_.write_back_needed(operation.holders)) {
    finish(entry, Outcome::ok);
    return;
  }
  if (operation.kind == Kind::write) choose_tag(entry);
  enter(entry, Phase::store);
}

void Coordinator::choose_tag(Entry entry) {
  Operation& operation = entry->second;
  const Tag tag = policy_.tag_for_write(operation.data.tag, entry->first, clock_.wall());
  operation.data = {tag, std::move(operation.to_write)};
}

void Coordinator::on_reconnect(std::uint32_t member) {
  for (Entry entry = operations_.begin(); entry != operations_.end(); ++entry) {
    if (!entry->second.replied.test(member)) send(entry, member);
  }
}

void Coordinator::tick() {
  const auto now = clock_.monotonic();
  const auto deadline_now = deadline_clock();
  std::vector<std::uint64_t> expired;
  for (Entry entry = operations_.begin(); entry != operations_.end(); ++entry) {
    Operation& operation = entry->second;
    if (policy_.expires() && deadline_now >= operation.deadline) {
      expired.push_back(entry->first);
      continue;
    }
    if (operation.phase == Phase::query && deadline_now >= operation.deadline - timing_.operation / 2 &&
        policy_.goes_on_without_majority(operation.kind, operation.replied)) {
      choose_tag(entry);
      enter(entry, Phase::store);
    }
    if (now < operation.repeat_at) continue;
    if (operation.phase == Phase::store && policy_.goes_without_the_rest(operation.kind, operation.replied)) {
      expired.push_back(entry->first);
      continue;
    }
    const Repetition repetition = policy_.repetition(operation.repeated);
    ++operation.repeated;
    operation.repeat_at = now + policy_.repetition(operation.repeated).wait;
    for (std::uint32_t member = 0; member < identity_.members; ++member) {
      if (operation.replied.test(member)) continue;
      for (int copy = 0; copy < repetition.copies; ++copy) send(entry, member);
      repetitions_ += static_cast<std::uint64_t>(repetition.copies);
    }
  }
  for (const std::uint64_t id : expired) {
    const Entry entry = operations_.find(id);
    if (entry != operations_.end()) finish(entry, outcome_at_deadline(entry->second));
  }
}

Outcome Coordinator::outcome_at_deadline(const Operation& operation) const {
  if (operation.phase == Phase::query || operation.kind == Kind::read) return Outcome::none;
  return policy_.acknowledged_at_deadline(operation.kind, operation.replied) ? Outcome::ok : Outcome::unknown;
}

void Coordinator::finish(Entry entry, Outcome outcome) {
  Operation operation = std::move(entry->second);
  operations_.erase(entry);
  operation.done({outcome, std::move(operation.data)});
}

std::chrono::nanoseconds Coordinator::deadline_clock() const {
  return policy_.deadline_by_wall_clock() ? clock_.wall() : clock_.monotonic();
}

}  // namespace quorum_kv
