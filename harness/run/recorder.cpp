#include "run/recorder.hpp"

#include <system_error>

namespace withstand::run {

Recorder::Recorder(const std::string& journal_path, core::Instant epoch, Watcher watcher)
    : epoch_(epoch), journal_(journal_path), watcher_(std::move(watcher)) {}

void Recorder::write_at(core::Instant when, record::Event event) {
  const record::JournalEntry entry{since(when), std::move(event)};
  try {
    if (failure_.empty()) journal_.write(entry);
  } catch (const std::system_error& error) {
    failure_ = error.what();
  }
  if (watcher_) watcher_(entry);
}

}  // namespace withstand::run
