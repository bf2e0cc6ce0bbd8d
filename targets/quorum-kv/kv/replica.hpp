#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kv/bugs.hpp"
#include "kv/durable_store.hpp"
#include "kv/message.hpp"
#include "kv/tag.hpp"

namespace quorum_kv {

/// One copy of all registers. It answers queries from durable state only and acknowledges a store once a tag at least
/// as great is durable, so whatever it once showed or acknowledged survives any crash. Not thread-safe.
class Replica {
 public:
  Replica(DurableStore& durable, std::vector<Record> recovered, const Bugs& bugs = {});

  /// The newest durable version; initial when the key was never written.
  [[nodiscard]] Versioned query(const std::string& key) const;

  /// Calls back, perhaps at once, when this version or a newer one is durable.
  void store(const Record& record, std::function<void()> durable);

  /// Everything stored so far, the records that are still on their way to the disk included.
  [[nodiscard]] std::vector<Record> snapshot() const;

  [[nodiscard]] std::size_t keys() const { return committed_.size(); }

 private:
  using Registers = std::unordered_map<std::string, Versioned>;
  /// Whether `data` took the place of `held`.
  static bool raise(Versioned& held, const Versioned& data);
  bool taken_for_repetition(const Tag& tag);
  void commit(const Record& record);

  DurableStore& durable_;
  const Bugs bugs_;
  Registers committed_;
  Registers pending_;  ///< per key the newest that is appended and not yet durable
  std::set<std::pair<std::uint32_t, std::uint64_t>> stored_;  ///< used by volatile-boot only: node, operation
};

/// Answers a coordinator's request, at once or when the store is durable.
void serve(Replica& replica, const Request& request, std::function<void(const Reply&)> answer);

}  // namespace quorum_kv
