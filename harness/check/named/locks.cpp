// Locks with fencing tokens, and leases.

#include <algorithm>
#include <map>
#include <unordered_map>

#include <fmt/format.h>

#include "check/named/evidence.hpp"
#include "check/named/named.hpp"

namespace withstand::check {

namespace {

/// While a client surely holds a lock: open at both ends.
struct Tenure {
  std::int64_t from = 0, to = never;
  std::uint32_t acquire = 0, release = UINT32_MAX;
  std::uint32_t process = 0;
};

/// The first two of different clients that overlap.
std::uint64_t overlaps(const OperationHistory& history, std::vector<Tenure> tenures, Finding& out) {
  std::sort(tenures.begin(), tenures.end(), [](const Tenure& a, const Tenure& b) { return a.from < b.from; });
  std::uint64_t found = 0;
  const Tenure* longest = nullptr;
  for (const Tenure& one : tenures) {
    if (one.from >= one.to) continue;
    if (longest != nullptr && one.from < longest->to) {
      if (found++ < 3) {
        std::vector<std::uint32_t> operations{longest->acquire, one.acquire};
        if (longest->release != UINT32_MAX) operations.push_back(longest->release);
        accuse(history, out, "held twice", operations,
               fmt::format("2 had it before {}: both had it at once.",
                           longest->release != UINT32_MAX ? "3 gave back what 1 had got" : "what 1 had got was over"));
      }
    }
    if (longest == nullptr || one.to > longest->to) longest = &one;
  }
  return found;
}

struct Token {
  std::int64_t number = 0;
  std::uint32_t operation = 0;
};

/// What began after another had ended has no smaller (or, where they must differ, no equal) token.
std::uint64_t out_of_order(const OperationHistory& history, std::vector<Token> tokens, bool differ,
                           std::string_view heading, std::string_view reason, Finding& out) {
  const auto at = [&](const Token& token) -> const HistoryOperation& { return history.operations[token.operation]; };
  std::sort(tokens.begin(), tokens.end(), [&](const Token& a, const Token& b) { return at(a).begin < at(b).begin; });
  auto by_end = tokens;
  std::sort(by_end.begin(), by_end.end(), [&](const Token& a, const Token& b) { return at(a).end < at(b).end; });
  std::uint64_t found = 0;
  std::size_t ended = 0;
  const Token* greatest = nullptr;
  for (const Token& one : tokens) {
    for (; ended < by_end.size() && at(by_end[ended]).end < at(one).begin; ++ended)
      if (greatest == nullptr || by_end[ended].number > greatest->number) greatest = &by_end[ended];
    if (greatest == nullptr || greatest->number < one.number || (!differ && greatest->number == one.number)) continue;
    const std::uint32_t both[] = {greatest->operation, one.operation};
    if (found++ < 3) accuse(history, out, heading, both, reason);
  }
  return found;
}

}  // namespace

Finding judge_lock(const OperationHistory& history) {
  Finding out;
  std::unordered_map<Value, std::vector<Tenure>, ValueHash> tenures;
  std::unordered_map<Value, std::vector<Token>, ValueHash> granted, used;
  std::map<Holder, std::size_t> holding;  // by client: its tenure
  std::uint64_t acquires = 0;
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
    const HistoryOperation& operation = history.operations[i];
    const auto f = history.f_of(operation);
    const bool ok = operation.outcome == record::Outcome::ok;
    auto& of_key = tenures[operation.key];
    const auto who = holder_of(operation);
    if (f == "acquire") {
      if (!ok) continue;
      ++acquires;
      holding[who] = of_key.size();
      of_key.push_back({operation.end, never, i, UINT32_MAX, operation.process});
      if (operation.output.is_integer()) granted[operation.key].push_back({operation.output.number, i});
    } else if (f == "release") {
      // A release that failed, or that nobody knows of, may have released.
      const auto held = holding.find(who);
      if (held == holding.end() || operation.outcome == record::Outcome::dropped) continue;
      of_key[held->second].to = operation.begin;
      of_key[held->second].release = i;
      holding.erase(held);
    } else if (is_one_of(f, {"use", "write"})) {
      if (!operation.input.is_integer()) return misfit_of(history, operation, "use with a token");
      if (ok) used[operation.key].push_back({operation.input.number, i});
    } else {
      return misfit_of(history, operation, "acquire, release and use");
    }
  }
  std::uint64_t twice = 0, tokens = 0, stale = 0, uses = 0;
  for (auto& [key, all] : tenures) twice += overlaps(history, std::move(all), out);
  for (auto& [key, all] : granted)
    tokens += out_of_order(history, std::move(all), true, "token not greater",
                           "1 had ended before 2 began, and 2 got no greater token.", out);
  for (auto& [key, all] : used) {
    uses += all.size();
    stale += out_of_order(history, std::move(all), false, "stale token accepted",
                          "1 had been accepted before 2 began, and 2 was accepted with a smaller token.", out);
  }
  out.summary = fmt::format(
      "of {} acquires {} got what another held and {} no greater token; of {} uses {} were accepted "
      "with a stale token",
      acquires, twice, tokens, uses, stale);
  if (acquires < 2) too_little(out, "fewer than two acquires succeeded");
  return out;
}

Finding judge_leases(const OperationHistory& history) {
  Finding out;
  if (!history.timed) {
    out.misfit = "leases last for a time, and the history has none";
    return out;
  }
  std::unordered_map<Value, std::vector<Tenure>, ValueHash> tenures;
  std::map<Holder, std::size_t> holding;
  std::uint64_t acquires = 0, twice = 0;
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
    const HistoryOperation& operation = history.operations[i];
    const auto f = history.f_of(operation);
    auto& of_key = tenures[operation.key];
    const auto who = holder_of(operation);
    const auto held = holding.find(who);
    if (is_one_of(f, {"acquire", "grant", "renew"})) {
      if (operation.outcome != record::Outcome::ok) continue;
      if (!operation.output.is_integer()) return misfit_of(history, operation, "leases of so many nanoseconds");
      ++acquires;
      const std::int64_t until = plus(operation.begin_time, operation.output.number);
      if (held != holding.end() && f == "renew" && of_key[held->second].to >= operation.end_time) {
        of_key[held->second].to = std::max(of_key[held->second].to, until);
        continue;
      }
      holding[who] = of_key.size();
      of_key.push_back({operation.end_time, until, i, UINT32_MAX, operation.process});
    } else if (is_one_of(f, {"release", "revoke"})) {
      if (held == holding.end() || operation.outcome == record::Outcome::dropped) continue;
      Tenure& tenure = of_key[held->second];
      if (operation.begin_time < tenure.to) {
        tenure.to = operation.begin_time;
        tenure.release = i;
      }
      holding.erase(held);
    } else {
      return misfit_of(history, operation, "acquire, renew and release");
    }
  }
  for (auto& [key, all] : tenures) twice += overlaps(history, std::move(all), out);
  out.summary = fmt::format("of {} leases {} were given while another still ran", acquires, twice);
  if (acquires < 2) too_little(out, "fewer than two leases were given");
  return out;
}

}  // namespace withstand::check
