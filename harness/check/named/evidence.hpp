#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "check/finding.hpp"
#include "check/history/history.hpp"
#include "check/history/words.hpp"

/// What the judges of one promise share.
namespace withstand::check {

inline bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  for (const std::string_view one : names)
    if (name == one) return true;
  return false;
}

/// A history may hold any number; what does not fit wraps around instead of being undefined.
inline std::int64_t plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
inline std::int64_t negative(std::int64_t a) { return static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(a)); }

/// Notes a violation: the first few are explained, all are counted by the caller.
inline void accuse(const OperationHistory& history, Finding& out, std::string_view heading,
                   std::span<const std::uint32_t> operations, std::string_view reason) {
  constexpr std::size_t most_lines = 40;
  out.judgement = Judgement::failed;
  if (out.explanation.size() >= most_lines) return;
  out.explanation.push_back(std::string(heading) + ":");
  for (auto& line : numbered(history, operations)) out.explanation.push_back(std::move(line));
  out.explanation.push_back("  " + std::string(reason));
  out.culprits.insert(out.culprits.end(), operations.begin(), operations.end());
}

/// A client on a key.
using Holder = std::tuple<std::uint32_t, Value::Tag, std::int64_t>;
inline Holder holder_of(const HistoryOperation& operation) {
  return {operation.process, operation.key.tag, operation.key.number};
}

/// What a judge knows of each key, in the order in which the history names them: objects of different keys have nothing
/// to do with each other.
template <class State>
class ByKey {
 public:
  State& operator[](const Value& key) {
    const auto [place, fresh] = places_.try_emplace(key, all_.size());
    if (fresh) all_.emplace_back();
    return all_[place->second];
  }
  [[nodiscard]] auto begin() { return all_.begin(); }
  [[nodiscard]] auto end() { return all_.end(); }
  [[nodiscard]] std::size_t size() const { return all_.size(); }

 private:
  std::unordered_map<Value, std::size_t, ValueHash> places_;
  std::deque<State> all_;  // a state stays where it is while others come
};

/// " of 3 keys", for summaries; nothing where there is one.
inline std::string of_keys(std::size_t keys) { return keys > 1 ? " of " + std::to_string(keys) + " keys" : ""; }

/// Says that this is no history of the model.
Finding misfit_of(const OperationHistory& history, const HistoryOperation& operation, std::string_view known);

/// Inconclusive for this reason, unless something failed.
void too_little(Finding& out, std::string_view why);

}  // namespace withstand::check
