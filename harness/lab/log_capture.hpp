#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "core/event_loop.hpp"
#include "os/fd.hpp"

namespace withstand::lab {

/// Reads what a process writes into a pipe, line by line: each goes to a file with the seconds since the run's start
/// before it, to a callback, and the last ones are kept for error messages. A wake-up works for about 0.2 ms, so a
/// flood slows the process that makes it, not the harness; beyond 256 MiB the file says so and ends.
class LogCapture {
 public:
  using OnLine = std::function<void(core::Instant when, std::string text)>;
  /// Creates or appends to `path`.
  LogCapture(core::EventLoop& loop, os::Fd pipe, const std::string& path, core::Instant epoch, OnLine on_line);
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  /// Reads what is there now, without waiting; at most what a pipe holds.
  void drain();
  /// The last lines, at most 20, oldest first.
  [[nodiscard]] const std::deque<std::string>& tail() const { return tail_; }
  [[nodiscard]] bool truncated() const { return written_ > most_bytes; }

  static constexpr std::uint64_t most_bytes = 256ULL << 20;
  static constexpr std::size_t longest_line = 64U << 10;

 private:
  bool read_some();
  void take(std::string_view chunk, core::Instant when);
  void finish_line(core::Instant when);
  void flush();

  os::Fd pipe_;
  os::Fd file_;
  core::Instant epoch_;
  OnLine on_line_;
  std::string partial_;
  bool cut_ = false;  ///< the rest of this line is left out
  std::string pending_;
  std::uint64_t written_ = 0;
  std::deque<std::string> tail_;
  core::EventLoop::Registration readable_;
};

}  // namespace withstand::lab
