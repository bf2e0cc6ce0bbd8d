#include "check/write_once.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "check/describe.hpp"

namespace withstand::check {

namespace {

using record::Operation;
using record::Outcome;

constexpr std::size_t listed = 10;

/// One key: who wrote it, and what each node answered at the read-back.
struct Key {
  const Operation* write = nullptr;
  std::map<std::string_view, const Operation*> answers;  ///< by node: its worst read-back that succeeded
};

class WriteOnce {
 public:
  WriteOnce(std::span<const Operation> history, const CheckContext& context) : context_(context) {
    for (const Operation& operation : history) {
      if (operation.op == "write" && operation.value) add_write(operation);
    }
    nodes_.insert(context.live_nodes.begin(), context.live_nodes.end());
    for (const Operation& operation : history) {
      if (operation.op == "read") add_read(operation);
    }
    for (const auto& [name, key] : keys_) judge_key(name, key);
    // What is gone everywhere is the worse, and stands first.
    std::sort(lost_.begin(), lost_.end(), [](const Lost& a, const Lost& b) {
      return std::tuple(a.elsewhere, a.write->done) < std::tuple(b.elsewhere, b.write->done);
    });
  }

  record::CheckResult result(std::string name) const {
    record::CheckResult result{std::move(name), to_text(Judgement::held), counts_text(), {}};
    const auto say = [&](Judgement judgement, std::string summary) {
      result.outcome = to_text(judgement);
      result.summary = std::move(summary);
    };
    if (!twice_.empty()) {  // whatever was read, it may be the other write's
      say(Judgement::inconclusive, fmt::format("key {} was written more than once", twice_.front()));
    } else if (!lost_.empty() || !strange_.empty()) {
      say(Judgement::failed, failure_text());
      explain(result.explanation);
    } else if (acknowledged_ == 0) {
      say(Judgement::inconclusive, "no write was acknowledged");
    } else if (nodes_.empty()) {
      say(Judgement::inconclusive, "nothing was read back after recovery");
    } else if (!unread_.empty()) {
      say(Judgement::inconclusive, unread_text());
    }
    return result;
  }

 private:
  struct Lost {
    const Operation* write = nullptr;
    std::vector<std::string> answers;  ///< "n2 has nothing"
    bool elsewhere = false;            ///< another node still has it: not recovered there, rather than gone
  };

  void add_write(const Operation& write) {
    Key& key = keys_[write.key];
    if (key.write != nullptr) twice_.push_back(write.key);
    key.write = &write;
    if (write.outcome == Outcome::ok) ++acknowledged_;
    if (write.outcome == Outcome::info) ++unknown_;
  }

  void add_read(const Operation& read) {
    if (read.final_read && context_.live_nodes.empty()) nodes_.insert(read.node);
    if (read.outcome != Outcome::ok) return;
    const auto key = keys_.find(read.key);
    const Operation* write = key == keys_.end() ? nullptr : key->second.write;
    // A read-back that did not begin after the acknowledgement need not have seen the write: what it returns may be
    // wrong, but nothing in it is no loss. Equal time stamps count as concurrent.
    const bool late = write != nullptr && read.sent > write->done;
    if (read.value && (write == nullptr || never_happened(*write) || read.value != write->value ||
                       read.done < write->sent)) {  // read before it was written
      // Another value for an acknowledged key at the read-back is told as a lost write.
      const bool told = read.final_read && late && write->outcome == Outcome::ok;
      if (!told) strange_.push_back({write, &read});
    }
    if (!read.final_read || write == nullptr) return;
    nodes_.insert(read.node);
    if (!late && read.value != write->value) return;
    // The worst answer of a node counts: what was lacking once after recovery was not there to be read.
    const Operation*& answer = key->second.answers[read.node];
    if (answer == nullptr || answer->value == write->value) answer = &read;
  }

  static bool never_happened(const Operation& write) {
    return write.outcome == Outcome::fail || write.outcome == Outcome::dropped;
  }

  void judge_key(std::string_view name, const Key& key) {
    if (key.write->outcome == Outcome::info && is_there(key)) ++recovered_;
    if (key.write->outcome != Outcome::ok) return;
    Lost lost{key.write, {}, is_there(key)};
    for (const std::string_view node : nodes_) {
      const auto answer = key.answers.find(node);
      if (answer == key.answers.end()) {
        unread_[std::string(node)].push_back(name);
      } else if (answer->second->value != key.write->value) {
        lost.answers.push_back(fmt::format("{} has {}", node, value_text(answer->second->value)));
      }
    }
    if (!lost.answers.empty()) lost_.push_back(std::move(lost));
  }

  static bool is_there(const Key& key) {
    return std::any_of(key.answers.begin(), key.answers.end(),
                       [&](const auto& answer) { return answer.second->value == key.write->value; });
  }

  [[nodiscard]] std::string counts_text() const {
    return fmt::format("{} acknowledged writes read back through {}; of {} writes of unknown outcome {} were there",
                       acknowledged_, fmt::join(nodes_, ", "), unknown_, recovered_);
  }

  [[nodiscard]] std::string failure_text() const {
    std::string text;
    if (!lost_.empty()) text = fmt::format("{} of {} acknowledged writes were lost", lost_.size(), acknowledged_);
    const auto elsewhere = std::count_if(lost_.begin(), lost_.end(), [](const Lost& lost) { return lost.elsewhere; });
    if (elsewhere > 0) text += fmt::format(" ({} of them on some nodes only: another still has them)", elsewhere);
    if (strange_.empty()) return text;
    return fmt::format("{}{}{} reads returned a value that was never written there, or not yet", text,
                       text.empty() ? "" : "; ", strange_.size());
  }

  [[nodiscard]] std::string unread_text() const {
    std::vector<std::string> parts;
    for (const auto& [node, names] : unread_) {
      parts.push_back(fmt::format("{} acknowledged keys could not be read back through {}", names.size(), node));
    }
    return fmt::format("{}", fmt::join(parts, "; "));
  }

  void explain(std::vector<std::string>& lines) const {
    for (std::size_t i = 0; i < std::min(listed, lost_.size()); ++i) {
      const Operation& write = *lost_[i].write;
      lines.push_back(fmt::format("key {}: {}; read back: {}{}", write.key, describe(write, context_.phases),
                                  fmt::join(lost_[i].answers, ", "), faults_at(write)));
    }
    if (lost_.size() > listed) lines.push_back(fmt::format("and {} more keys", lost_.size() - listed));
    for (std::size_t i = 0; i < std::min(listed, strange_.size()); ++i) {
      const auto& [write, read] = strange_[i];
      const std::string attempted = write == nullptr ? "nobody wrote to that key" : describe(*write, context_.phases);
      lines.push_back(fmt::format("key {}: {}; but: {}{}", read->key, describe(*read, context_.phases), attempted,
                                  faults_at(*read)));
    }
    if (strange_.size() > listed) lines.push_back(fmt::format("and {} more such reads", strange_.size() - listed));
  }

  [[nodiscard]] std::string faults_at(const Operation& operation) const {
    if (!context_.faults_known) return "";
    return "; " + faults_active(context_.faults, {operation.sent, operation.done}, context_.phases);
  }

  const CheckContext& context_;
  std::unordered_map<std::string_view, Key> keys_;
  std::set<std::string_view> nodes_;  ///< every node that must have every acknowledged write
  std::vector<Lost> lost_;
  std::vector<std::pair<const Operation*, const Operation*>> strange_;  ///< the key's write or nullptr, the read
  std::vector<std::string_view> twice_;                                 ///< keys written more than once
  std::map<std::string, std::vector<std::string_view>> unread_;         ///< node -> acknowledged keys without answer
  std::uint64_t acknowledged_ = 0, unknown_ = 0, recovered_ = 0;
};

}  // namespace

record::CheckResult NoAcknowledgedWriteLost::judge(std::span<const Operation> operations,
                                                   const CheckContext& context) const {
  return WriteOnce(operations, context).result(std::string(name()));
}

}  // namespace withstand::check
