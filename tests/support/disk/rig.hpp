#pragma once

#include <functional>
#include <memory>
#include <string>

#include "lab/disk/file_system.hpp"
#include "lab/disk/session.hpp"
#include "os/process.hpp"

namespace withstand::lab::disk::testing {

/// Why this machine cannot mount a file system of ours, or empty. Enters namespaces of its own, once.
const std::string& why_no_mount();

/// The same concern, whatever the path.
class Everywhere : public Concerns {
 public:
  explicit Everywhere(Operations operations) : operations_(operations) {}
  [[nodiscard]] Operations of(const std::vector<std::string>& /*paths*/) const override { return operations_; }
  [[nodiscard]] Operations anywhere() const override { return operations_; }

 private:
  Operations operations_;
};

/// A folder, and the same folder through a disk server in a process of its own. Both are gone with this.
class DiskRig {
 public:
  struct Options {
    bool passthrough = true;
    const Concerns* concerns = nullptr;
    /// Made in the server's process; may be empty.
    std::function<std::unique_ptr<Gate>(FileSystem&)> gate;
    std::string parent = "/tmp";  ///< where the folders are made
    bool records = false;         ///< what is not durable
  };
  explicit DiskRig(Options options);
  ~DiskRig();
  DiskRig(const DiskRig&) = delete;
  DiskRig& operator=(const DiskRig&) = delete;

  [[nodiscard]] const std::string& backing() const { return backing_; }
  [[nodiscard]] const std::string& mounted() const { return mounted_; }
  [[nodiscard]] const os::Child& server() const { return server_; }

 private:
  std::string folder_, backing_, mounted_;
  os::Child server_;
};

}  // namespace withstand::lab::disk::testing
