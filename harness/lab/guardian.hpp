#pragma once

#include <string>

#include "core/event_loop.hpp"
#include "lab/spawn.hpp"

namespace withstand::lab {

/// A process of this program in a session, and where possible a cgroup, of its own that outlives a killed orchestrator
/// just long enough to undo what the run's undo journal names. Armed by the constructor, before the journal exists.
class Guardian {
 public:
  explicit Guardian(const std::string& journal_path);
  /// Everything has been undone by the orchestrator itself: the guardian ends without doing anything.
  void disarm();
  [[nodiscard]] const os::Pidfd& pidfd() const { return process_.pidfd(); }

 private:
  HelperProcess process_;
};

/// Entry point of the process ("__guardian"): descriptor 3 is its control socket, the first message the journal's path.
/// At EOF without a word before it undoes the journal; ignores the signals a terminal or a CI runner sends to
/// everybody.
int guardian_main();

}  // namespace withstand::lab
