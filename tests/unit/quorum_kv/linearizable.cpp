#include "linearizable.hpp"

#include <set>
#include <utility>

#include <fmt/format.h>

namespace quorum_kv::testing {

namespace {

class Search {
 public:
  explicit Search(const std::vector<Operation>& history) : history_(history) {}

  bool explain(std::uint64_t done, const std::string& value) {
    if (complete(done)) return true;
    if (!seen_.emplace(done, value).second) return false;
    for (std::size_t i = 0; i < history_.size(); ++i) {
      const Operation& operation = history_[i];
      if ((done & bit(i)) != 0 || !may_be_next(done, operation)) continue;
      if (operation.is_write ? explain(done | bit(i), operation.value)
                             : operation.value == value && explain(done | bit(i), value)) {
        return true;
      }
    }
    return false;
  }

 private:
  static std::uint64_t bit(std::size_t i) { return std::uint64_t{1} << i; }

  bool complete(std::uint64_t done) const {
    for (std::size_t i = 0; i < history_.size(); ++i) {
      if (history_[i].returned != never && (done & bit(i)) == 0) return false;
    }
    return true;
  }

  bool may_be_next(std::uint64_t done, const Operation& operation) const {
    for (std::size_t i = 0; i < history_.size(); ++i) {
      if ((done & bit(i)) == 0 && history_[i].returned < operation.invoked) return false;
    }
    return true;
  }

  const std::vector<Operation>& history_;
  std::set<std::pair<std::uint64_t, std::string>> seen_;
};

}  // namespace

bool linearizable(const std::vector<Operation>& history) { return Search(history).explain(0, ""); }

std::string describe(const std::vector<Operation>& history) {
  std::string text;
  for (const Operation& operation : history) {
    text += fmt::format("{:>5}..{:<5} {} {:<5} {}\n", operation.invoked,
                        operation.returned == never ? "?" : std::to_string(operation.returned), operation.node,
                        operation.is_write ? "write" : "read", operation.value.empty() ? "-" : operation.value);
  }
  return text;
}

}  // namespace quorum_kv::testing
