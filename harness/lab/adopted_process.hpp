#pragma once

#include <functional>
#include <memory>

#include "core/event_loop.hpp"
#include "os/process.hpp"

namespace withstand::lab {

/// A child of ours that our own launcher made, handed to Boost.Process for waiting and terminating: it reaps it. When
/// this is destroyed while the child lives, the child is killed and reaped.
class AdoptedProcess {
 public:
  /// `on_end` comes once, from the event loop, unless this is destroyed first.
  AdoptedProcess(core::EventLoop& loop, const os::Child& child, std::function<void(os::WaitStatus)> on_end);
  ~AdoptedProcess();
  AdoptedProcess(const AdoptedProcess&) = delete;
  AdoptedProcess& operator=(const AdoptedProcess&) = delete;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace withstand::lab
