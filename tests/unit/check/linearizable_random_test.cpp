#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "check/linearizable.hpp"
#include "histories.hpp"

/// The zone algorithm against plain search, on histories small enough for it, and against deliberate damage.
namespace withstand::check {
namespace {

using namespace testing;
using record::Operation;
using record::Outcome;

/// Tries every order (Wing and Gong's definition, without their pruning): an operation may come next when no other that
/// must happen and has not yet happened ended before it started.
class BruteForce {
 public:
  explicit BruteForce(const std::vector<Operation>& history) {
    for (const Operation& operation : history) {
      const bool write = operation.op == "write";
      if (operation.outcome == Outcome::ok || (write && operation.outcome == Outcome::info))
        kept_.push_back(&operation);
    }
    seen_.assign((kept_.size() + 1) << kept_.size(), false);
  }

  bool linearizable() { return search(0, kept_.size()); }

 private:
  /// `last` is the position of the write whose value the register holds; kept_.size(): nothing was written.
  bool search(unsigned done, std::size_t last) {
    if (finished(done)) return true;
    const std::size_t state = (last << kept_.size()) | done;
    if (seen_[state]) return false;
    seen_[state] = true;
    for (std::size_t i = 0; i < kept_.size(); ++i) {
      if ((done >> i & 1U) != 0 || !may_come_next(i, done)) continue;
      const bool write = kept_[i]->op == "write";
      if (!write && kept_[i]->value != held(last)) continue;
      if (search(done | 1U << i, write ? i : last)) return true;
    }
    return false;
  }

  [[nodiscard]] std::optional<std::string> held(std::size_t last) const {
    return last == kept_.size() ? std::nullopt : kept_[last]->value;
  }
  [[nodiscard]] bool optional(std::size_t i) const { return kept_[i]->outcome == Outcome::info; }
  [[nodiscard]] bool finished(unsigned done) const {
    for (std::size_t i = 0; i < kept_.size(); ++i) {
      if ((done >> i & 1U) == 0 && !optional(i)) return false;
    }
    return true;
  }
  [[nodiscard]] bool may_come_next(std::size_t i, unsigned done) const {
    for (std::size_t j = 0; j < kept_.size(); ++j) {
      if ((done >> j & 1U) == 0 && !optional(j) && kept_[j]->done < kept_[i]->sent) return false;
    }
    return true;
  }

  std::vector<const Operation*> kept_;
  std::vector<bool> seen_;
};

using Random = std::mt19937_64;

std::int64_t below(Random& random, std::int64_t bound) {
  return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(bound));
}

Outcome random_outcome(Random& random) {
  const auto drawn = below(random, 10);
  return drawn < 7 ? Outcome::ok : drawn < 9 ? Outcome::info : Outcome::fail;
}

/// Up to seven operations with many equal times; reads return nothing, or any value that some write tried.
std::vector<Operation> random_history(Random& random) {
  std::vector<Operation> made;
  const auto size = 2 + below(random, 6);
  const auto writes = 1 + below(random, size - 1);
  for (std::int64_t i = 0; i < size; ++i) {
    const std::int64_t from = below(random, 12);
    const Times times{from, from + below(random, 6)};
    if (i < writes) {
      made.push_back(write(std::string(1, static_cast<char>('a' + i)), times, random_outcome(random)));
    } else {
      const auto seen = below(random, writes + 1);
      const std::string value(1, static_cast<char>('a' + seen));
      made.push_back(seen == writes ? read(std::nullopt, times) : read(value, times));
    }
  }
  return history(std::move(made));
}

TEST(LinearizableRandom, AgreesWithPlainSearch) {
#ifdef WITHSTAND_SANITIZED
  constexpr int histories = 100'000;
#else
  constexpr int histories = 1'000'000;
#endif
  Random random(42);
  const Linearizable checker;
  int illegal = 0;
  for (int i = 0; i < histories; ++i) {
    const auto drawn = random_history(random);
    const bool legal = BruteForce(drawn).linearizable();
    const auto result = checker.judge(drawn, {});
    ASSERT_EQ(result.outcome == "failed", !legal) << "history " << i << ": " << result.summary;
    if (!legal) ++illegal;
  }
  // Both kinds are well represented, so agreement means something.
  EXPECT_GT(illegal, histories / 10);
  EXPECT_LT(illegal, histories * 9 / 10);
}

/// What `clients` concurrent processes see of a register that is atomic: each operation takes effect at one instant
/// between its start and its end.
std::vector<Operation> atomic_history(Random& random, int clients, int size) {
  struct Pending {
    Operation operation;
    std::int64_t effect;
  };
  std::vector<Pending> pending;
  std::vector<std::int64_t> free(static_cast<std::size_t>(clients), 0);
  for (int i = 0; i < size; ++i) {
    const auto client = static_cast<std::size_t>(below(random, clients));
    const std::int64_t from = free[client] + 1 + below(random, 20);
    const std::int64_t to = from + 1 + below(random, 20);
    free[client] = to;
    Operation made =
        below(random, 2) == 0 ? write("v" + std::to_string(i), {from, to}) : read(std::nullopt, {from, to});
    pending.push_back({made, from + below(random, to - from + 1)});
  }
  std::stable_sort(pending.begin(), pending.end(),
                   [](const Pending& a, const Pending& b) { return a.effect < b.effect; });
  std::optional<std::string> held;
  std::vector<Operation> made;
  for (Pending& one : pending) {
    if (one.operation.op == "write")
      held = one.operation.value;
    else
      one.operation.value = held;
    made.push_back(one.operation);
  }
  return history(std::move(made));
}

/// Whether some write lies wholly between the two, so that they cannot see the same register in the other order.
bool separated(const std::vector<Operation>& all, const Operation& a, const Operation& b) {
  return std::any_of(all.begin(), all.end(),
                     [&](const Operation& one) { return one.op == "write" && one.sent > a.done && one.done < b.sent; });
}

class Damaged : public ::testing::TestWithParam<int> {
 protected:
  Damaged() : random_(static_cast<std::uint64_t>(GetParam())), all_(atomic_history(random_, 4, 200)) {}
  [[nodiscard]] std::string outcome() const { return Linearizable().judge(all_, {}).outcome; }
  Operation& find(const std::function<bool(const Operation&)>& fits) {
    return *std::find_if(all_.begin() + 50, all_.end(), fits);
  }
  Random random_;
  std::vector<Operation> all_;
};

TEST_P(Damaged, UndamagedHolds) { EXPECT_EQ(outcome(), "held"); }

TEST_P(Damaged, SwappingTwoSeparatedReadsIsNoticed) {
  Operation& early = find([&](const Operation& one) { return one.op == "read" && one.value; });
  Operation& late = find([&](const Operation& one) {
    return one.op == "read" && one.value != early.value && separated(all_, early, one);
  });
  std::swap(early.value, late.value);
  EXPECT_EQ(outcome(), "failed");
}

TEST_P(Damaged, DroppingAWriteThatWasReadIsNoticed) {
  const Operation& seen = find([](const Operation& one) { return one.op == "read" && one.value; });
  std::erase_if(all_, [value = seen.value](const Operation& one) { return one.op == "write" && one.value == value; });
  EXPECT_EQ(outcome(), "failed");
}

TEST_P(Damaged, ShiftingAReadBeforeItsWriteIsNoticed) {
  Operation& seen = find([](const Operation& one) { return one.op == "read" && one.value; });
  const Operation& source = *std::find_if(
      all_.begin(), all_.end(), [&](const Operation& one) { return one.op == "write" && one.value == seen.value; });
  seen.sent = source.sent - 2;
  seen.done = source.sent - 1;
  EXPECT_EQ(outcome(), "failed");
}

TEST_P(Damaged, ForgettingAnAcknowledgementIsNoDamage) {
  for (Operation& one : all_) {
    if (one.op == "write" && below(random_, 3) == 0) one.outcome = Outcome::info;
  }
  EXPECT_EQ(outcome(), "held");
}

INSTANTIATE_TEST_SUITE_P(Seeds, Damaged, ::testing::Range(1, 21));

}  // namespace
}  // namespace withstand::check
