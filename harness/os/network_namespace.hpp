#pragma once

#include <functional>
#include <string>

#include "os/fd.hpp"

namespace withstand::os {

/// A network namespace that somebody else made, held open (network_namespaces(7)). Not thread-safe; the process must
/// have a single thread whenever it visits one.
class NetworkNamespace {
 public:
  /// `path` is a file that stands for one: /run/netns/NAME, /proc/PID/ns/net. Throws SystemError; EINVAL when the file
  /// is no network namespace.
  static NetworkNamespace open(const std::string& path);
  static NetworkNamespace own();  ///< the caller's

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] int get() const { return fd_.get(); }
  /// Tells it from every other one while it exists: "DEVICE:INODE". Numbers come back after its end.
  [[nodiscard]] std::string identity() const;
  /// Runs `work` inside it and comes back. Needs CAP_SYS_ADMIN in the user namespace that owns it: else throws
  /// SystemError (EPERM). Sockets made inside stay there.
  void visit(const std::function<void()>& work) const;

 private:
  NetworkNamespace(std::string path, Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  std::string path_;
  Fd fd_;
};

}  // namespace withstand::os
