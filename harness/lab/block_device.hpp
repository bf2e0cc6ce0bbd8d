#pragma once

#include <string>

#include "lab/node.hpp"

namespace withstand::lab {

/// A file system of a node's own on a loop device, mounted at its data directory. The device's data is a file that the
/// node's disk server mirrors, read and written without a page cache in between: what the kernel's file system asks of
/// its disk comes to the server's rules, and what becomes of it has the consequences that it has on that file system.
/// The kernel takes the device away with the mount, and the mount with the node's namespace, whoever is killed when.
class BlockDevice {
 public:
  /// The node's disk server answers already, and its data directory is empty. `file_system`: "ext4", "xfs" or "btrfs".
  /// Throws os::SystemError naming the attempt: loop devices are root's where the machine was started.
  BlockDevice(const Node& node, std::string file_system, std::uint64_t bytes);
  /// The node has ended: waits a moment until the kernel has let go of the device.
  ~BlockDevice();
  BlockDevice(const BlockDevice&) = delete;
  BlockDevice& operator=(const BlockDevice&) = delete;

  [[nodiscard]] const std::string& file_system() const { return file_system_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  std::string file_system_;
  std::uint64_t bytes_;
  unsigned number_ = 0;  ///< /dev/loopN
};

}  // namespace withstand::lab
