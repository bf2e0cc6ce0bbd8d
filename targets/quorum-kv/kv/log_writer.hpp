#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "kv/durable_store.hpp"
#include "kv/log.hpp"

namespace quorum_kv {

/// Appends in a thread of its own, so that a slow disk does not stop the node from answering. Group commit: all that
/// came while the last sync ran goes into one frame under one sync. append, barrier and rewrite are for one thread.
class LogWriter : public DurableStore {
 public:
  using Task = std::function<void()>;

  /// `post` takes a task to the caller's thread. `fail` is called in the writer's thread when the disk fails; it must
  /// not return.
  LogWriter(Log log, std::function<void(Task)> post, std::function<void(const StorageError&)> fail);
  ~LogWriter() override;

  void append(const Record& record, Task durable) override;
  void barrier(Task durable) override;
  /// Continues in a fresh file that holds `records`: they must include everything appended so far.
  void rewrite(std::vector<Record> records);

  /// Ends the thread once the queue is empty and the log settled. False when the disk did not let it within `patience`;
  /// the thread then keeps running, and the process should end by _exit.
  bool stop(std::chrono::milliseconds patience);

  [[nodiscard]] std::uint64_t size() const { return size_; }    ///< bytes of the log file
  [[nodiscard]] std::uint64_t syncs() const { return syncs_; }  ///< group commits so far
  [[nodiscard]] std::uint64_t boot() const { return boot_; }

 private:
  struct Item {
    std::optional<Record> record;
    std::optional<std::vector<Record>> rewrite;
    Task durable;
  };

  void enqueue(Item item);
  void run();
  void commit(std::vector<Item>& items);

  Log log_;
  const std::uint64_t boot_;
  std::function<void(Task)> post_;
  std::function<void(const StorageError&)> fail_;
  std::atomic<std::uint64_t> size_;
  std::atomic<std::uint64_t> syncs_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Item> queue_;
  bool stopping_ = false;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace quorum_kv
