#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "kv/message.hpp"
#include "kv/policy.hpp"

namespace quorum_kv {

/// Carries requests to replicas, this node's own included. It may lose, delay, reorder and repeat them; answers come
/// back through Coordinator::on_reply, never from inside send().
class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;
  virtual void send(std::uint32_t to, const Request& request) = 0;
};

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;
  [[nodiscard]] virtual std::chrono::nanoseconds monotonic() const = 0;
  [[nodiscard]] virtual std::chrono::nanoseconds wall() const = 0;  ///< asked by planted bugs only
};

enum class Outcome {
  ok,
  none,     ///< failed, and it had and will have no effect
  unknown,  ///< a write that may take effect, now or later
};

struct Result {
  Outcome outcome = Outcome::none;
  Versioned data;  ///< of an ok read: what was read; of a write: what was written, when it got that far
};

/// Runs reads and writes through majorities: the ABD protocol, multi-writer form (see Tag for the sources).
///
/// Read: ask all; from a majority's answers take the greatest tag; unless a majority holds it already, have all store
/// it, wait for a majority. Write: ask all; take a tag greater than all a majority answered; have all store it, wait
/// for a majority. Any two majorities share a replica, and replicas forget nothing: hence linearizable. Any number of
/// operations run at once, each on its own. No leader, no promise between coordinators. Not thread-safe.
class Coordinator {
 public:
  using Done = std::function<void(const Result&)>;

  Coordinator(const Identity& identity, const Timing& timing, const Bugs& bugs, Transport& transport,
              const Clock& clock);

  /// `done` is called once, not before this returns.
  void read(const std::string& key, Done done);
  void write(const std::string& key, std::string value, Done done);

  void on_reply(std::uint32_t from, const Reply& reply);
  /// A new connection to this member stands: what it has not answered is sent again.
  void on_reconnect(std::uint32_t member);
  /// Repeats what is unanswered and ends what is over its deadline. To be called every few milliseconds.
  void tick();

  [[nodiscard]] std::size_t in_flight() const { return operations_.size(); }
  [[nodiscard]] std::uint64_t repetitions() const { return repetitions_; }

 private:
  enum class Phase : std::uint8_t { query = 1, store = 2 };

  struct Operation {
    Kind kind = Kind::read;
    Phase phase = Phase::query;
    std::string key;
    Versioned data;   ///< query: the newest seen; store: what is stored
    Members replied;  ///< in this phase
    Members holders;  ///< who answered the query with data.tag
    std::string to_write;
    std::chrono::nanoseconds deadline{};
    std::chrono::nanoseconds repeat_at{};
    int repeated = 0;
    Done done;
  };
  using Entry = std::map<std::uint64_t, Operation>::iterator;

  void start(Kind kind, const std::string& key, std::string value, Done done);
  void enter(Entry entry, Phase phase);
  void send(Entry entry, std::uint32_t member);
  void on_query_reply(Entry entry, std::uint32_t from, const QueryReply& reply);
  void choose_tag(Entry entry);
  void finish(Entry entry, Outcome outcome);
  [[nodiscard]] Outcome outcome_at_deadline(const Operation& operation) const;
  [[nodiscard]] std::chrono::nanoseconds deadline_clock() const;

  Identity identity_;
  Timing timing_;
  Policy policy_;
  Transport& transport_;
  const Clock& clock_;
  std::map<std::uint64_t, Operation> operations_;
  std::uint64_t last_operation_ = 0;
  std::uint64_t repetitions_ = 0;
};

}  // namespace quorum_kv
