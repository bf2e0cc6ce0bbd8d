#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kv/disk.hpp"

namespace quorum_kv::testing {

/// Thrown out of the operation at which the power goes.
struct PowerCut {};

/// A disk in memory that outlives the processes which use it, and that can lose what was not synced.
class FakeDisk {
 public:
  explicit FakeDisk(std::uint64_t seed) : random_(seed) {}

  /// A handle for one process.
  std::unique_ptr<Directory> directory();

  /// The power goes at the `operations`th write, sync or rename from now.
  void cut_after(std::uint64_t operations) { until_cut_ = operations; }
  /// The `count`th file sync from now fails.
  void fail_sync_after(std::uint64_t count) { until_sync_failure_ = count; }

  /// What the power cut leaves: of what was not synced, any part of it, each write cut at any byte. Names that were not
  /// synced: a beginning of the changes made.
  void lose_power();

  /// The content of a file as a process sees it, to look at or to damage.
  std::string& content(const std::string& name) { return names_.at(name)->seen; }
  void put(const std::string& name, const std::string& content);

  /// Called after every file sync, in the thread that syncs.
  std::function<void()> on_sync = [] {};

  std::uint64_t draw(std::uint64_t below) { return random_() % below; }

 private:
  struct Write {
    std::uint64_t offset;
    std::string bytes;
  };
  struct Inode {
    std::string seen;
    std::string durable;
    std::vector<Write> unsynced;
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;
  class Handle;
  class Listing;

  void step();

  Names names_;
  std::vector<Names> name_history_;  ///< from the last directory sync on; the last one is names_
  std::uint64_t until_cut_ = ~std::uint64_t{0};
  std::uint64_t until_sync_failure_ = ~std::uint64_t{0};
  std::mt19937_64 random_;
};

}  // namespace quorum_kv::testing
