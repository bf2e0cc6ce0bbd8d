// Every judge of linearizability against plain search over small histories, half of them legal before they are damaged.

#include <cstdlib>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "check/history/words.hpp"
#include "check/linear/judge.hpp"
#include "sketch.hpp"

namespace withstand::check {
namespace {

using record::Outcome;
using testing::Sketch;
using Random = std::mt19937_64;
using State = std::vector<int>;

struct Small {
  std::string f;
  int a = 0, b = 0;  ///< given
  int out = 0;       ///< told; what it means is the object's
  std::int64_t begin = 0, end = 0;
  Outcome outcome = Outcome::ok;
};

/// An object as plainly as can be.
struct Plain {
  const char* name;
  LinearObject object;
  std::vector<const char*> what;
  int values;                                  ///< arguments are 1..values; 0: each argument is different
  int (*run)(State& state, const Small& one);  ///< what it is told
  void (*put)(const Small& one, std::string& input, std::string& output);
  int refused = -9;  ///< told so, it did not happen
};

std::string text(int number) { return number == 0 ? "nil" : std::to_string(number); }
void value_out(const Small& one, std::string& input, std::string& output) {
  if (one.f == "read" || one.f == "dequeue" || one.f == "pop") {
    output = one.out == -1 ? "nil" : text(one.out);
  } else {
    input = output = one.f == "cas" ? "[" + text(one.a) + " " + text(one.b) + "]" : text(one.a);
  }
}

int register_run(State& state, const Small& one) {
  state.resize(1);
  if (one.f == "read") return state[0];
  if (one.f == "cas" && state[0] != one.a) return -9;
  state[0] = one.f == "cas" ? one.b : one.a;
  return 0;
}
int text_run(State& state, const Small& one) {
  if (one.f == "get") {
    int number = 0;
    for (const int digit : state) number = number * 10 + digit;
    return number;
  }
  if (one.f == "put") state.clear();
  state.push_back(one.a);
  return 0;
}
void text_out(const Small& one, std::string& input, std::string& output) {
  if (one.f == "get") {
    output = one.out == 0 ? "\"\"" : '"' + std::to_string(one.out) + '"';
  } else {
    input = output = '"' + std::to_string(one.a) + '"';
  }
}
int set_run(State& state, const Small& one) {
  state.resize(1);
  const int bit = 1 << one.a;
  if (one.f == "contains") return (state[0] & bit) != 0 ? 1 : 0;
  if (one.f == "read") return state[0];
  state[0] = one.f == "add" ? state[0] | bit : state[0] & ~bit;
  return 0;
}
void set_out(const Small& one, std::string& input, std::string& output) {
  if (one.f == "read") {
    output = "#{";
    for (int i = 0; i < 31; ++i) output += (one.out >> i & 1) != 0 ? std::to_string(i) + " " : "";
    output += "}";
  } else {
    input = output = std::to_string(one.a);
    if (one.f == "contains") output = one.out != 0 ? "true" : "false";
  }
}
int counter_run(State& state, const Small& one) {
  state.resize(1);
  if (one.f == "read") return state[0];
  state[0] += one.a;
  return 0;
}
void counter_out(const Small& one, std::string& input, std::string& output) {
  (one.f == "read" ? output : input) = std::to_string(one.f == "read" ? one.out : one.a);
}
int queue_run(State& state, const Small& one) {
  if (one.f == "enqueue") return state.push_back(one.a), 0;
  if (state.empty()) return -1;
  const int first = state.front();
  state.erase(state.begin());
  return first;
}
int stack_run(State& state, const Small& one) {
  if (one.f == "push") return state.push_back(one.a), 0;
  if (state.empty()) return -1;
  const int last = state.back();
  state.pop_back();
  return last;
}
int mutex_run(State& state, const Small& one) {
  state.resize(1);
  const int wanted = one.f == "acquire" ? 0 : 1;
  if (state[0] != wanted) return -9;
  state[0] = 1 - wanted;
  return 0;
}
void nothing_out(const Small& /*one*/, std::string& /*input*/, std::string& /*output*/) {}

bool search(const std::vector<Small>& all, const Plain& object, unsigned done, const State& state,
            std::set<std::pair<unsigned, State>>& seen) {
  bool finished = true;
  for (std::size_t i = 0; i < all.size(); ++i)
    if ((done >> i & 1U) == 0 && all[i].outcome == Outcome::ok) finished = false;
  if (finished) return true;
  if (!seen.emplace(done, state).second) return false;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if ((done >> i & 1U) != 0 || all[i].outcome == Outcome::fail) continue;
    bool may = true;
    for (std::size_t j = 0; j < all.size() && may; ++j)
      may = (done >> j & 1U) != 0 || all[j].outcome != Outcome::ok || all[j].end >= all[i].begin;
    State next = state;
    if (!may) continue;
    const int told = object.run(next, all[i]);
    if (all[i].outcome == Outcome::ok && told != all[i].out) continue;
    if (search(all, object, done | 1U << i, next, seen)) return true;
  }
  return false;
}

int below(Random& random, int bound) { return static_cast<int>(random() % static_cast<std::uint64_t>(bound)); }

/// What an atomic object would have told, each operation at one instant of its interval; then, every other time,
/// damaged.
std::vector<Small> draw(Random& random, const Plain& object) {
  std::vector<Small> all(static_cast<std::size_t>(2 + below(random, 6)));
  std::vector<std::pair<int, std::size_t>> instants;
  int different = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    Small& one = all[i];
    one.f = object.what[random() % object.what.size()];
    one.a = object.values == 0 ? ++different : 1 + below(random, object.values);
    one.b = object.values == 0 ? 0 : 1 + below(random, object.values);
    one.begin = below(random, 14);
    one.end = one.begin + below(random, 6);
    if (below(random, 8) == 0) one.outcome = Outcome::info;
    instants.emplace_back(
        static_cast<int>(one.begin) * 4 + below(random, static_cast<int>(one.end - one.begin) * 4 + 1), i);
  }
  std::stable_sort(instants.begin(), instants.end());
  State state;
  for (const auto& [instant, i] : instants) {
    if (all[i].outcome == Outcome::info && below(random, 2) == 0) continue;
    all[i].out = object.run(state, all[i]);
    if (all[i].out == object.refused && all[i].outcome == Outcome::ok) all[i].outcome = Outcome::fail;
  }
  if (below(random, 2) == 0) {
    Small &one = all[random() % all.size()], &other = all[random() % all.size()];
    if (below(random, 3) == 0) {
      std::swap(one.begin, other.begin);
      std::swap(one.end, other.end);
    } else if (one.f == other.f && one.outcome == Outcome::ok && other.outcome == Outcome::ok) {
      std::swap(one.out, other.out);
    }
  }
  return all;
}

OperationHistory history_of(const std::vector<Small>& all, const Plain& object) {
  Sketch sketch;
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::string input = "nil", output = "nil";
    object.put(all[i], input, output);
    sketch.add(static_cast<int>(i), all[i].f, input, all[i].outcome == Outcome::ok ? output : input, all[i].begin,
               all[i].end, all[i].outcome);
  }
  return std::move(sketch.history);
}

const std::vector<Plain> objects{
    {"register", LinearObject::reg, {"read", "write"}, 0, register_run, value_out},
    {"ambiguous_register", LinearObject::reg, {"read", "write"}, 2, register_run, value_out},
    {"cas_register", LinearObject::cas_register, {"read", "write", "cas", "cas"}, 3, register_run, value_out},
    {"key_value", LinearObject::key_value, {"get", "append", "put"}, 3, text_run, text_out},
    {"key_value_with_different_pieces",
     LinearObject::key_value,
     {"get", "append", "append", "put"},
     0,
     text_run,
     text_out},
    {"set_by_member", LinearObject::set, {"add", "remove", "contains", "contains"}, 2, set_run, set_out},
    {"set", LinearObject::set, {"add", "remove", "read"}, 3, set_run, set_out},
    {"growing_set", LinearObject::set, {"add", "read"}, 0, set_run, set_out},
    {"counter", LinearObject::counter, {"add", "read"}, 3, counter_run, counter_out},
    {"queue", LinearObject::queue, {"enqueue", "dequeue"}, 0, queue_run, value_out},
    {"ambiguous_queue", LinearObject::queue, {"enqueue", "dequeue"}, 2, queue_run, value_out},
    {"stack", LinearObject::stack, {"push", "pop"}, 0, stack_run, value_out},
    {"ambiguous_stack", LinearObject::stack, {"push", "pop"}, 2, stack_run, value_out},
    {"mutex", LinearObject::mutex, {"acquire", "release"}, 1, mutex_run, nothing_out},
};

class Objects : public ::testing::TestWithParam<Plain> {};

TEST_P(Objects, AreJudgedAsByPlainSearch) {
  const char* const wanted = std::getenv("WITHSTAND_HISTORIES");  // .ci/soak asks for a million
#ifdef WITHSTAND_SANITIZED
  const int histories = wanted != nullptr ? std::atoi(wanted) : 3'000;
#else
  const int histories = wanted != nullptr ? std::atoi(wanted) : 30'000;
#endif
  Random random(7);
  LinearOptions options;
  options.threads = 1;
  int illegal = 0;
  for (int i = 0; i < histories; ++i) {
    const auto all = draw(random, GetParam());
    std::set<std::pair<unsigned, State>> seen;
    const bool legal = search(all, GetParam(), 0, {}, seen);
    const auto history = history_of(all, GetParam());
    const auto finding = judge_linearizable(history, GetParam().object, options);
    ASSERT_EQ(finding.misfit, "") << "history " << i;
    std::string shown;
    for (std::uint32_t at = 0; at < history.operations.size(); ++at) shown += "\n" + operation_text(history, at);
    ASSERT_EQ(finding.judgement == Judgement::failed, !legal) << "history " << i << ": " << finding.summary << shown;
    if (legal) continue;
    ++illegal;
    ASSERT_FALSE(finding.culprits.empty()) << "history " << i << shown;
    // What is shown fails by itself: whoever reads it needs nothing else.
    OperationHistory part = history;
    part.operations.clear();
    for (const std::uint32_t culprit : finding.culprits) part.operations.push_back(history.operations[culprit]);
    if (GetParam().object != LinearObject::counter && GetParam().object != LinearObject::mutex) {
      ASSERT_EQ(judge_linearizable(part, GetParam().object, options).judgement, Judgement::failed)
          << "history " << i << shown;
    }
  }
  EXPECT_GT(illegal, histories / 100);
  EXPECT_LT(illegal, histories * 9 / 10);
}

INSTANTIATE_TEST_SUITE_P(All, Objects, ::testing::ValuesIn(objects),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace withstand::check
