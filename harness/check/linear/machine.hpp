#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// Sequential objects, as state machines over numbers: every state and every operation is one, so that a search
/// compares and hashes numbers whatever the object is.
namespace withstand::check {

/// What an operation does, with what it was told. Arguments are numbers that the caller gave to values; 0 is nothing.
struct MachineOperation {
  enum class Kind : std::uint8_t {
    read,         ///< saw `a`
    write,        ///< of `a`
    cas,          ///< found `a` and put `b`
    cas_refused,  ///< did not find `a`
    append,       ///< of the text `a`
    insert,       ///< of `a`: a set's add, a queue's enqueue, a stack's push
    remove,       ///< of `a`: a set's remove, a queue's dequeue, a stack's pop; a counter's negative add
    remove_any,   ///< took something or found nothing: nobody knows
    holds,        ///< `a` is a member
    lacks,        ///< `a` is none; for a queue or stack: nothing is there (`a` is 0)
    add,          ///< of `delta` to a counter
    total,        ///< the counter was `delta`
    snapshot,     ///< a set's members were the machine's snapshot number `a`
    acquire,
    release,
    transaction,  ///< several reads and writes at once; `a` is its number in the machine's table
  };
  Kind kind = Kind::read;
  std::uint32_t a = 0, b = 0;
  std::int64_t delta = 0;
  friend bool operator==(const MachineOperation&, const MachineOperation&) = default;
};

class Machine {
 public:
  static constexpr std::uint32_t illegal = UINT32_MAX;
  virtual ~Machine() = default;
  [[nodiscard]] virtual std::uint32_t initial() = 0;
  /// The state after the operation, or `illegal`.
  [[nodiscard]] virtual std::uint32_t step(std::uint32_t state, const MachineOperation& operation) = 0;
};

/// Whether it leaves every state as it was.
bool changes_nothing(const MachineOperation& operation);

/// A register that holds `initial`; reads, writes, compare-and-set.
std::unique_ptr<Machine> make_register(std::uint32_t initial);
/// A text that can be appended to. `texts` are what the arguments stand for, 0 the empty one.
std::unique_ptr<Machine> make_text(std::vector<std::string> texts);
/// `snapshots`: what reads of the whole set saw, a byte for each possible member, 1 where it was there.
std::unique_ptr<Machine> make_set(std::vector<std::string> snapshots);
std::unique_ptr<Machine> make_counter(std::int64_t initial);
std::unique_ptr<Machine> make_mutex();
std::unique_ptr<Machine> make_queue();
std::unique_ptr<Machine> make_stack();

/// Several registers that transactions read and write at once.
struct RegisterAccess {
  bool write = false;
  std::uint32_t key = 0;
  std::uint32_t value = 0;
};
std::unique_ptr<Machine> make_registers(std::vector<std::vector<RegisterAccess>> transactions,
                                        std::vector<std::uint32_t> initial);

}  // namespace withstand::check
