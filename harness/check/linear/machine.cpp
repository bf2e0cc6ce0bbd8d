#include "check/linear/machine.hpp"

#include <utility>

namespace withstand::check {

namespace {

using Kind = MachineOperation::Kind;

class RegisterMachine : public Machine {
 public:
  explicit RegisterMachine(std::uint32_t initial) : initial_(initial) {}
  std::uint32_t initial() override { return initial_; }
  std::uint32_t step(std::uint32_t state, const MachineOperation& operation) override {
    switch (operation.kind) {
      case Kind::read:
        return operation.a == state ? state : illegal;
      case Kind::write:
        return operation.a;
      case Kind::cas:
        return operation.a == state ? operation.b : illegal;
      case Kind::cas_refused:
        return operation.a == state ? illegal : state;
      default:
        return illegal;
    }
  }

 private:
  std::uint32_t initial_;
};

/// States that are texts, each with a number of its own.
class Texts {
 public:
  std::uint32_t number(const std::string& text) {
    const auto [place, fresh] = numbers_.try_emplace(text, static_cast<std::uint32_t>(texts_.size()));
    if (fresh) texts_.push_back(&place->first);
    return place->second;
  }
  [[nodiscard]] const std::string& text(std::uint32_t number) const { return *texts_[number]; }

 private:
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::vector<const std::string*> texts_;
};

class TextMachine : public Machine {
 public:
  explicit TextMachine(std::vector<std::string> texts) : arguments_(std::move(texts)) {
    empty_ = states_.number("");
    for (const std::string& text : arguments_) wholes_.push_back(states_.number(text));
  }
  std::uint32_t initial() override { return empty_; }
  std::uint32_t step(std::uint32_t state, const MachineOperation& operation) override {
    switch (operation.kind) {
      case Kind::read:
        return wholes_[operation.a] == state ? state : illegal;
      case Kind::write:
        return wholes_[operation.a];
      case Kind::append:
        return appended(state, operation.a);
      case Kind::cas:
        return wholes_[operation.a] == state ? wholes_[operation.b] : illegal;
      case Kind::cas_refused:
        return wholes_[operation.a] == state ? illegal : state;
      default:
        return illegal;
    }
  }

 private:
  std::uint32_t appended(std::uint32_t state, std::uint32_t what) {
    const auto [known, fresh] = appended_.try_emplace(std::uint64_t{state} << 32 | what, 0);
    if (fresh) known->second = states_.number(states_.text(state) + arguments_[what]);
    return known->second;
  }

  std::vector<std::string> arguments_;
  Texts states_;
  std::vector<std::uint32_t> wholes_;  // by argument: the state that is this text
  std::unordered_map<std::uint64_t, std::uint32_t> appended_;
  std::uint32_t empty_ = 0;
};

/// States that are sequences of numbers, four bytes each.
class SequenceMachine : public Machine {
 public:
  std::uint32_t initial() override { return states_.number(""); }

 protected:
  static std::string bytes_of(std::uint32_t number) { return {reinterpret_cast<const char*>(&number), sizeof number}; }
  Texts states_;
};

class SetMachine : public SequenceMachine {
 public:
  explicit SetMachine(const std::vector<std::string>& snapshots) {
    for (const std::string& members : snapshots) snapshots_.push_back(states_.number(trimmed(members)));
  }
  std::uint32_t step(std::uint32_t state, const MachineOperation& operation) override {
    if (operation.kind == Kind::snapshot) return snapshots_[operation.a] == state ? state : illegal;
    std::string members = states_.text(state);
    if (members.size() <= operation.a) members.resize(operation.a + 1, '\0');
    char& member = members[operation.a];
    if (operation.kind == Kind::holds) return member != 0 ? state : illegal;
    if (operation.kind == Kind::lacks) return member == 0 ? state : illegal;
    if (operation.kind != Kind::insert && operation.kind != Kind::remove) return illegal;
    member = operation.kind == Kind::insert ? 1 : 0;
    return states_.number(trimmed(members));
  }

 private:
  static std::string trimmed(const std::string& members) {
    return members.substr(0, members.find_last_not_of('\0') + 1);
  }
  std::vector<std::uint32_t> snapshots_;
};

class QueueMachine : public SequenceMachine {
 public:
  explicit QueueMachine(bool last_in_first_out) : last_first_(last_in_first_out) {}
  std::uint32_t step(std::uint32_t state, const MachineOperation& operation) override {
    const std::string& held = states_.text(state);
    const std::size_t one = sizeof operation.a;
    switch (operation.kind) {
      case Kind::insert:
        return states_.number(held + bytes_of(operation.a));
      case Kind::lacks:
        return held.empty() ? state : illegal;
      case Kind::remove_any:
        return held.empty() ? state : without_next(held);
      case Kind::remove:
        if (held.empty() || held.substr(last_first_ ? held.size() - one : 0, one) != bytes_of(operation.a))
          return illegal;
        return without_next(held);
      default:
        return illegal;
    }
  }

 private:
  std::uint32_t without_next(const std::string& held) {
    const std::size_t one = sizeof(std::uint32_t);
    return states_.number(last_first_ ? held.substr(0, held.size() - one) : held.substr(one));
  }
  bool last_first_;
};

class CounterMachine : public Machine {
 public:
  explicit CounterMachine(std::int64_t initial) : initial_(number(initial)) {}
  std::uint32_t initial() override { return initial_; }
  std::uint32_t step(std::uint32_t state, const MachineOperation& operation) override {
    const std::int64_t sum = sums_[state];
    if (operation.kind == Kind::total) return sum == operation.delta ? state : illegal;
    if (operation.kind != Kind::add) return illegal;
    // Wraps around like the counters of machines; signed overflow would be undefined.
    return number(
        static_cast<std::int64_t>(static_cast<std::uint64_t>(sum) + static_cast<std::uint64_t>(operation.delta)));
  }

 private:
  std::uint32_t number(std::int64_t sum) {
    const auto [place, fresh] = numbers_.try_emplace(sum, static_cast<std::uint32_t>(sums_.size()));
    if (fresh) sums_.push_back(sum);
    return place->second;
  }
  std::unordered_map<std::int64_t, std::uint32_t> numbers_;
  std::vector<std::int64_t> sums_;
  std::uint32_t initial_;
};

class MutexMachine : public Machine {
 public:
  std::uint32_t initial() override { return 0; }
  std::uint32_t step(std::uint32_t state, const MachineOperation& operation) override {
    if (operation.kind == Kind::acquire) return state == 0 ? 1 : illegal;
    if (operation.kind == Kind::release) return state == 1 ? 0 : illegal;
    return illegal;
  }
};

class RegistersMachine : public SequenceMachine {
 public:
  RegistersMachine(std::vector<std::vector<RegisterAccess>> transactions, const std::vector<std::uint32_t>& initial)
      : transactions_(std::move(transactions)) {
    for (const std::uint32_t value : initial) initial_ += bytes_of(value);
  }
  std::uint32_t initial() override { return states_.number(initial_); }
  std::uint32_t step(std::uint32_t state, const MachineOperation& operation) override {
    std::string held = states_.text(state);
    const std::size_t one = sizeof(std::uint32_t);
    for (const RegisterAccess& access : transactions_[operation.a]) {
      const std::string value = bytes_of(access.value);
      if (access.write) {
        held.replace(access.key * one, one, value);
      } else if (held.compare(access.key * one, one, value) != 0) {
        return illegal;
      }
    }
    return states_.number(held);
  }

 private:
  std::vector<std::vector<RegisterAccess>> transactions_;
  std::string initial_;
};

}  // namespace

bool changes_nothing(const MachineOperation& operation) {
  switch (operation.kind) {
    case Kind::read:
    case Kind::cas_refused:
    case Kind::holds:
    case Kind::lacks:
    case Kind::total:
    case Kind::snapshot:
      return true;
    default:
      return false;
  }
}

std::unique_ptr<Machine> make_register(std::uint32_t initial) { return std::make_unique<RegisterMachine>(initial); }
std::unique_ptr<Machine> make_text(std::vector<std::string> texts) {
  return std::make_unique<TextMachine>(std::move(texts));
}
std::unique_ptr<Machine> make_set(std::vector<std::string> snapshots) {
  return std::make_unique<SetMachine>(snapshots);
}
std::unique_ptr<Machine> make_counter(std::int64_t initial) { return std::make_unique<CounterMachine>(initial); }
std::unique_ptr<Machine> make_mutex() { return std::make_unique<MutexMachine>(); }
std::unique_ptr<Machine> make_queue() { return std::make_unique<QueueMachine>(false); }
std::unique_ptr<Machine> make_stack() { return std::make_unique<QueueMachine>(true); }
std::unique_ptr<Machine> make_registers(std::vector<std::vector<RegisterAccess>> transactions,
                                        std::vector<std::uint32_t> initial) {
  return std::make_unique<RegistersMachine>(std::move(transactions), initial);
}

}  // namespace withstand::check
