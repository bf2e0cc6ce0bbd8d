#pragma once

#include <map>
#include <memory>

#include "core/lab.hpp"
#include "lab/process_tree.hpp"
#include "os/pidfd.hpp"

namespace withstand::lab {

/// Holds a node still while anybody wants it: pauses nest. Must be owned by a shared_ptr; pauses given out may outlive
/// the node (then they hold nothing).
class PauseControl : public std::enable_shared_from_this<PauseControl> {
 public:
  explicit PauseControl(std::unique_ptr<ProcessTree> tree) : tree_(std::move(tree)) {}
  [[nodiscard]] std::unique_ptr<core::Pause> pause();
  [[nodiscard]] bool paused() const { return wanted_ > 0; }
  [[nodiscard]] ProcessTree& tree() { return *tree_; }
  /// Whether a process that is started now must be stopped by whoever starts it.
  [[nodiscard]] bool stops_newborn() const { return paused() && !tree_->holds_newborn(); }
  /// A process has joined the node: it is held like the others, or goes on if it was born stopped.
  void joined(const os::Pidfd& process, bool born_stopped);
  /// Lets the node run whatever was wanted: for tear-down.
  void release_all();

 private:
  class Ticket;
  void end_one();
  [[nodiscard]] core::Pause::Proof proof();

  std::unique_ptr<ProcessTree> tree_;
  int wanted_ = 0;
  std::map<std::pair<pid_t, std::uint64_t>, std::uint64_t> ticks_;  ///< CPU time of each process when it was held
};

}  // namespace withstand::lab
