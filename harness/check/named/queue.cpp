#include <unordered_map>

#include <fmt/format.h>

#include "check/named/evidence.hpp"
#include "check/named/named.hpp"

namespace withstand::check {

namespace {

struct Message {
  std::uint32_t first_put = UINT32_MAX, last_take = UINT32_MAX;
  std::uint64_t attempted = 0, acknowledged = 0, taken = 0;
};

/// One queue.
struct QueueOfKey {
  std::unordered_map<Value, Message, ValueHash> messages;
  std::uint64_t unknown_takes = 0;
  bool emptied = false;
};

/// What is told of all of them together.
struct QueueCounts {
  std::uint64_t acknowledged = 0, lost = 0, unexpected = 0, duplicated = 0, recovered = 0;
  std::uint64_t perhaps_there = 0;  ///< not dequeued from a queue that was never found empty
  std::uint64_t perhaps_taken = 0;  ///< not dequeued from a queue with dequeues of unknown outcome
  std::uint64_t unknown_takes = 0;  ///< of those queues
};

class QueueJudge {
 public:
  explicit QueueJudge(const OperationHistory& history) : history_(history) {}

  Finding judge() {
    for (std::uint32_t i = 0; i < history_.operations.size(); ++i) {
      const HistoryOperation& operation = history_.operations[i];
      const auto f = history_.f_of(operation);
      if (is_one_of(f, {"enqueue", "push", "put", "send"})) {
        put(i);
      } else if (is_one_of(f, {"dequeue", "pop", "take", "receive"})) {
        take(i);
      } else if (f == "drain") {
        if (!operation.output.is_nil() && !operation.output.is_collection())
          return misfit_of(history_, operation, "drains of a list");
        // What a drain had taken before it broke off is taken all the same.
        for (const Value& value : history_.values.items(operation.output)) taken(value, i);
        if (operation.outcome == record::Outcome::ok) queues_[operation.key].emptied = true;
        if (operation.outcome == record::Outcome::info) ++queues_[operation.key].unknown_takes;
      } else {
        return misfit_of(history_, operation, "enqueue, dequeue and drain");
      }
    }
    return conclude();
  }

 private:
  void put(std::uint32_t i) {
    const HistoryOperation& operation = history_.operations[i];
    Message& message = queues_[operation.key].messages[operation.input];
    if (message.first_put == UINT32_MAX) message.first_put = i;
    if (operation.outcome == record::Outcome::ok) ++message.acknowledged;
    if (operation.outcome == record::Outcome::ok || operation.outcome == record::Outcome::info) ++message.attempted;
  }

  void take(std::uint32_t i) {
    const HistoryOperation& operation = history_.operations[i];
    const auto said = history_.values.text_of(operation.error);
    QueueOfKey& queue = queues_[operation.key];
    if (operation.outcome == record::Outcome::info) ++queue.unknown_takes;
    if (operation.outcome == record::Outcome::fail && (said == "empty" || said == "exhausted")) queue.emptied = true;
    if (operation.outcome != record::Outcome::ok) return;
    if (operation.output.is_nil()) {
      queue.emptied = true;
    } else {
      taken(operation.output, i);
    }
  }

  void taken(const Value& value, std::uint32_t i) {
    Message& message = queues_[history_.operations[i].key].messages[value];
    message.last_take = i;
    ++message.taken;
  }

  void look_at(const QueueOfKey& queue, QueueCounts& counts, Finding& out) const {
    std::uint64_t lost = 0;
    for (const auto& [value, message] : queue.messages) {
      counts.acknowledged += message.acknowledged;
      if (message.taken > 0 && message.acknowledged < std::min(message.taken, message.attempted)) ++counts.recovered;
      const std::string shown = history_.values.show(value);
      if (message.attempted == 0 && message.taken > 0) {
        if (counts.unexpected++ < 3)
          accuse(history_, out, "from nowhere", std::span(&message.last_take, 1), "Nobody had enqueued it.");
      } else if (message.taken > message.attempted) {
        const std::uint32_t both[] = {message.first_put, message.last_take};
        if (counts.duplicated++ < 3)
          accuse(
              history_, out, "duplicated", both,
              fmt::format("{} was enqueued {} times and dequeued {} times.", shown, message.attempted, message.taken));
      } else if (message.acknowledged > message.taken) {
        ++lost;
        if (counts.lost + lost <= 3 && queue.emptied && queue.unknown_takes == 0)
          accuse(history_, out, "lost", std::span(&message.first_put, 1),
                 fmt::format("{} was acknowledged and never dequeued.", shown));
      }
    }
    counts.lost += lost;
    if (!queue.emptied) counts.perhaps_there += lost;
    if (queue.unknown_takes > 0) counts.perhaps_taken += lost;
    if (lost > 0) counts.unknown_takes += queue.unknown_takes;
  }

  Finding conclude() {
    Finding out;
    QueueCounts counts;
    for (const QueueOfKey& queue : queues_) look_at(queue, counts, out);
    out.summary = fmt::format(
        "of {} acknowledged messages{} {} were not dequeued; {} from nowhere, {} duplicated; {} of "
        "unknown outcome were there",
        counts.acknowledged, of_keys(queues_.size()), counts.lost, counts.unexpected, counts.duplicated,
        counts.recovered);
    if (counts.acknowledged == 0) too_little(out, "no enqueue succeeded");
    if (counts.perhaps_there > 0)
      too_little(
          out, fmt::format("{} messages were not dequeued, but the queue was never found empty", counts.perhaps_there));
    if (counts.perhaps_taken > 0)
      too_little(out, fmt::format("{} messages were not dequeued, and {} dequeues are of unknown outcome",
                                  counts.perhaps_taken, counts.unknown_takes));
    return out;
  }

  const OperationHistory& history_;
  ByKey<QueueOfKey> queues_;
};

}  // namespace

Finding judge_total_queue(const OperationHistory& history) { return QueueJudge(history).judge(); }

}  // namespace withstand::check
