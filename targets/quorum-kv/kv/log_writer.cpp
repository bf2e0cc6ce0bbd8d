#include "kv/log_writer.hpp"

#include <utility>

namespace quorum_kv {

namespace {
constexpr std::chrono::milliseconds settle_after{50};
constexpr std::size_t longest_frame = 8 << 20;
}  // namespace

LogWriter::LogWriter(Log log, std::function<void(Task)> post, std::function<void(const StorageError&)> fail)
    : log_(std::move(log)),
      boot_(log_.boot()),
      post_(std::move(post)),
      fail_(std::move(fail)),
      size_(log_.size()),
      thread_([this] { run(); }) {}

LogWriter::~LogWriter() {
  stop(std::chrono::milliseconds(0));
  if (thread_.joinable()) thread_.join();
}

void LogWriter::append(const Record& record, Task durable) { enqueue({record, std::nullopt, std::move(durable)}); }

void LogWriter::barrier(Task durable) { enqueue({std::nullopt, std::nullopt, std::move(durable)}); }

void LogWriter::rewrite(std::vector<Record> records) { enqueue({std::nullopt, std::move(records), {}}); }

void LogWriter::enqueue(Item item) {
  const std::lock_guard lock(mutex_);
  queue_.push_back(std::move(item));
  changed_.notify_all();
}

bool LogWriter::stop(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
  if (!changed_.wait_for(lock, patience, [this] { return ended_; })) return false;
  lock.unlock();
  if (thread_.joinable()) thread_.join();
  return true;
}

void LogWriter::run() {
  std::unique_lock lock(mutex_);
  const auto has_work = [this] { return !queue_.empty() || stopping_; };
  try {
    for (;;) {
      if (log_.settled()) {
        changed_.wait(lock, has_work);
      } else {
        changed_.wait_for(lock, settle_after, has_work);
      }
      std::vector<Item> items = std::exchange(queue_, {});
      if (items.empty() && stopping_ && log_.settled()) break;
      lock.unlock();
      if (items.empty()) {
        log_.settle();
      } else {
        commit(items);
      }
      lock.lock();
    }
  } catch (const StorageError& error) {
    fail_(error);
  }
  if (!lock.owns_lock()) lock.lock();
  ended_ = true;
  changed_.notify_all();
}

void LogWriter::commit(std::vector<Item>& items) {
  std::vector<Record> batch;
  std::size_t bytes = 0;
  const auto flush = [&] {
    if (batch.empty()) return;
    log_.append(batch);
    batch.clear();
    bytes = 0;
    ++syncs_;
  };
  std::vector<Task> done;
  for (Item& item : items) {
    if (item.record) {
      bytes += item.record->key.size() + item.record->data.value.size();
      batch.push_back(std::move(*item.record));
      if (bytes > longest_frame) flush();
    }
    if (item.rewrite) {
      flush();
      log_.rewrite(*item.rewrite);
    }
    if (item.durable) done.push_back(std::move(item.durable));
  }
  flush();
  size_ = log_.size();
  post_([done = std::move(done)] {
    for (const Task& task : done) task();
  });
}

}  // namespace quorum_kv
