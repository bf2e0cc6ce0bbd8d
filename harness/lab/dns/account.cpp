#include "lab/dns/account.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "lab/dns/answers.hpp"

namespace withstand::lab::dns {
namespace {

using core::NameAnswer;
using core::NameEffect;
using core::NameFault;

/// What else was asked is for people who aimed badly: a few examples do.
constexpr std::size_t others_shown = 8;

std::string asked_text(const Question& question) {
  return fmt::format("{} {}", question.name, core::record_type_name(question.type));
}

Reply sorted(Reply reply) {
  std::sort(reply.records.begin(), reply.records.end());
  return reply;
}

}  // namespace

std::string describe(const Reply& reply) {
  constexpr const char* names[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
  std::string text = reply.code < std::size(names) ? names[reply.code] : fmt::format("error {}", reply.code);
  for (const Record& record : reply.records) text += " " + record.data;
  return reply.truncated ? text + ", truncated" : text;
}

void Account::add(Handle handle, const NameFault& fault, const std::vector<core::NodeId>& nodes) {
  Entry& entry = entries_[handle];
  entry.fault = fault;
  for (const core::NodeId node : nodes) entry.nodes[node].effect.node = node;
}

Account::Ticket Account::read(core::NodeId node, const Query& query, bool over_tcp, core::Instant when) {
  Ticket ticket{node, query.id, *query.question, over_tcp, when, {}};
  const Key key{ticket.question.name, ticket.question.type};
  for (auto& [handle, entry] : entries_) {
    const auto found = entry.nodes.find(node);
    if (!entry.active || found == entry.nodes.end()) continue;
    PerNode& here = found->second;
    const NameFault& fault = entry.fault;
    const bool told_apart = here.asked.contains(key) || here.asked.size() < core::most_names;
    const Key counted = told_apart ? key : Key{core::further_names, core::further_types};
    if (!core::concerns(fault, key.first, key.second, over_tcp)) {
      if (over_tcp && here.truncated.contains(counted)) {
        ++here.effect.asked_again;
      } else if (here.others.size() < others_shown) {
        here.others.insert(asked_text(ticket.question));
      }
      continue;
    }
    const auto draws = core::query_draws(fault, topology_.at(node).name, counted.first, counted.second);
    const bool struck = core::strikes(fault, draws, here.asked[counted]++);
    if (struck && !over_tcp && fault.answer == NameAnswer::truncated) here.truncated.insert(counted);
    ++here.effect.asked;
    ++(struck ? here.effect.waiting : here.effect.spared);
    if (over_tcp) ++here.effect.over_tcp;
    ticket.matches.push_back({handle, struck});
  }
  return ticket;
}

/// As the list of core::NameAnswer says; the first among equals.
const NameFault* Account::decided(const Ticket& ticket) const {
  const NameFault* first = nullptr;
  for (const auto& match : ticket.matches) {
    const NameFault& fault = entries_.at(match.handle).fault;
    if (!match.struck || fault.answer == NameAnswer::slow) continue;
    if (first == nullptr || fault.answer < first->answer) first = &fault;
  }
  return first;
}

std::chrono::nanoseconds Account::asked_delay(const Ticket& ticket) const {
  std::chrono::nanoseconds sum{};
  for (const auto& match : ticket.matches) {
    const NameFault& fault = entries_.at(match.handle).fault;
    if (match.struck && fault.answer == NameAnswer::slow) sum += fault.delay;
  }
  return sum;
}

void Account::written(const Ticket& ticket, ByteView bytes, core::Instant when) {
  Outcome outcome;
  outcome.written = true;
  outcome.decided = decided(ticket);
  outcome.when = when;
  outcome.asked_delay = asked_delay(ticket);
  const auto seen = read_reply(bytes);
  outcome.what = seen ? describe(seen->reply) : "bytes that are no answer";
  outcome.fits = !is_silent(outcome.decided, ticket.over_tcp) && seen && seen->id == ticket.id &&
                 seen->question.name == ticket.question.name && seen->question.type == ticket.question.type &&
                 sorted(seen->reply) == sorted(asked_reply(outcome.decided, ticket.question, zone_)) &&
                 when - ticket.read >= outcome.asked_delay;
  settle(ticket, outcome);
}

void Account::unanswered(const Ticket& ticket) {
  Outcome outcome;
  outcome.decided = decided(ticket);
  outcome.asked_delay = asked_delay(ticket);
  outcome.what = "not answered";
  outcome.fits = is_silent(outcome.decided, ticket.over_tcp);
  settle(ticket, outcome);
}

void Account::settle(const Ticket& ticket, const Outcome& outcome) {
  for (const auto& match : ticket.matches) {
    Entry& entry = entries_.at(match.handle);
    PerNode& here = entry.nodes.at(ticket.node);
    if (match.struck) {
      --here.effect.waiting;
      settle_struck(ticket, entry.fault, here, outcome);
    } else if (!outcome.fits && outcome.written) {
      --here.effect.spared;
      stray(here, ticket, outcome);
    }
  }
}

void Account::settle_struck(const Ticket& ticket, const NameFault& fault, PerNode& here, const Outcome& outcome) {
  if (!outcome.fits) return outcome.written ? stray(here, ticket, outcome) : static_cast<void>(++here.effect.lost);
  if (fault.answer == NameAnswer::slow && outcome.written) return settle_slow(ticket, here, outcome);
  ++(&fault == outcome.decided ? here.effect.shown : here.effect.overruled);
}

void Account::settle_slow(const Ticket& ticket, PerNode& here, const Outcome& outcome) {
  NameEffect& effect = here.effect;
  const std::int64_t delay = (*outcome.when - ticket.read).count();
  effect.delay_min_ns = effect.shown == 0 ? delay : std::min(effect.delay_min_ns, delay);
  effect.delay_max_ns = std::max(effect.delay_max_ns, delay);
  here.delay_sum += static_cast<double>(delay);
  here.asked_delay_sum += static_cast<double>(outcome.asked_delay.count());
  ++effect.shown;
}

void Account::stray(PerNode& here, const Ticket& ticket, const Outcome& outcome) {
  if (here.effect.strayed++ > 0) return;
  const std::string due =
      outcome.decided == nullptr ? "the right answer" : std::string(core::to_text(outcome.decided->answer));
  here.effect.stray = fmt::format("{} got {} instead of {}", asked_text(ticket.question), outcome.what, due);
}

std::vector<NameEffect> Account::effect(Handle handle) const {
  std::vector<NameEffect> effects;
  for (const auto& [node, here] : entries_.at(handle).nodes) {
    NameEffect effect = here.effect;
    if (effect.shown > 0) {
      effect.delay_mean_ns = static_cast<std::int64_t>(here.delay_sum / static_cast<double>(effect.shown));
      effect.asked_delay_mean_ns = static_cast<std::int64_t>(here.asked_delay_sum / static_cast<double>(effect.shown));
    }
    for (const auto& [key, asked] : here.asked) effect.names.push_back({key.first, key.second, asked});
    effect.others.assign(here.others.begin(), here.others.end());
    effects.push_back(std::move(effect));
  }
  return effects;
}

}  // namespace withstand::lab::dns
