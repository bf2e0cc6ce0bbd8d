#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/fault.hpp"
#include "core/plan.hpp"
#include "record/journal.hpp"

namespace withstand::core {

/// Carries out a plan: waits for triggers, asks for roles, injects, reverts. Runs on the lab's event loop and never
/// blocks it.
///
/// A role is a question to the target, and its answer takes some tens of milliseconds. Asked at the moment of
/// injection, it makes the injection late by that, and is not newer when it is used than an answer asked for that much
/// earlier. So where that moment is known beforehand, a question one second ahead tells how long an answer takes, and
/// the one that counts is asked half as long again and 5 ms ahead, at most 250 ms. When its answer has not come by
/// then, the injection waits for it; when it says that nobody holds the role, or the moment was not known (a log line,
/// `at = "0s"`), the role is asked for at the moment itself. Events and evidence say when it was asked and answered.
class Injector {
 public:
  using Sink = std::function<void(record::Event)>;

  /// The plan, its experiment, the catalogue and the lab must outlive the injector.
  Injector(Lab& lab, const Catalog& catalog, const Plan& plan, Sink sink);
  ~Injector();
  Injector(const Injector&) = delete;
  Injector& operator=(const Injector&) = delete;

  /// `during` begins: schedules everything that is planned. An injection that is due after `end` is not made.
  void start(Instant begin, Instant end);
  /// No further injection starts; those that are active stay.
  void stop_injecting();
  /// Ends what is active, the latest first. One failure does not stop the others; returns what could not be reverted.
  std::vector<std::string> revert_all();

  /// Names of injections in force now, for the status line.
  [[nodiscard]] std::vector<std::string> active() const;
  /// The last instant at which a fault ended; nothing when none was injected.
  [[nodiscard]] std::optional<Instant> last_end() const;
  /// Why injecting failed, when the harness (not the target) could not do what it should.
  [[nodiscard]] const std::vector<std::string>& errors() const { return errors_; }

  struct Result {
    const spec::FaultSpec* fault = nullptr;
    std::vector<std::string> on;  ///< nodes or links
    Evidence evidence;
    std::string objection;        ///< why it does not count as having taken effect; empty when it does
    Instant injected{}, ended{};  ///< zero: never; a node that is not started again stays down
  };
  /// Asks every injection for its evidence, in the plan's order. After revert_all it is final.
  [[nodiscard]] std::vector<Result> results();

 private:
  struct Item;
  struct Answer;
  struct Questions;
  void arm(Item& item);
  void arm_log(Item& item);
  void arm_role(Item& item);
  void ask_role(Item& item);
  void on_trigger(Item& item, Instant due);
  void schedule(Item& item, Instant due);
  void ask_ahead(Item& item, Instant due);
  void ask(Item& item, std::function<void(Answer)> done);
  void carry_out(Item& item, Instant due, Answer answer);
  [[nodiscard]] static std::string asked_when(const Item& item);
  void inject(Item& item, Instant due);
  void watch_end(Item& item);
  void revert(Item& item);
  bool revert_or_note(Item& item);
  void keep_limits(const Item& item) const;
  [[nodiscard]] std::vector<EvidenceRow> kept_time(const Item& item) const;
  [[nodiscard]] std::string why_never(const Item& item) const;
  [[nodiscard]] std::weak_ptr<const bool> alive() const { return alive_; }
  void report(const Item& item, const std::string& what, const std::string& detail, Instant due = {});

  Lab& lab_;
  const Catalog& catalog_;
  const Plan& plan_;
  Sink sink_;
  Instant begin_{}, end_{};
  bool stopped_ = false;
  EventLoop::Registration hurry_;  ///< from start to revert_all
  bool cut_short_ = false;         ///< stopped before `end_`: the run was interrupted
  /// Answers of the lab may come after this has gone: whoever waits for one holds this, and looks.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
  std::vector<std::unique_ptr<Item>> items_;
  std::vector<std::string> errors_;
};

}  // namespace withstand::core
