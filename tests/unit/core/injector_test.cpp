#include "core/injector.hpp"

#include <deque>
#include <map>
#include <stdexcept>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace withstand::core {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A lab of three nodes in which nothing runs: it answers who holds a role, and passes on log lines.
class FakeLab : public Lab {
 public:
  explicit FakeLab(const spec::Experiment& experiment) : topology_(experiment) {}

  EventLoop& loop() override { return loop_; }
  [[nodiscard]] const Topology& topology() const override { return topology_; }
  Links& links() override { throw std::logic_error("no links here"); }
  [[nodiscard]] NodeState state(NodeId) const override { return {}; }
  void signal(NodeId, int, bool, const std::string&) override {}
  void kill(NodeId, const std::string&) override {}
  [[nodiscard]] std::size_t processes(NodeId) const override { return 0; }
  void start(NodeId) override {}
  [[nodiscard]] std::unique_ptr<Pause> pause(NodeId, const std::string&) override { return nullptr; }
  void run_in(NodeId, const std::vector<std::string>&, std::chrono::nanoseconds,
              std::function<void(CommandResult)>) override {}
  void holders(const std::string&, const std::string&,
               std::function<void(std::vector<NodeId>, std::string)> done) override {
    ++asked;
    if (hesitates)
      unanswered.push_back(std::move(done));
    else  // as it was when asked
      answers_.push_back(loop_.at(now() + takes, [holders = primary, done] { done(holders, {}); }));
  }
  [[nodiscard]] Subscription on_exit(std::function<void(const Exit&)>) override { return {}; }
  [[nodiscard]] Subscription on_ready(std::function<void(NodeId)>) override { return {}; }
  [[nodiscard]] Subscription on_log(std::function<void(const LogLine&)> callback) override {
    log_ = std::move(callback);
    return Subscription([this] { log_ = nullptr; });
  }
  void say(NodeId node, const std::string& text) {
    if (log_) log_({node, now(), false, text});
  }

  std::vector<NodeId> primary;
  int asked = 0;
  milliseconds takes{0};
  bool hesitates = false;  ///< keeps questions for the test to answer
  std::vector<std::function<void(std::vector<NodeId>, std::string)>> unanswered;

 private:
  EventLoop loop_;
  std::vector<EventLoop::Registration> answers_;
  Topology topology_;
  std::function<void(const LogLine&)> log_;
};

/// What happened, in order: "+a" an injection, "-a" its revert.
struct Diary {
  std::vector<std::string> lines;
  std::map<std::string, std::vector<NodeId>> on;
  std::string refuses_to_begin, refuses_to_end, hits_nobody;
};

class DiaryInjection : public Injection {
 public:
  DiaryInjection(Diary& diary, std::string name) : diary_(diary), name_(std::move(name)) {}
  [[nodiscard]] Evidence observe() override {
    return {{{"it", "was", "seen", "here", EvidenceRow::Judgement::agrees}}};
  }
  void revert() override {
    if (diary_.refuses_to_end == name_) throw std::runtime_error("stuck");
    diary_.lines.push_back("-" + name_);
  }

 private:
  Diary& diary_;
  std::string name_;
};

class DiaryFault : public Fault {
 public:
  explicit DiaryFault(Diary& diary) : diary_(diary) { schema_.kind = "test.diary"; }
  DiaryFault(Diary& diary, spec::KindSchema schema) : diary_(diary), schema_(std::move(schema)) {}
  [[nodiscard]] const spec::KindSchema& schema() const override { return schema_; }
  [[nodiscard]] const Documentation& documentation() const override { return documentation_; }
  [[nodiscard]] std::vector<Claim> claims(const spec::FaultSpec&, const Topology&) const override { return {}; }
  [[nodiscard]] std::unique_ptr<Injection> inject(const Context& context) const override {
    if (diary_.hits_nobody == context.fault.name) throw CannotAim("there is no link");
    if (diary_.refuses_to_begin == context.fault.name) throw std::runtime_error("refused");
    diary_.lines.push_back("+" + context.fault.name);
    diary_.on[context.fault.name] = context.aim.on;
    return std::make_unique<DiaryInjection>(diary_, context.fault.name);
  }

 private:
  Diary& diary_;
  spec::KindSchema schema_;
  Documentation documentation_;
};

/// A kind that takes nodes down, for good unless `back` is given.
spec::KindSchema instant() {
  spec::KindSchema schema;
  schema.kind = "test.instant";
  schema.lasts = false;
  schema.takes_down = true;
  schema.back_after = "back";
  return schema;
}

class InjectorTest : public ::testing::Test {
 protected:
  InjectorTest() {
    spec::NodeKind kind;
    kind.name = "kv";
    kind.count = 3;
    experiment_.target.kinds = {kind};
  }

  spec::FaultSpec& add(const std::string& name, std::optional<milliseconds> at,
                       std::optional<milliseconds> lasts = {}) {
    spec::FaultSpec fault;
    fault.name = name;
    fault.kind = "test.diary";
    fault.on = spec::Selector{"n1", {}};
    if (at) fault.trigger.offset = *at;
    if (lasts) fault.lasts = *lasts;
    experiment_.faults.push_back(fault);
    return experiment_.faults.back();
  }

  /// Lives through a `during` of this length, then reverts; or is interrupted after a part of it.
  void run(milliseconds during, std::optional<milliseconds> interrupted = {}) {
    std::vector<std::unique_ptr<Fault>> faults;
    faults.push_back(std::make_unique<DiaryFault>(diary_));
    faults.push_back(std::make_unique<DiaryFault>(diary_, instant()));
    catalog_.emplace(std::move(faults));
    lab_.emplace(experiment_);
    lab_->primary = primary_;
    lab_->takes = takes_;
    plan_ = make_plan(experiment_, lab_->topology(), 1);
    injector_ =
        std::make_unique<Injector>(*lab_, *catalog_, plan_, [this](record::Event event) { events_.push_back(event); });
    injector_->start(now(), now() + during);
    for (auto& [when, what] : script_)
      registrations_.push_back(lab_->loop().at(now() + when, [this, what = what] { what(*lab_); }));
    lab_->loop().run_for(interrupted.value_or(during));
    failures_ = injector_->revert_all();
  }

  spec::Experiment experiment_;
  Diary diary_;
  std::vector<NodeId> primary_{1};
  milliseconds takes_{0};
  std::vector<std::pair<milliseconds, std::function<void(FakeLab&)>>> script_;
  std::optional<Catalog> catalog_;
  std::optional<FakeLab> lab_;
  Plan plan_;
  std::unique_ptr<Injector> injector_;
  std::vector<EventLoop::Registration> registrations_;
  std::vector<record::Event> events_;
  std::vector<std::string> failures_;
};

TEST_F(InjectorTest, AnswersThatComeAfterItHasGoneAreForNobody) {
  add("selected", milliseconds(20)).on = spec::Selector{"kv:primary", {}};
  auto& waiting = add("waiting", {});
  waiting.trigger.kind = spec::Trigger::Kind::role;
  waiting.trigger.role = "primary";
  script_.emplace_back(milliseconds(10), [](FakeLab& lab) { lab.hesitates = true; });
  run(milliseconds(600));
  ASSERT_EQ(lab_->unanswered.size(), 2U);
  injector_.reset();
  const auto events = events_.size();
  for (const auto& answer : lab_->unanswered) answer({2}, {});
  lab_->loop().run_for(milliseconds(250));
  EXPECT_EQ(lab_->unanswered.size(), 2U);
  EXPECT_EQ(events_.size(), events);
}

TEST_F(InjectorTest, FollowsTheScheduleAndEndsEachByItself) {
  add("long", milliseconds(5));
  add("short", milliseconds(10), milliseconds(10));
  run(milliseconds(250));
  EXPECT_THAT(diary_.lines, ElementsAre("+long", "+short", "-short", "-long"));
  EXPECT_TRUE(failures_.empty());
  ASSERT_TRUE(injector_->last_end());
}

TEST_F(InjectorTest, RevertsTheLatestFirst) {
  add("first", milliseconds(5));
  add("second", milliseconds(10));
  run(milliseconds(250));
  EXPECT_THAT(diary_.lines, ElementsAre("+first", "+second", "-second", "-first"));
}

TEST_F(InjectorTest, MeasuresAnotherFaultsTimeFromItsInjection) {
  add("first", milliseconds(10));
  auto& second = add("second", {});
  second.trigger.kind = spec::Trigger::Kind::fault;
  second.trigger.fault = "first";
  second.trigger.offset = milliseconds(10);
  run(milliseconds(250));
  EXPECT_THAT(diary_.lines, ElementsAre("+first", "+second", "-second", "-first"));
}

TEST_F(InjectorTest, WaitsForALineInTheLogOfTheRightNode) {
  auto& fault = add("after-log", {});
  fault.trigger.kind = spec::Trigger::Kind::log;
  fault.trigger.pattern = "became (leader|primary)";
  fault.trigger.on = spec::Selector{"n2", {}};
  script_.emplace_back(milliseconds(5), [](FakeLab& lab) { lab.say(0, "n1 became leader"); });
  script_.emplace_back(milliseconds(10), [this](FakeLab& lab) {
    EXPECT_TRUE(diary_.lines.empty()) << "that was another node";
    lab.say(1, "n2 became leader");
    lab.say(1, "n2 became leader");
  });
  run(milliseconds(250));
  EXPECT_THAT(diary_.lines, ElementsAre("+after-log", "-after-log")) << "once only";
}

TEST_F(InjectorTest, WaitsUntilAnotherNodeHoldsTheRole) {
  auto& fault = add("after-failover", {});
  fault.trigger.kind = spec::Trigger::Kind::role;
  fault.trigger.role = "primary";
  fault.trigger.on = spec::Selector{"kv", {}};
  script_.emplace_back(milliseconds(50), [](FakeLab& lab) { lab.primary = {}; });
  script_.emplace_back(milliseconds(250), [this](FakeLab& lab) {
    EXPECT_TRUE(diary_.lines.empty()) << "nobody is not another";
    lab.primary = {2};
  });
  run(milliseconds(700));
  EXPECT_THAT(diary_.lines, ElementsAre("+after-failover", "-after-failover"));
}

TEST_F(InjectorTest, AsksForARoleWhenItInjects) {
  add("on-primary", milliseconds(20)).on = spec::Selector{"kv:primary", {}};
  script_.emplace_back(milliseconds(5), [](FakeLab& lab) { lab.primary = {2}; });
  run(milliseconds(250));
  EXPECT_THAT(diary_.on["on-primary"], ElementsAre(NodeId{2}));
}

/// What is written of the only injection: how late it was, and its detail.
std::pair<Instant, std::string> injected(const std::vector<record::Event>& events, Instant injected) {
  for (const auto& event : events)
    if (const auto* one = std::get_if<record::InjectionEvent>(&event); one != nullptr && one->what == "injected")
      return {injected - Instant(one->due), one->detail};
  return {Instant::max(), "never"};
}

/// An answer takes 30 ms: asked at the moment, it would make the injection that late.
TEST_F(InjectorTest, AsksForARoleSoEarlyThatTheInjectionIsInTime) {
  add("on-primary", milliseconds(200)).on = spec::Selector{"kv:primary", {}};
  takes_ = milliseconds(30);
  script_.emplace_back(milliseconds(100), [](FakeLab& lab) { lab.primary = {2}; });
  run(milliseconds(500));
  EXPECT_THAT(diary_.on["on-primary"], ElementsAre(NodeId{2})) << "the first answer was of another moment";
  const auto [late, detail] = injected(events_, injector_->results().front().injected);
  EXPECT_LT(late, milliseconds(25));
  EXPECT_THAT(detail, HasSubstr("kv:primary asked "));
  EXPECT_THAT(injector_->results().front().evidence.rows.back().measured, HasSubstr(" before"));
  EXPECT_EQ(lab_->asked, 2);
}

TEST_F(InjectorTest, WaitsForTheAnswerThatIsUnderWay) {
  add("on-primary", milliseconds(100)).on = spec::Selector{"kv:primary", {}};
  script_.emplace_back(milliseconds(30), [](FakeLab& lab) { lab.hesitates = true; });
  script_.emplace_back(milliseconds(150), [this](FakeLab& lab) {
    EXPECT_TRUE(diary_.lines.empty());
    ASSERT_EQ(lab.unanswered.size(), 1U) << "not asked again";
    lab.unanswered.front()({2}, {});
  });
  run(milliseconds(300));
  EXPECT_THAT(diary_.on["on-primary"], ElementsAre(NodeId{2}));
}

TEST_F(InjectorTest, AsksAgainWhenNobodyHeldTheRoleJustBefore) {
  add("on-primary", milliseconds(100)).on = spec::Selector{"kv:primary", {}};
  script_.emplace_back(milliseconds(30), [](FakeLab& lab) { lab.hesitates = true; });
  script_.emplace_back(milliseconds(150), [](FakeLab& lab) {
    lab.hesitates = false;
    lab.unanswered.front()({}, "an election");
  });
  run(milliseconds(300));
  EXPECT_THAT(diary_.on["on-primary"], ElementsAre(NodeId{1}));
}

TEST_F(InjectorTest, DoesNotInjectWhenNobodyHoldsTheRole) {
  primary_.clear();
  add("on-primary", milliseconds(5)).on = spec::Selector{"kv:primary", {}};
  run(milliseconds(250));
  EXPECT_TRUE(diary_.lines.empty());
  EXPECT_THAT(injector_->results().front().objection, HasSubstr("nobody holds kv:primary"));
}

TEST_F(InjectorTest, SaysWhyAnInjectionNeverCame) {
  add("late", milliseconds(500));
  auto& waiting = add("waiting", {});
  waiting.trigger.kind = spec::Trigger::Kind::log;
  waiting.trigger.pattern = "never";
  run(milliseconds(250));
  const auto results = injector_->results();
  EXPECT_THAT(results.at(0).objection, HasSubstr("after the end of during"));
  EXPECT_THAT(results.at(1).objection, HasSubstr("no log line matched"));
  EXPECT_FALSE(injector_->last_end());
}

TEST_F(InjectorTest, AnInterruptedRunSaysSoOfWhatItDidNotComeTo) {
  add("later", milliseconds(5'000));
  add("too-late", milliseconds(20'000));
  auto& waiting = add("waiting", {});
  waiting.trigger.kind = spec::Trigger::Kind::log;
  waiting.trigger.pattern = "never";
  run(milliseconds(10'000), milliseconds(50));
  const auto results = injector_->results();
  EXPECT_EQ(results.at(0).objection, "it was never injected: the run was interrupted before it was due");
  EXPECT_THAT(results.at(1).objection, HasSubstr("due after the end of during"));
  EXPECT_THAT(results.at(2).objection, HasSubstr("no log line matched /never/, and then the run was interrupted"));
}

TEST_F(InjectorTest, WhatStaysDownIsNotCalledReverted) {
  for (const bool back : {false, true}) {
    SCOPED_TRACE(back);
    events_.clear(), experiment_.faults.clear();
    auto& fault = add("gone", milliseconds(5));
    fault.kind = "test.instant";
    if (back) fault.parameters["back"] = spec::Duration(milliseconds(1));
    run(milliseconds(50));
    const auto* last = std::get_if<record::InjectionEvent>(&events_.back());
    ASSERT_NE(last, nullptr);
    EXPECT_EQ(last->what, back ? "reverted" : "ended");
    EXPECT_EQ(last->detail, back ? "" : "not reverted: down until the run ends");
    EXPECT_EQ(injector_->results().front().ended == Instant{}, !back);
  }
}

TEST_F(InjectorTest, WhomARoleNamesIsHeldAgainstTheLimits) {
  experiment_.limits.down = "minority";
  auto& first = add("first", milliseconds(5));
  first.kind = "test.instant";
  auto& second = add("second", milliseconds(20));
  second.kind = "test.instant";
  second.on = spec::Selector{"kv:primary", {}};
  run(milliseconds(60));
  EXPECT_THAT(diary_.lines, ::testing::Contains("+first"));
  EXPECT_THAT(diary_.lines, ::testing::Not(::testing::Contains("+second")));
  const auto results = injector_->results();
  EXPECT_THAT(results.back().objection, HasSubstr("2 of 3 'kv' nodes down at once"));
  EXPECT_TRUE(injector_->errors().empty());
}

TEST_F(InjectorTest, WhatLastedTooLongIsNotWhatWasAskedFor) {
  add("stalled", milliseconds(5), milliseconds(20));
  add("in-time", milliseconds(5), milliseconds(400));
  script_.emplace_back(milliseconds(10), [](FakeLab&) { std::this_thread::sleep_for(milliseconds(200)); });
  run(milliseconds(500));
  const auto results = injector_->results();
  EXPECT_THAT(results.front().objection, HasSubstr("lasted"));
  EXPECT_EQ(results.back().objection, "");
}

TEST_F(InjectorTest, AFailedInjectionIsTheHarnesssErrorAndStopsNoOther) {
  diary_.refuses_to_begin = "bad";
  add("bad", milliseconds(5));
  add("good", milliseconds(10));
  run(milliseconds(250));
  EXPECT_THAT(diary_.lines, ElementsAre("+good", "-good"));
  ASSERT_EQ(injector_->errors().size(), 1U);
  EXPECT_THAT(injector_->errors().front(), HasSubstr("'bad' could not be injected: refused"));
}

TEST_F(InjectorTest, AnAimThatHitsNobodyIsNoErrorButHasNoEvidence) {
  diary_.hits_nobody = "nobody";
  add("nobody", milliseconds(5));
  run(milliseconds(250));
  EXPECT_TRUE(injector_->errors().empty());
  EXPECT_THAT(injector_->results().front().objection, HasSubstr("it was never injected: there is no link"));
}

TEST_F(InjectorTest, OneThatCannotBeRevertedDoesNotKeepTheOthers) {
  diary_.refuses_to_end = "stuck";
  add("ends", milliseconds(5));
  add("stuck", milliseconds(10));
  run(milliseconds(250));
  EXPECT_THAT(diary_.lines, ElementsAre("+ends", "+stuck", "-ends"));
  ASSERT_EQ(failures_.size(), 1U);
  EXPECT_THAT(failures_.front(), HasSubstr("'stuck' could not be reverted: stuck"));
}

}  // namespace
}  // namespace withstand::core
