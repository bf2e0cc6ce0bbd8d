#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "core/disk.hpp"
#include "core/fault.hpp"
#include "lab/clock/page_reader.hpp"
#include "lab/disk/durability/power.hpp"
#include "lab/disk/durability/shadow.hpp"
#include "lab/disk/file_system.hpp"
#include "lab/disk/rules.hpp"
#include "lab/disk/session.hpp"

namespace withstand::lab::disk {

/// A node's data directory, as long as the node lives: one mount after the other, with a power cut between two of them,
/// and the rules that hold on all of them. Calls come from one thread, and throw what goes wrong.
class ServedFolder {
 public:
  struct Options {
    os::Fd folder;     ///< O_PATH
    std::string node;  ///< its name
    std::vector<core::DiskConcern> concerns;
    bool passthrough = false, durability = false;
    os::Fd clock{};  ///< the file of the node's clock domain; none: its time is the machine's
  };
  explicit ServedFolder(Options options);
  ~ServedFolder();

  [[nodiscard]] Rules& rules() { return *rules_; }
  void remove(Rules::Handle handle);

  /// `device`: /dev/fuse, mounted: answers from here on, in threads of its own. When the mount ends although the power
  /// is on, the process ends: there is nothing left to do.
  void mount(os::Fd device);
  /// Everything that was done so far is durable.
  void settle();
  /// At an instant of CLOCK_MONOTONIC.
  void cut(std::chrono::nanoseconds at);
  void let_go();
  /// Waits until the mount has ended.
  [[nodiscard]] core::PowerLossEffect lose(const core::PowerLoss& loss);

 private:
  struct Mounted;
  [[nodiscard]] Mounted& mounted();

  Options options_;
  std::unique_ptr<clock::PageReader> clock_;
  ClaimedFiles claimed_;
  std::unique_ptr<Mounted> mounted_;
  std::unique_ptr<Rules> rules_;
};

}  // namespace withstand::lab::disk
