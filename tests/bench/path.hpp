#pragma once

#include <functional>
#include <memory>
#include <string>

#include "os/fd.hpp"
#include "support/net_rig.hpp"

namespace withstand::bench {

/// Two ends with a network between them: through the fabric, or a veth pair to compare it with.
class Path {
 public:
  virtual ~Path() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual os::Fd socket(int end, int type) const = 0;  ///< IPv4; end 0 or 1
  /// Runs `work` in a process of its own at one end.
  [[nodiscard]] virtual int start(int end, const std::function<int()>& work) const = 0;
  [[nodiscard]] virtual std::string address(int end) const = 0;
};

/// Nodes 0 and 1 of a rig, which must outlive it.
std::unique_ptr<Path> fabric_path(support::NetRig& rig);
/// A veth pair between two network namespaces.
std::unique_ptr<Path> veth_path();

}  // namespace withstand::bench
