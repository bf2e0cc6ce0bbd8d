#include "check/register_history.hpp"

#include <limits>
#include <unordered_map>

namespace withstand::check {

namespace {

using record::Operation;
using record::Outcome;

/// Numbers the values of one key by their writes and collects the operations that took place.
class KeyReading {
 public:
  KeyReading(std::span<const Operation> history, const RegisterKey& key) : history_(history), key_(key) {
    writers_.reserve(key.positions.size());
    took_place_.reserve(key.positions.size());
  }

  std::optional<RegisterFinding> judge(RegisterCounts& counts) {
    if (auto found = read_writes(counts)) return found;
    seen_.assign(values_ + std::size_t{1}, false);
    if (auto found = read_reads(counts)) return found;
    drop_unknown_unread(counts);
    if (const auto conflict = find_conflict(took_place_, values_)) {
      return RegisterFinding{RegisterFinding::Kind::unordered, 0, 0, *conflict};
    }
    return std::nullopt;
  }

 private:
  struct Writer {
    std::uint32_t value = 0;  ///< its number
    std::uint32_t position = 0;
  };

  std::optional<RegisterFinding> read_writes(RegisterCounts& counts) {
    for (const std::uint32_t position : key_.positions) {
      const Operation& write = history_[position];
      if (write.op != "write" || !write.value) continue;
      if (write.done < write.sent) return RegisterFinding{RegisterFinding::Kind::backwards, position, 0, {}};
      const auto [writer, fresh] = writers_.try_emplace(*write.value, Writer{values_ + 1, position});
      if (!fresh) return RegisterFinding{RegisterFinding::Kind::not_unique, writer->second.position, position, {}};
      ++values_;
      if (write.outcome == Outcome::ok) ++counts.writes;
      if (write.outcome == Outcome::info) ++counts.unknown;
      if (write.outcome == Outcome::ok || write.outcome == Outcome::info) add(position, values_, true);
    }
    return std::nullopt;
  }

  std::optional<RegisterFinding> read_reads(RegisterCounts& counts) {
    for (const std::uint32_t position : key_.positions) {
      const Operation& read = history_[position];
      if (read.op != "read" || read.outcome != Outcome::ok) continue;
      if (read.done < read.sent) return RegisterFinding{RegisterFinding::Kind::backwards, position, 0, {}};
      ++counts.reads;
      if (!read.value) {
        add(position, 0, false);
        continue;
      }
      ++counts.reads_saw;
      const auto writer = writers_.find(*read.value);
      if (writer == writers_.end()) return RegisterFinding{RegisterFinding::Kind::from_nowhere, position, 0, {}};
      const Outcome written = history_[writer->second.position].outcome;
      if (written == Outcome::fail || written == Outcome::dropped) {
        return RegisterFinding{RegisterFinding::Kind::from_a_failure, position, writer->second.position, {}};
      }
      seen_[writer->second.value] = true;
      add(position, writer->second.value, false);
    }
    return std::nullopt;
  }

  void add(std::uint32_t position, std::uint32_t value, bool write) {
    const Operation& operation = history_[position];
    const bool open = write && operation.outcome == Outcome::info;
    const std::int64_t end = open ? std::numeric_limits<std::int64_t>::max() : operation.done;
    took_place_.push_back({operation.sent, end, value, position, write});
  }

  /// A write of unknown outcome that nobody read can always be taken not to have happened.
  void drop_unknown_unread(RegisterCounts& counts) {
    std::erase_if(took_place_, [&](const RegisterOperation& operation) {
      if (!operation.write || history_[operation.index].outcome != Outcome::info) return false;
      if (seen_[operation.value]) ++counts.unknown_saw;
      return !seen_[operation.value];
    });
  }

  std::span<const Operation> history_;
  const RegisterKey& key_;
  std::unordered_map<std::string_view, Writer> writers_;
  std::vector<RegisterOperation> took_place_;
  std::vector<bool> seen_;  ///< by value: somebody read it
  std::uint32_t values_ = 0;
};

}  // namespace

std::vector<RegisterKey> by_key(std::span<const Operation> history) {
  std::vector<RegisterKey> keys;
  std::unordered_map<std::string_view, std::size_t> places;
  for (std::uint32_t position = 0; position < history.size(); ++position) {
    const Operation& operation = history[position];
    if (operation.op != "read" && operation.op != "write") continue;
    const auto [place, fresh] = places.try_emplace(operation.key, keys.size());
    if (fresh) keys.push_back({operation.key, {}});
    keys[place->second].positions.push_back(position);
  }
  return keys;
}

std::optional<RegisterFinding> judge_key(std::span<const Operation> history, const RegisterKey& key,
                                         RegisterCounts& counts) {
  return KeyReading(history, key).judge(counts);
}

}  // namespace withstand::check
