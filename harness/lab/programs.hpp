#pragma once

#include <string>
#include <vector>

#include "lab/node_plan.hpp"

namespace withstand::lab {

/// Finds the programs of a target on the host, and decides where a node sees them.
class Programs {
 public:
  /// `target_folder`: where target.toml stands; `target_name`: its programs may be below BUILD/targets/NAME.
  Programs(std::string target_folder, std::string target_name);

  [[nodiscard]] const std::string& build_folder() const { return build_; }
  [[nodiscard]] const std::string& target_folder() const { return target_; }

  /// The program on the host: a path as it is (relative ones from the target's folder, then the current one); a bare
  /// name in {build}, {build}/targets/NAME, {target}, PATH and where Debian keeps servers. Empty when there is none.
  [[nodiscard]] std::string find(const std::string& program) const;

  /// The same, but a relative path with a slash starts at `folder` and nowhere else.
  [[nodiscard]] std::string find_from(const std::string& folder, const std::string& program) const;

  /// PATH inside nodes: the host's, and where Debian keeps servers.
  [[nodiscard]] const std::string& search_path() const { return search_path_; }

 private:
  std::string target_, build_, search_path_;
  std::vector<std::string> folders_;
};

/// What one node's user can reach of the host, and what must be shown to it elsewhere.
class Views {
 public:
  /// `covered`: folders that the node does not see because it has its own ("/tmp", "/run").
  Views(os::Credentials who, std::vector<std::string> covered) : who_(std::move(who)), covered_(std::move(covered)) {}
  /// Where the node sees a folder: at its own path, or below /run/withstand under `name` (or name-2, ...).
  std::string folder(const std::string& path, const std::string& name);
  /// Where the node sees a program of the host; its folder is put on show where it must be.
  std::string show_program(const std::string& path);
  /// The same when nothing can be added any more: the path itself where the node does not see it.
  [[nodiscard]] std::string program(const std::string& path) const;
  /// The host's path of what the node sees at `path`.
  [[nodiscard]] std::string on_host(const std::string& path) const;
  [[nodiscard]] const std::vector<View>& all() const { return views_; }

 private:
  [[nodiscard]] bool sees(const std::string& path) const;
  os::Credentials who_;
  std::vector<std::string> covered_;
  std::vector<View> views_;
};

}  // namespace withstand::lab
