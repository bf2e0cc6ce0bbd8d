#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "os/fd.hpp"

namespace withstand::os {

/// A cgroup v2 folder of our own (cgroups(7), Documentation/admin-guide/cgroup-v2.rst). The constructor makes it, the
/// destructor kills what is inside and removes it and everything below it. cgroups outlive the process that made them,
/// so write the path to an undo journal first.
class Cgroup {
 public:
  /// Throws SystemError when it exists or may not be made.
  explicit Cgroup(std::string path);
  ~Cgroup();
  Cgroup(Cgroup&& other) noexcept;
  Cgroup& operator=(Cgroup&&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// The folder itself, for CLONE_INTO_CGROUP.
  [[nodiscard]] int get() const { return fd_.get(); }

  void freeze(bool frozen) const;        ///< asked; the kernel says when it is so: see is_frozen
  [[nodiscard]] bool is_frozen() const;  ///< "frozen 1" in cgroup.events
  [[nodiscard]] bool is_populated() const;
  /// cgroup.kill (Linux 5.14): SIGKILL to everything in it and below, at once. False where the kernel has none.
  [[nodiscard]] bool kill() const;
  [[nodiscard]] std::vector<pid_t> processes() const;  ///< those below included; as the caller's /proc sees them

 private:
  std::string path_;
  Fd fd_;
};

/// Where cgroup v2 is mounted: /sys/fs/cgroup, /sys/fs/cgroup/unified or elsewhere (from /proc/self/mountinfo).
std::optional<std::string> cgroup_mount();
/// Every place where it is mounted, the first of them first.
std::vector<std::string> cgroup_mounts();
/// Nobody is in it nor below it.
bool cgroup_is_empty(const std::string& path);
/// The caller's own cgroup v2 folder.
std::optional<std::string> own_cgroup();
/// Makes a cgroup and tries whether a child of this process may be born in it. Null where that is refused; then `why`
/// says by what, and nothing is left.
std::unique_ptr<Cgroup> try_cgroup(const std::string& path, std::string* why = nullptr);
/// A folder below which this process may make cgroups and put its children: found by trying. Nothing where there is
/// none; then `why` says what was refused.
std::optional<std::string> cgroup_place(std::string* why = nullptr);

/// Puts the caller into a cgroup v2 folder. Throws SystemError.
void enter_cgroup(const std::string& path);

/// Kills everything in a cgroup and below, waits at most `patience_ms` for it to be gone, removes the folders, lowest
/// first. True when nothing is left (also when it did not exist).
bool remove_cgroup(const std::string& path, int patience_ms);

}  // namespace withstand::os
