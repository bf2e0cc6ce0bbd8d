#pragma once

#include <functional>
#include <string>

#include "core/event_loop.hpp"
#include "record/journal.hpp"

namespace withstand::run {

/// Writes the run's journal and tells whoever watches; every entry is stamped with the time since the run's epoch. A
/// journal that cannot be written any more (a full disk) is the run's error and not an exception: the roll-back must go
/// on.
class Recorder {
 public:
  using Watcher = std::function<void(const record::JournalEntry&)>;

  Recorder(const std::string& journal_path, core::Instant epoch, Watcher watcher);
  void write(record::Event event) { write_at(core::now(), std::move(event)); }
  /// For what happened earlier than it is written: an exit, a probe's question.
  void write_at(core::Instant when, record::Event event);
  void note(const std::string& level, const std::string& text) { write(record::Note{level, text}); }

  /// Why the journal ends early; empty as long as it does not.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  [[nodiscard]] core::Instant epoch() const { return epoch_; }
  /// Nanoseconds since the epoch.
  [[nodiscard]] std::int64_t since(core::Instant when) const { return (when - epoch_).count(); }

 private:
  core::Instant epoch_;
  record::JournalWriter journal_;
  Watcher watcher_;
  std::string failure_;
};

}  // namespace withstand::run
