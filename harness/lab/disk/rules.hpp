#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <vector>

#include "core/disk.hpp"
#include "core/fault.hpp"
#include "lab/disk/file_system.hpp"
#include "lab/disk/rule.hpp"
#include "lab/disk/session.hpp"
#include "lab/disk/touched.hpp"

namespace withstand::lab::disk {

/// What a plan may ever ask, by path: compiled once.
class ClaimedFiles : public Concerns {
 public:
  /// Throws core::BadGlob.
  explicit ClaimedFiles(const std::vector<core::DiskConcern>& concerns);
  ~ClaimedFiles() override;
  [[nodiscard]] Operations of(const std::vector<std::string>& paths) const override;
  [[nodiscard]] Operations anywhere() const override { return anywhere_; }

 private:
  struct Each;
  std::vector<Each> concerns_;
  Operations anywhere_;
};

/// The rules in force on one mount. What a rule costs an operation that it does not concern: one bit of a mask that is
/// read before anything else, and for files whose operation some rule concerns, a list that is kept with the inode.
/// However many rules there are, a path is looked up among all of them at once, and again only when they or the path
/// have changed. Thread-safe.
class Rules : public Gate {
 public:
  /// `node`: part of every draw.
  Rules(FileSystem& files, std::string node);
  ~Rules() override;

  using Handle = std::uint64_t;
  /// In force for every operation that is read from now on; what is stored is damaged before this returns. Throws
  /// core::BadGlob, SystemError.
  void add(Handle handle, const core::DiskRule& rule);
  /// No longer. What it holds is the session's to release.
  void remove(Handle handle);
  /// What it did; nothing when there was no such rule.
  [[nodiscard]] std::optional<core::DiskEffect> effect(Handle handle) const;
  /// Called with the node id of a file whose stored data was changed beside the kernel. Set before the first `add`.
  void on_changed(std::function<void(std::uint64_t node)> callback) { changed_ = std::move(callback); }

  /// The same rules on a new mount, while nobody asks the old one any more. What they did is kept.
  void serve(FileSystem& files);

  [[nodiscard]] Verdict judge(Request& request) override;
  void answered(Handle rule) override;
  void waited(Handle rule, std::chrono::nanoseconds asked, std::chrono::nanoseconds took) override;
  void carried(Handle rule, std::uint64_t bytes) override;
  void died(Handle rule) override;
  void damaged(const Damage& damage, bool hit) override;

 private:
  void publish(Matched rules);
  static void count_unseen(Inode& inode, const Matched& matched);
  [[nodiscard]] std::shared_ptr<const RuleIndex> current() const;
  [[nodiscard]] Matched matching(const RuleIndex& index, const Request& request);
  [[nodiscard]] Matched of_inode(const RuleIndex& index, Inode& inode, Operation operation);
  [[nodiscard]] std::vector<std::string> paths_of(const Request& request);
  [[nodiscard]] std::shared_ptr<Rule> find(Handle handle) const;
  [[nodiscard]] bool concerns(const Rule& rule, const Request& request) const;
  /// The ordinal of an operation that is struck.
  [[nodiscard]] static std::optional<std::uint64_t> choose(Rule& rule, std::uint64_t size);
  void note(Rule& rule, std::uint64_t ordinal, const Request& request, core::DiskStrike strike);
  void strike(Rule& rule, std::uint64_t ordinal, Request& request, Verdict& verdict);
  void throttle(Rule& rule, std::uint64_t ordinal, const Request& request, Verdict& verdict);
  void refused(Handle rule, int error, Extent wanted);

  // rules_damage.cpp
  void judge_damage(Rule& rule, const Request& request, Verdict& verdict);
  void judge_bad_sectors(Rule& rule, const Request& request, Extent bytes, std::uint64_t size, Verdict& verdict);
  void remember(Rule& rule, const Request& request, Extent bytes, std::uint64_t size);
  [[nodiscard]] bool find_instead(Rule& rule, const Request& request, Damage& damage);
  [[nodiscard]] bool is_bad(Rule& rule, const Inode& inode, std::uint64_t block);
  void damage_what_is_stored(Rule& rule);
  void damage_stored_file(Rule& rule, const std::string& path, int file);

  FileSystem* files_;
  std::string node_;
  std::function<void(std::uint64_t)> changed_;
  std::atomic<std::uint32_t> operations_{0};  ///< of all rules in force
  mutable std::shared_mutex mutex_;           ///< guards the two below
  std::shared_ptr<const RuleIndex> index_;
  std::map<Handle, std::shared_ptr<Rule>> all_;  ///< ended ones too
  std::set<Handle> limits_;                      ///< in force, on room; only added and removed by one thread
  Touched touched_;
};

}  // namespace withstand::lab::disk
