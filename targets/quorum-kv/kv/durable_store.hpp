#pragma once

#include <functional>

#include "kv/tag.hpp"

namespace quorum_kv {

/// Where a replica makes records durable. Callbacks come in the order of the calls, never from inside a call.
class DurableStore {
 public:
  DurableStore() = default;
  DurableStore(const DurableStore&) = delete;
  DurableStore& operator=(const DurableStore&) = delete;
  virtual ~DurableStore() = default;

  virtual void append(const Record& record, std::function<void()> durable) = 0;
  /// Calls back once everything appended so far is durable.
  virtual void barrier(std::function<void()> durable) = 0;
};

}  // namespace quorum_kv
