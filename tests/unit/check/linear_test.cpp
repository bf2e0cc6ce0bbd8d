// What is particular to each object, damage that must be noticed, and what is told of it.

#include <random>

#include <gmock/gmock.h>

#include "check/history_models.hpp"
#include "check/picture.hpp"
#include "sketch.hpp"

namespace withstand::check {
namespace {

using record::Outcome;
using testing::edn;
using ::testing::HasSubstr;
using testing::Sketch;

constexpr const char* lost_cas = R"({:process 0 :type :invoke :f :write :value 1}
{:process 0 :type :ok :f :write :value 1}
{:process 1 :type :invoke :f :cas :value [1 2]}
{:process 1 :type :ok :f :cas :value [1 2]}
{:process 2 :type :invoke :f :write :value 7}
{:process 2 :type :info :f :write :value 7}
{:process 3 :type :invoke :f :read :value nil}
{:process 3 :type :ok :f :read :value 1})";

TEST(Linear, ShowsTheFewThatCannotBeReconciled) {
  const auto found = judge_linearizable(edn(lost_cas), LinearObject::cas_register, {});
  EXPECT_EQ(found.judgement, Judgement::failed);
  std::string text;
  for (const auto& line : found.explanation) text += line + "\n";
  EXPECT_THAT(text, HasSubstr("1. line 1: process 0: write 1 from event 1 to event 2\n"));
  EXPECT_THAT(text, HasSubstr("2. line 3: process 1: cas [1 2] from event 3 to event 4\n"));
  EXPECT_THAT(text, HasSubstr("3. line 7: process 3: read 1 from event 7 to event 8\n"));
  EXPECT_THAT(text, HasSubstr("3 fits nowhere before its end. By then the register could hold only"));
  EXPECT_EQ(found.culprits.size(), 3U) << text;
}

TEST(Linear, AFailedCasIsRemovedOrSawAnother) {
  const auto history = edn(R"({:process 0 :type :invoke :f :write :value 1}
{:process 0 :type :ok :f :write :value 1}
{:process 1 :type :invoke :f :cas :value [1 2]}
{:process 1 :type :fail :f :cas :value [1 2]}
{:process 0 :type :invoke :f :read :value nil}
{:process 0 :type :ok :f :read :value 1})");
  LinearOptions options;
  EXPECT_EQ(judge_linearizable(history, LinearObject::cas_register, options).judgement, Judgement::held);
  options.refused_cas_counts = true;
  EXPECT_EQ(judge_linearizable(history, LinearObject::cas_register, options).judgement, Judgement::failed);
}

TEST(Linear, NeverHoldsOnTooLittle) {
  EXPECT_EQ(judge_linearizable(edn(""), LinearObject::queue, {}).judgement, Judgement::inconclusive);
  EXPECT_EQ(
      judge_linearizable(edn("{:process 0 :type :invoke :f :write :value 1}{:process 0 :type :ok :f :write :value 1}"),
                         LinearObject::reg, {})
          .judgement,
      Judgement::inconclusive);
  EXPECT_EQ(judge_linearizable(edn("{:process 0 :type :ok :f :write :value 1}{:process 1 :type :ok :f :read :value 1}"),
                               LinearObject::reg, {})
                .judgement,
            Judgement::inconclusive)
      << "ends alone have no order in time";
  EXPECT_THAT(judge_linearizable(edn("{:process 0 :type :invoke :f :poem}"), LinearObject::stack, {}).misfit,
              HasSubstr("line 1: the operation is \"poem\""));
}

/// Many writes of few values at once, and one read of what nobody can have put there so late: no order, and far too
/// many to try within the limits.
OperationHistory hopeless() {
  Sketch sketch;
  std::mt19937_64 random(3);
  for (int i = 0; i < 400; ++i) {
    const auto edn_value = std::to_string(1 + random() % 3);
    const auto from = static_cast<std::int64_t>(random() % 4000);
    const std::string pair = "[" + edn_value + " " + std::to_string(1 + random() % 3) + "]";
    sketch.add(i % 16, i % 3 == 0 ? "write" : "cas", i % 3 == 0 ? edn_value : pair, i % 3 == 0 ? edn_value : pair, from,
               from + 3000);
  }
  sketch.add(1, "read", "nil", "nil", 9000, 9001);
  return std::move(sketch.history);
}

TEST(Linear, SaysWhenItsLimitsWereReached) {
  LinearOptions options;
  options.time = std::chrono::milliseconds(50);
  const auto history = hopeless();
  const auto late = judge_linearizable(history, LinearObject::cas_register, options);
  EXPECT_EQ(late.judgement, Judgement::inconclusive);
  EXPECT_THAT(late.summary, HasSubstr("in the time allowed"));
  options.time = std::chrono::minutes(10);
  options.memory = std::size_t{1} << 20;
  EXPECT_THAT(judge_linearizable(history, LinearObject::cas_register, options).summary, HasSubstr("filled the memory"));
}

/// A queue that `clients` use at once, as it would be if it were atomic.
OperationHistory atomic_queue(std::uint64_t seed, bool stack) {
  Sketch sketch;
  std::mt19937_64 random(seed);
  std::vector<int> held;
  std::int64_t instant = 0;
  for (int i = 0; i < 300; ++i) {
    instant += 10;
    const auto from = instant - static_cast<std::int64_t>(random() % 25),
               to = instant + static_cast<std::int64_t>(random() % 25);
    if (random() % 2 == 0) {
      held.push_back(i);
      sketch.add(i % 16, stack ? "push" : "enqueue", std::to_string(i), "nil", from, to);
    } else if (held.empty()) {
      sketch.add(i % 16, stack ? "pop" : "dequeue", "nil", "nil", from, to);
    } else {
      const int taken = stack ? held.back() : held.front();
      held.erase(stack ? held.end() - 1 : held.begin());
      sketch.add(i % 16, stack ? "pop" : "dequeue", "nil", std::to_string(taken), from, to);
    }
  }
  return std::move(sketch.history);
}

class Damage : public ::testing::TestWithParam<std::tuple<int, bool>> {
 protected:
  Damage() : history_(atomic_queue(static_cast<std::uint64_t>(std::get<0>(GetParam())), stack())) {}
  [[nodiscard]] bool stack() const { return std::get<1>(GetParam()); }
  [[nodiscard]] Judgement judge() const {
    return judge_linearizable(history_, stack() ? LinearObject::stack : LinearObject::queue, {}).judgement;
  }
  /// Takes that got something, in order.
  [[nodiscard]] std::vector<HistoryOperation*> takes() {
    std::vector<HistoryOperation*> found;
    for (HistoryOperation& one : history_.operations)
      if (one.input.is_nil() && !one.output.is_nil()) found.push_back(&one);
    return found;
  }
  OperationHistory history_;
};

TEST_P(Damage, TurnsTheVerdict) {
  EXPECT_EQ(judge(), Judgement::held);
  const auto whole = history_;
  takes()[10]->output = takes()[40]->output;
  EXPECT_EQ(judge(), Judgement::failed) << "taken twice";
  history_ = whole;
  std::erase_if(history_.operations, [&](const HistoryOperation& one) {
    return one.input == whole.operations[40].input && !one.input.is_nil();
  });
  std::erase_if(history_.operations, [&](const HistoryOperation& one) { return one.input == takes()[20]->output; });
  EXPECT_EQ(judge(), Judgement::failed) << "nobody put it in";
  history_ = whole;
  std::swap(takes()[5]->output, takes()[60]->output);
  EXPECT_EQ(judge(), Judgement::failed) << "two takes swapped";
  history_ = whole;
  HistoryOperation* moved = takes()[30];
  moved->begin = -20;
  moved->end = -10;
  EXPECT_EQ(judge(), Judgement::failed) << "taken before anything was put in";
}

INSTANTIATE_TEST_SUITE_P(Seeds, Damage, ::testing::Combine(::testing::Range(1, 11), ::testing::Bool()));

TEST(HistoryModels, AreDifferentAndFoundByName) {
  for (const auto& model : history_models()) EXPECT_EQ(find_history_model(model.name), &model);
  EXPECT_EQ(find_history_model("poem"), nullptr);
}

TEST(HistoryModels, DoubtWhatHoldsLinesThatAreWrong) {
  const auto found =
      judge_history(edn(std::string(lost_cas) + "\n{:type :bad :process 9}"), *find_history_model("cas-register"), {});
  EXPECT_EQ(found.judgement, Judgement::inconclusive);
  EXPECT_THAT(found.summary, HasSubstr("1 lines are wrong, the first: line 9"));
}

TEST(Picture, StandsAloneAndMarksWhatWasFound) {
  auto history = edn(std::string(lost_cas) + R"({:process 5 :type :invoke :f :write :value "<script>"})");
  history.marks.push_back({2, 6, "cut (network.partition)"});
  const auto found = judge_linearizable(history, LinearObject::cas_register, {});
  const auto page = picture_page(history, found, "cas-register");
  EXPECT_EQ(page.find("http://www.w3.org/2000/svg"), page.rfind("http")) << "nothing is loaded from elsewhere";
  EXPECT_EQ(page.find("src="), std::string::npos);
  EXPECT_EQ(page.find("\"<script>"), std::string::npos);
  EXPECT_THAT(page, HasSubstr("class=\"ok bad\""));
  EXPECT_THAT(page, HasSubstr("cut (network.partition)"));
  EXPECT_THAT(page, HasSubstr("process 3"));
  EXPECT_THAT(page, HasSubstr("fits nowhere before its end"));
}

}  // namespace
}  // namespace withstand::check
