#include "lab/node_setup.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <memory>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/stat.h>

#include "os/check.hpp"
#include "os/files.hpp"
#include "os/mount.hpp"

namespace withstand::lab {
namespace {

/// Names a file or folder by descriptor, so that it can still be bound after something was mounted over its path.
class Source {
 public:
  explicit Source(const std::string& path)
      : path_(path), fd_(os::check("open " + path, ::open(path.c_str(), O_PATH | O_CLOEXEC))) {}
  void show_at(const std::string& place) const { bind("", place); }

  /// A folder, entry by entry in the folder `place`, which has a mode of its own.
  void show_entries_in(const std::string& place) const {
    const std::unique_ptr<DIR, int (*)(DIR*)> list(os::check_pointer("list " + path_, ::opendir(inside("").c_str())),
                                                   &::closedir);
    while (const dirent* entry = ::readdir(list.get())) {
      const std::string name = entry->d_name;
      const std::string to = place + "/" + name;
      if (name == "." || name == "..") continue;
      if (entry->d_type == DT_DIR) {
        os::make_folders(to, 0755);
        bind(name, to);
      } else if (entry->d_type == DT_REG) {
        os::write_file(to, "", 0644);
        bind(name, to);
      } else if (entry->d_type == DT_LNK) {
        std::string target(PATH_MAX, '\0');
        const auto length = os::check("read link " + name, ::readlink(inside(name).c_str(), target.data(), PATH_MAX));
        target.resize(static_cast<std::size_t>(length));
        os::check("make link " + to, ::symlink(target.c_str(), to.c_str()));
      }
    }
  }

 private:
  [[nodiscard]] std::string inside(const std::string& name) const {
    return fmt::format("/proc/self/fd/{}{}{}", fd_.get(), name.empty() ? "" : "/", name);
  }
  void bind(const std::string& name, const std::string& place) const {
    try {
      os::bind_mount(inside(name), place);
    } catch (const os::SystemError& error) {
      throw os::SystemError(fmt::format("bind {}/{} to {}", path_, name, place), error.code().value());
    }
  }

  std::string path_;
  os::Fd fd_;
};

bool exists(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0;
}

/// Some systems lack /var/tmp or /dev/shm; then nobody can meet there.
void cover_shared_folders(const Source& tmp) {
  tmp.show_at("/tmp");
  if (exists("/var/tmp")) tmp.show_at("/var/tmp");
  if (exists("/dev/shm")) os::mount_tmpfs("/dev/shm", "1777", "256m");
}

struct PlacedView {
  Source source;
  std::string place;
  bool closed;
};

void set_up_run(const Source& data, const Source& config, const Source& tmp, const std::vector<PlacedView>& views) {
  os::mount_tmpfs("/run", "0755", "64m");
  os::make_folders("/run/lock", 01777);
  os::make_folders(inside::root, 0755);
  for (const char* place : {inside::data, inside::config, inside::tmp}) os::make_folders(place, 0755);
  data.show_at(inside::data);
  config.show_at(inside::config);
  tmp.show_at(inside::tmp);
  for (const auto& view : views) {
    os::make_folders(view.place, 0755);
    if (view.closed) {
      view.source.show_entries_in(view.place);
    } else {
      view.source.show_at(view.place);
    }
  }
}

}  // namespace

void set_up_mounts(const NodePlan& plan) {
  os::make_mounts_private();
  os::mount_proc("/proc");
  os::check("set host name", ::sethostname(plan.name.data(), plan.name.size()));
  const Source data(plan.folder + "/data");
  const Source config(plan.folder + "/config");
  const Source tmp(plan.folder + "/tmp");
  std::vector<PlacedView> views;
  for (const auto& view : plan.views)
    views.push_back({Source(view.source), fmt::format("{}/{}", inside::root, view.name), view.closed});
  Source(plan.hosts).show_at("/etc/hosts");
  // Where there is no resolv.conf, or a link to something below /run, programs ask the server on loopback just the
  // same: that is what they do who were told of none.
  // Beside attached nodes there is no resolver of ours.
  if (!plan.network && exists("/etc/resolv.conf")) Source(plan.resolver).show_at("/etc/resolv.conf");
  if (!plan.network && exists("/etc/nsswitch.conf")) Source(plan.name_switch).show_at("/etc/nsswitch.conf");
  const bool run_is_needed = !plan.has_target && plan.folder.rfind("/run/", 0) == 0;  // the client writes records there
  if (!run_is_needed) set_up_run(data, config, tmp, views);
  if (plan.has_target) cover_shared_folders(tmp);
}

}  // namespace withstand::lab
