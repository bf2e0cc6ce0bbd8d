#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "core/event_loop.hpp"
#include "os/fd.hpp"

namespace withstand::lab {

/// Where a stream's lines go.
struct LogSink {
  std::string path;         ///< created, or appended to
  core::Instant epoch{};    ///< zero of the time stamps
  std::uint64_t limit = 0;  ///< bytes of the file
  std::function<void(core::Instant when, std::string text)> on_line;
  std::function<void()> on_limit;  ///< once, when the file is full
  /// Once, when the log cannot go on: what could not be done with it ("write") and the error's number. Must not throw:
  /// it may come from a destructor.
  std::function<void(const char* attempt, int error)> on_failure;
};

/// Reads what a process writes into a pipe, line by line: each goes to a file with the seconds since the run's start
/// before it, to a callback, and the last ones are kept for error messages. A wake-up works for about 0.2 ms, so that a
/// flood takes the loop from nobody. Up to its limit the file has every line, and who writes faster than that waits.
/// Beyond it the file is silent until the end, where it says how much was left out and shows the last lines; the writer
/// no longer waits: of what comes faster, lines are thrown away unread.
///
/// A file that cannot be written (a full disk) ends the log and nothing else, so that the tear-down goes on: it is told
/// once, and lines still go to the callback.
class LogCapture {
 public:
  LogCapture(core::EventLoop& loop, os::Fd pipe, LogSink sink);
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  /// Reads what is there now, without waiting; at most what a pipe holds.
  void drain();
  /// The last lines, at most 20, oldest first.
  [[nodiscard]] const std::deque<std::string>& tail() const { return tail_; }
  /// What is not in the file, in bytes as the process wrote them.
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

  static constexpr std::size_t longest_line = 64U << 10;

 private:
  void on_readable();
  bool read_some();
  void throw_away();
  void take(std::string_view chunk, core::Instant when);
  void finish_line(core::Instant when);
  void write_line(core::Instant when, const std::string& line);
  void end_file();
  void flush();
  void fail(const char* attempt, int error);

  os::Fd pipe_, file_, nowhere_;
  LogSink sink_;
  std::string partial_;
  bool cut_ = false;  ///< the rest of this line is left out
  std::string pending_;
  std::uint64_t written_ = 0, left_out_ = 0;
  bool full_ = false, failed_ = false;
  std::deque<std::string> tail_;
  core::EventLoop::Registration readable_;
};

}  // namespace withstand::lab
