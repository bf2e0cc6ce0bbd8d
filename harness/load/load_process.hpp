#pragma once

#include <memory>

#include "os/fd.hpp"

namespace withstand::load {

/// A load process: commands come in on its control socket, operations go out through its driver. One thread, one loop
/// that sleeps until something is due or something happened.
class LoadProcess {
 public:
  explicit LoadProcess(os::Fd control);
  ~LoadProcess();
  LoadProcess(const LoadProcess&) = delete;
  LoadProcess& operator=(const LoadProcess&) = delete;
  /// Until it is told to exit or the control socket is hung up (returns 0), or it cannot go on (returns 3).
  int run();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace withstand::load
