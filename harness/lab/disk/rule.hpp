#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "core/disk.hpp"
#include "core/draw.hpp"
#include "lab/disk/bucket.hpp"

namespace re2 {
class RE2;
}

namespace withstand::lab::disk {

/// A rule in force or ended, and what it did.
struct Rule {
  using Handle = std::uint64_t;
  /// Throws core::BadGlob. `node`: part of every draw.
  Rule(Handle its_handle, const core::DiskRule& its_rule, const std::string& node);
  ~Rule();

  const Handle handle;
  const core::DiskRule rule;
  const core::DrawStream chance, size;
  std::unique_ptr<re2::RE2> path, process;
  std::uint64_t opens_before = 0;    ///< files that were opened before it came into force
  std::uint64_t touched_before = 0;  ///< as Touched counts
  std::atomic<std::uint64_t> counted{0}, bytes{0}, decided{0}, answered{0}, waiting{0}, died{0}, missed{0};
  mutable std::mutex mutex;  ///< guards the rest
  std::uint64_t waited = 0, carried = 0, unseen = 0;
  std::chrono::nanoseconds asked_sum{}, waited_sum{}, waited_min{std::chrono::nanoseconds::max()}, waited_max{};
  std::chrono::nanoseconds first_carried{}, last_carried{};
  std::vector<core::DiskStrike> strikes;
  std::vector<std::string> passed_by;  ///< at rest: files that it looked at and does not match

  /// throttle
  Bucket bucket;
  /// damage: a block of a file.
  struct Block {
    dev_t device;
    ino_t inode;
    std::uint64_t number;
    auto operator<=>(const Block&) const = default;
  };
  std::set<Block> healed;                                  ///< bad sectors that were written anew
  std::map<std::pair<dev_t, ino_t>, std::uint64_t> salts;  ///< of files, so that each has bad sectors of its own
  std::map<Block, std::vector<std::byte>> before;          ///< stale: blocks before they were last written
  std::deque<Block> before_in_order;

  [[nodiscard]] bool is_damage(core::DiskRule::Damage::Kind kind) const {
    return rule.action == core::DiskRule::Action::damage && rule.damage.kind == kind;
  }
  [[nodiscard]] core::DiskEffect effect() const;
};

using Matched = std::vector<std::shared_ptr<Rule>>;

/// All rules in force; not changed once it is made. Thread-safe.
class RuleIndex {
 public:
  RuleIndex(std::uint64_t number, Matched rules);
  ~RuleIndex();
  RuleIndex(const RuleIndex&) = delete;
  RuleIndex& operator=(const RuleIndex&) = delete;

  const std::uint64_t number;  ///< which it is, from 0
  const Matched rules;

  /// Those that match one of the paths, in their order. A path is looked up by itself, its folder and its name; only
  /// patterns that cannot be looked up are tried, all at once.
  [[nodiscard]] Matched of(const std::vector<std::string>& paths) const;

 private:
  struct Tables;
  [[nodiscard]] const Tables& tables() const;
  mutable std::once_flag made_;
  mutable std::unique_ptr<Tables> tables_;  ///< when the first path is matched: many rules may be added in a row
};

}  // namespace withstand::lab::disk
