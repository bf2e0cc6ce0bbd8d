#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <string>

#include "record/journal.hpp"
#include "report/style.hpp"

namespace withstand::report {

/// What the run looks like right now. Times in nanoseconds.
struct LiveFigures {
  std::int64_t total = 0;                ///< planned length of the whole run; 0: not known
  double ops_per_second = 0;             ///< over the last second
  std::uint64_t errors = 0;              ///< failed, unknown and dropped operations so far
  std::int64_t p99 = 0;                  ///< response time over the last second; 0: no operation
  bool loaded = false;                   ///< there is load; else the figures above are not shown
  std::string check;                     ///< which check is judging the history: shown instead of all else; empty: none
  std::uint64_t checked_operations = 0;  ///< of how many operations
};

/// What a person sees while a run goes on, for stderr: on a terminal one line that is rewritten in place below plain
/// lines for what happened; elsewhere plain lines only, and a heartbeat. Writes whole lines and flushes. Not
/// thread-safe.
class Progress {
 public:
  struct Options {
    Style style;
    bool live = false;             ///< a terminal: rewrite a status line (choose_live)
    std::function<int()> columns;  ///< the terminal's present width; empty: style.width
    std::int64_t heartbeat = 30'000'000'000;
    std::int64_t first_of_check = 5'000'000'000;  ///< a heartbeat comes as soon as this when a check has begun
    std::int64_t redraw = 100'000'000;            ///< least time between two drawings of the status line
    std::string label;                            ///< which of several runs: "2/14"; may be empty
  };

  Progress(std::ostream& out, Options options);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Every journal entry may be given; those of note become a line. Entry times are ns since the run's epoch.
  void event(const record::JournalEntry& entry);
  /// `now_ns`: since the run's epoch. Call it a few times a second.
  void tick(std::int64_t now_ns, const LiveFigures& figures);
  /// Removes the status line; nothing is drawn after it. Also done by the destructor.
  void finish();

 private:
  void line(std::int64_t t, const std::string& text);
  void erase();
  void draw();
  [[nodiscard]] std::string status() const;
  [[nodiscard]] bool heartbeat_is_due() const;
  [[nodiscard]] int width() const;

  std::ostream& out_;
  Options options_;
  std::string phase_;
  std::map<std::string, int> active_;  ///< fault -> injections under way
  LiveFigures figures_;
  std::int64_t now_ = 0, drawn_at_ = 0, last_line_ = 0, check_began_ = 0;
  bool drawn_ = false, finished_ = false;
};

}  // namespace withstand::report
