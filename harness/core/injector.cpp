#include "core/injector.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "spec/limits.hpp"
#include "spec/pattern.hpp"

namespace withstand::core {

namespace {
/// How often an injection that may end by itself is asked whether it has.
constexpr std::chrono::milliseconds end_interval{5};
/// How often the holder of a role is asked while a trigger waits for it to change.
constexpr std::chrono::milliseconds role_interval{200};
/// How long before an injection its role is asked for the first time, to learn how long an answer takes.
constexpr std::chrono::milliseconds rehearsal{1000};
/// An answer that was asked for earlier than this before the injection is not of its moment.
constexpr std::chrono::milliseconds longest_lead{250};

/// How long before an injection the question that counts is asked, where an answer took so long: half as long again,
/// for a machine that is busier by then, and a little.
Instant lead(Instant took) { return std::min<Instant>(took + took / 2 + std::chrono::milliseconds(5), longest_lead); }

std::string milliseconds(Instant time) {
  return fmt::format("{:.1f} ms", std::chrono::duration<double, std::milli>(time).count());
}

/// Whom it hits is for the target to say.
bool asks_for_role(const PlannedInjection& planned) {
  const auto asks = [](const std::optional<Selection>& selection) { return selection && selection->role; };
  return asks(planned.on) || asks(planned.from) || asks(planned.to);
}
}  // namespace

/// Who holds the roles that a fault is aimed at.
struct Injector::Answer {
  Aim aim;
  std::string unresolved;  ///< why there is no aim
  Instant asked{}, answered{};
};

/// Questions that are asked together.
struct Injector::Questions {
  std::vector<NodeId> on, from, to;
  int open = 0;
  Answer answer;
  std::function<void(Answer)> done;

  void close() {
    answer.aim = {on, links_between(from, to)};
    answer.answered = now();
    done(std::move(answer));
  }
};

struct Injector::Item {
  const PlannedInjection* planned = nullptr;
  EventLoop::Registration trigger_timer, revert_timer, log_watch, role_timer, question_timer;
  bool triggered = false;
  bool asking = false;           ///< ahead of its time
  bool waiting = false;          ///< its time has come, but that answer has not
  std::optional<Answer> answer;  ///< the one that it is injected by, or is to be
  Aim aim;
  std::vector<std::string> on;
  std::unique_ptr<Injection> injection;
  bool reverted = false;
  Instant due{}, injected{}, ended{};
  std::string never;  ///< why it never started
  std::optional<std::vector<NodeId>> first_holders;

  [[nodiscard]] const spec::FaultSpec& fault() const { return *planned->fault; }
};

Injector::Injector(Lab& lab, const Catalog& catalog, const Plan& plan, Sink sink)
    : lab_(lab), catalog_(catalog), plan_(plan), sink_(std::move(sink)) {
  for (const auto& planned : plan.injections) {
    auto item = std::make_unique<Item>();
    item->planned = &planned;
    items_.push_back(std::move(item));
  }
}

Injector::~Injector() = default;

void Injector::start(Instant begin, Instant end) {
  begin_ = begin;
  end_ = end;
  hurry_ = lab_.loop().hurry();
  for (auto& item : items_) arm(*item);
}

void Injector::arm(Item& item) {
  const auto& trigger = item.fault().trigger;
  switch (trigger.kind) {
    case spec::Trigger::Kind::at: {
      const Instant due = begin_ + trigger.offset;
      if (due >= end_) item.never = "due after the end of during";
      if (due < end_) schedule(item, due);
      return;
    }
    case spec::Trigger::Kind::fault:
      item.never = fmt::format("fault '{}' was never injected", trigger.fault);
      return;  // armed by that fault's injection
    case spec::Trigger::Kind::log:
      return arm_log(item);
    case spec::Trigger::Kind::role:
      return arm_role(item);
  }
}

void Injector::arm_log(Item& item) {
  const auto& trigger = item.fault().trigger;
  item.never = fmt::format("no log line matched /{}/", trigger.pattern);
  std::vector<NodeId> nodes = lab_.topology().targets();
  if (trigger.on) nodes = select(*trigger.on, lab_.topology(), plan_.seed, item.fault().name, "when").nodes;
  item.log_watch = lab_.on_log(
      [this, &item, nodes, pattern = std::make_shared<const spec::Pattern>(trigger.pattern)](const LogLine& line) {
        if (item.triggered || std::find(nodes.begin(), nodes.end(), line.node) == nodes.end()) return;
        if (!pattern->found_in(line.text)) return;
        item.triggered = true;
        schedule(item, line.when + item.fault().trigger.offset);
      });
}

void Injector::arm_role(Item& item) {
  item.never = fmt::format("nobody else became {}", item.fault().trigger.role);
  ask_role(item);
}

void Injector::ask_role(Item& item) {
  const auto& trigger = item.fault().trigger;
  const std::string kind = trigger.on ? trigger.on->text : lab_.topology().nodes().front().kind;
  lab_.holders(kind, trigger.role, [this, &item, alive = alive()](std::vector<NodeId> holders, const std::string&) {
    if (alive.expired() || stopped_ || item.triggered) return;
    if (!holders.empty()) {
      if (!item.first_holders) item.first_holders = holders;
      if (*item.first_holders != holders) {
        item.triggered = true;
        return schedule(item, now() + item.fault().trigger.offset);
      }
    }
    item.role_timer = lab_.loop().at(now() + role_interval, [this, &item] { ask_role(item); });
  });
}

void Injector::schedule(Item& item, Instant due) {
  item.trigger_timer = lab_.loop().at_precisely(due, [this, &item, due] { on_trigger(item, due); });
  const PlannedInjection& planned = *item.planned;
  if (asks_for_role(planned) && now() < due)
    item.question_timer =
        lab_.loop().at(std::max(now(), due - rehearsal), [this, &item, due] { ask_ahead(item, due); });
}

/// Asks until an answer is of the moment of the injection, as near as answers can be: the first tells how long one
/// takes, and so when the one that counts is to be asked for.
void Injector::ask_ahead(Item& item, Instant due) {
  item.asking = true;
  ask(item, [this, &item, due](Answer answer) {
    item.asking = false;
    if (stopped_) return;
    const Instant again = due - lead(answer.answered - answer.asked);
    const bool of_its_moment = due - answer.asked <= longest_lead;
    if (item.waiting) {
      if (of_its_moment && answer.unresolved.empty()) return carry_out(item, due, std::move(answer));
      return ask(item, [this, &item, due](Answer late) { carry_out(item, due, std::move(late)); });
    }
    if (answer.asked >= again) {
      item.answer = std::move(answer);
    } else {
      item.question_timer = lab_.loop().at(std::max(now(), again), [this, &item, due] { ask_ahead(item, due); });
    }
  });
}

void Injector::on_trigger(Item& item, Instant due) {
  item.triggered = true;
  item.question_timer.reset();
  if (stopped_) return;
  if (now() >= end_) {
    item.never = "its trigger came after the end of during";
    return;
  }
  // Who held no role a moment ago may hold it now.
  if (item.answer && item.answer->unresolved.empty()) return carry_out(item, due, *item.answer);
  item.waiting = item.asking;
  if (!item.waiting) ask(item, [this, &item, due](Answer answer) { carry_out(item, due, std::move(answer)); });
}

void Injector::ask(Item& item, std::function<void(Answer)> done) {
  const auto& planned = *item.planned;
  auto questions = std::make_shared<Questions>();
  questions->answer.asked = now();
  questions->done = std::move(done);
  const auto put = [&](const std::optional<Selection>& selection, std::vector<NodeId> Questions::*into) {
    if (!selection) return;
    (*questions).*into = selection->nodes;
    if (!selection->role) return;
    ++questions->open;
    lab_.holders(selection->role->kind, selection->role->name,
                 [questions, into, text = selection->text, alive = alive()](std::vector<NodeId> nodes,
                                                                            const std::string& error) {
                   if (alive.expired()) return;
                   if (nodes.empty())
                     questions->answer.unresolved =
                         fmt::format("nobody holds {}{}{}", text, error.empty() ? "" : ": ", error);
                   (*questions).*into = std::move(nodes);
                   if (--questions->open == 0) questions->close();
                 });
  };
  ++questions->open;  // so that an answer given at once cannot finish before all are asked
  put(planned.on, &Questions::on);
  put(planned.from, &Questions::from);
  put(planned.to, &Questions::to);
  if (--questions->open == 0) questions->close();
}

void Injector::carry_out(Item& item, Instant due, Answer answer) {
  item.answer = std::move(answer);
  item.aim = item.answer->aim;
  if (item.answer->unresolved.empty()) return inject(item, due);
  item.never = item.answer->unresolved;
  report(item, "skipped", item.never, due);
}

/// Whom a role names is known now; what `[limits]` allows to be down at once was promised before.
void Injector::keep_limits(const Item& item) const {
  const auto takes_down = [this](const Item& one) { return catalog_.fault(one.fault().kind)->schema().takes_down; };
  if (plan_.limits.down.empty() || !takes_down(item)) return;
  std::set<NodeId> down(item.aim.on.begin(), item.aim.on.end());
  for (const auto& other : items_) {
    if (other.get() == &item || !other->injection || !takes_down(*other)) continue;
    const bool stays = spec::stays_down(other->fault(), catalog_.fault(other->fault().kind)->schema());
    if (stays || (!other->reverted && !other->injection->ended()))
      down.insert(other->aim.on.begin(), other->aim.on.end());
  }
  std::map<std::string, std::int64_t> by_kind;
  for (const NodeId node : down) ++by_kind[lab_.topology().at(node).kind];
  for (const auto& [kind, count] : by_kind) {
    const auto nodes = static_cast<std::int64_t>(lab_.topology().of_kind(kind).size());
    if (const std::int64_t most = spec::most_down(plan_.limits.down, nodes); count > most)
      throw CannotAim(fmt::format("it would have {} of {} '{}' nodes down at once; [limits] down = {} allows {}", count,
                                  nodes, kind, plan_.limits.down, most));
  }
}

void Injector::inject(Item& item, Instant due) {
  if (stopped_) return;
  const auto& fault = item.fault();
  const Fault& kind = *catalog_.fault(fault.kind);
  const auto& topology = lab_.topology();
  for (const NodeId node : item.aim.on) item.on.push_back(topology.at(node).name);
  try {
    if (item.on.empty())
      for (const auto& link : kind.links(fault, topology, plan_.seed, item.aim))
        item.on.push_back(to_text(link, topology));
    keep_limits(item);
    item.injection = kind.inject({lab_, fault, plan_.seed, item.aim});
  } catch (const CannotAim& error) {
    item.never = error.what();
    return report(item, "skipped", error.what(), due);
  } catch (const std::exception& error) {
    item.never = error.what();
    errors_.push_back(fmt::format("fault '{}' could not be injected: {}", fault.name, error.what()));
    return report(item, "error", error.what(), due);
  }
  item.due = due;
  item.injected = now();
  report(item, "injected", asked_when(item), due);
  const Instant end = fault.lasts ? item.injected + *fault.lasts : end_;
  if (end < end_) item.revert_timer = lab_.loop().at(end, [this, &item] { revert_or_note(item); });
  if (!kind.schema().lasts) watch_end(item);
  for (auto& other : items_) {
    const auto& trigger = other->fault().trigger;
    if (trigger.kind != spec::Trigger::Kind::fault || trigger.fault != fault.name) continue;
    const Instant next = item.injected + trigger.offset;
    other->never = next < end_ ? "" : "due after the end of during";
    if (next < end_) schedule(*other, next);
  }
}

/// For a fault that is aimed at a role: of what moment the answer is.
std::string Injector::asked_when(const Item& item) {
  std::string roles;
  for (const auto* selection : {&item.planned->on, &item.planned->from, &item.planned->to})
    if (*selection && (*selection)->role) roles += (roles.empty() ? "" : ", ") + (*selection)->text;
  if (roles.empty()) return {};
  return fmt::format("{} asked {} and answered {} before", roles, milliseconds(item.injected - item.answer->asked),
                     milliseconds(item.injected - item.answer->answered));
}

void Injector::watch_end(Item& item) {
  item.revert_timer = lab_.loop().at(now() + end_interval, [this, &item] {
    if (item.injection->ended())
      revert_or_note(item);
    else
      watch_end(item);
  });
}

void Injector::revert(Item& item) {
  if (!item.injection || item.reverted) return;
  item.injection->revert();
  item.reverted = true;
  item.ended = item.injection->ended().value_or(now());
  if (spec::stays_down(item.fault(), catalog_.fault(item.fault().kind)->schema()))
    report(item, "ended", "not reverted: down until the run ends");
  else
    report(item, "reverted", {});
}

bool Injector::revert_or_note(Item& item) {
  try {
    revert(item);
    return true;
  } catch (const std::exception& error) {
    errors_.push_back(fmt::format("fault '{}' could not be reverted: {}", item.fault().name, error.what()));
    report(item, "error", errors_.back());
    return false;
  }
}

void Injector::stop_injecting() {
  if (!stopped_) cut_short_ = now() < end_;
  stopped_ = true;
  for (auto& item : items_) {
    item->trigger_timer.reset();
    item->log_watch.reset();
    item->role_timer.reset();
    item->question_timer.reset();
  }
}

std::vector<std::string> Injector::revert_all() {
  stop_injecting();
  std::vector<Item*> active;
  for (auto& item : items_)
    if (item->injection && !item->reverted) active.push_back(item.get());
  std::sort(active.begin(), active.end(), [](const Item* a, const Item* b) { return a->injected > b->injected; });
  std::vector<std::string> failures;
  for (Item* item : active) {
    item->revert_timer.reset();
    if (!revert_or_note(*item)) failures.push_back(errors_.back());
  }
  hurry_.reset();
  return failures;
}

std::vector<std::string> Injector::active() const {
  std::vector<std::string> names;
  for (const auto& item : items_)
    if (item->injection && !item->reverted && !item->injection->ended()) names.push_back(item->fault().name);
  return names;
}

std::optional<Instant> Injector::last_end() const {
  std::optional<Instant> last;
  for (const auto& item : items_) {
    if (!item->injection) continue;
    const auto ended = item->reverted ? std::optional(item->ended) : item->injection->ended();
    if (ended && (!last || *last < *ended)) last = ended;
  }
  return last;
}

std::string Injector::why_never(const Item& item) const {
  if (item.never.empty())
    return cut_short_ ? "the run was interrupted before it was due" : "during had ended before it could begin";
  return item.never + (cut_short_ && !item.triggered ? ", and then the run was interrupted" : "");
}

/// Whether it began when it was due and lasted as long as it was asked to: what the harness was late by would be held
/// against the target. A role's holder may be long in coming, and an instant ends when it ends.
std::vector<EvidenceRow> Injector::kept_time(const Item& item) const {
  constexpr Instant grace = std::chrono::milliseconds(100);
  const PlannedInjection& planned = *item.planned;
  std::vector<EvidenceRow> rows;
  const auto mismatch = [&](const char* what, Instant asked, Instant took) {
    rows.push_back(
        {what, milliseconds(asked), milliseconds(took), "the harness's clock", EvidenceRow::Judgement::mismatch});
  };
  if (!asks_for_role(planned) && item.injected - item.due > grace)
    mismatch("injected late by", {}, item.injected - item.due);
  if (!item.fault().lasts || !catalog_.fault(item.fault().kind)->schema().lasts || item.ended == Instant{} ||
      cut_short_)
    return rows;
  const Instant asked = std::min(*item.fault().lasts, end_ - item.injected), took = item.ended - item.injected;
  if (took > asked + std::max(grace, asked / 10)) mismatch("lasted", asked, took);
  return rows;
}

std::vector<Injector::Result> Injector::results() {
  std::vector<Result> results;
  for (auto& item : items_) {
    Result result;
    result.fault = &item->fault();
    result.on = item->on;
    result.injected = item->injected;
    if (!spec::stays_down(item->fault(), catalog_.fault(item->fault().kind)->schema())) result.ended = item->ended;
    if (item->injection) {
      result.evidence = item->injection->observe();
      if (const std::string when = asked_when(*item); !when.empty())
        result.evidence.rows.push_back(
            {"role", "held at the injection", when, "the target's own command", EvidenceRow::Judgement::informative});
      for (EvidenceRow& row : kept_time(*item)) result.evidence.rows.push_back(std::move(row));
      result.objection = result.evidence.objection();
    } else {
      result.objection = "it was never injected: " + why_never(*item);
    }
    results.push_back(std::move(result));
  }
  return results;
}

void Injector::report(const Item& item, const std::string& what, const std::string& detail, Instant due) {
  record::InjectionEvent event;
  event.fault = item.fault().name;
  event.kind = item.fault().kind;
  event.what = what;
  event.on = item.on;
  event.detail = detail;
  event.due = due.count();
  event.line = item.fault().at.line;
  sink_(event);
}

}  // namespace withstand::core
