#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/undo_journal.hpp"
#include "lab/guardian.hpp"
#include "os/cgroup.hpp"

namespace withstand::lab {

/// What a lab stands on and the kernel would not undo by itself: the guardian, the undo journal, RUN/lab, the run's
/// cgroup, the state file. Made in this order, each announced in the journal first.
class Foundation {
 public:
  Foundation(const std::string& run_directory, const std::string& run_name, bool keep);
  ~Foundation();
  Foundation(const Foundation&) = delete;
  Foundation& operator=(const Foundation&) = delete;

  [[nodiscard]] const std::string& scratch() const { return scratch_; }  ///< RUN/lab
  /// Empty where no cgroup can be had; then `why_no_cgroup` says why.
  [[nodiscard]] std::optional<std::string> cgroup() const;
  [[nodiscard]] const std::string& why_no_cgroup() const { return why_no_cgroup_; }
  [[nodiscard]] const Guardian& guardian() const { return guardian_; }
  /// STATE/RUN.json, announced; the caller writes it.
  [[nodiscard]] std::string announce_state_file();

  void announce(const core::DetourTraces& traces);

  /// Undoes everything and sends the guardian home; what could not be undone. Idempotent.
  std::vector<std::string> remove();

 private:
  std::string run_;
  std::string scratch_;
  Guardian guardian_;
  core::UndoJournal journal_;
  std::string why_no_cgroup_;
  std::unique_ptr<os::Cgroup> cgroup_;
  bool removed_ = false;
};

}  // namespace withstand::lab
