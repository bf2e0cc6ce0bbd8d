#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "core/disk.hpp"
#include "core/draw.hpp"
#include "core/fault.hpp"
#include "lab/disk/file_system.hpp"
#include "lab/disk/session.hpp"

namespace withstand::lab::disk {

/// What a plan may ever ask, by path: compiled once.
class ClaimedFiles : public Concerns {
 public:
  /// Throws BadGlob.
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
/// However many rules there are, a path is matched against all of them at once, and again only when they or the path
/// have changed. Thread-safe.
class Rules : public Gate {
 public:
  /// `node`: part of every draw.
  Rules(FileSystem& files, std::string node);
  ~Rules() override;

  using Handle = std::uint64_t;
  /// In force for every operation that is read from now on. Throws BadGlob.
  void add(Handle handle, const core::DiskRule& rule);
  /// No longer. What it holds is the session's to release.
  void remove(Handle handle);
  /// What it did; nothing when there was no such rule.
  [[nodiscard]] std::optional<core::DiskEffect> effect(Handle handle) const;

  /// The same rules on a new mount, while nobody asks the old one any more. What they did is kept.
  void serve(FileSystem& files);

  [[nodiscard]] Verdict judge(Request& request) override;
  void answered(Handle rule) override;
  void waited(Handle rule, std::chrono::nanoseconds asked, std::chrono::nanoseconds took) override;
  void died(Handle rule) override;

 private:
  struct Rule;
  struct Set;
  using Matched = std::vector<std::shared_ptr<Rule>>;

  void publish(Matched rules);
  static void count_unseen(Inode& inode, const Matched& matched);
  [[nodiscard]] std::shared_ptr<const Set> current() const;
  [[nodiscard]] Matched matching(const Set& set, const Request& request);
  [[nodiscard]] Matched of_inode(const Set& set, Inode& inode, Operation operation);
  [[nodiscard]] std::vector<std::string> paths_of(const Request& request);
  void note_near(const Set& set, Operation operation, const std::vector<std::string>& paths);
  [[nodiscard]] std::shared_ptr<Rule> find(Handle handle) const;
  void strike(Rule& rule, std::uint64_t ordinal, Request& request, Verdict& verdict);

  FileSystem* files_;
  std::string node_;
  std::atomic<std::uint32_t> operations_{0};  ///< of all rules in force
  mutable std::shared_mutex mutex_;           ///< guards the two below
  std::shared_ptr<const Set> set_;
  std::map<Handle, std::shared_ptr<Rule>> all_;  ///< ended ones too
};

}  // namespace withstand::lab::disk
