#include "os/processor_quota.hpp"

#include <optional>
#include <sstream>
#include <vector>

#include "os/files.hpp"

namespace withstand::os {
namespace {

/// One mounted hierarchy: where, and which of its folders the mount shows.
struct Hierarchy {
  std::string mount, root;
  bool unified = false;
};

bool has_word(const std::string& list, const std::string& wanted) {
  std::istringstream words(list);
  for (std::string word; std::getline(words, word, ',');)
    if (word == wanted) return true;
  return false;
}

/// Of proc_pid_mountinfo(5), the lines that may bound processor time.
std::vector<Hierarchy> hierarchies(const std::string& mountinfo) {
  std::vector<Hierarchy> found;
  std::istringstream lines(mountinfo);
  for (std::string line; std::getline(lines, line);) {
    const auto dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream front(line), back(line.substr(dash + 3));
    std::string skip, type, source, options;
    Hierarchy one;
    front >> skip >> skip >> skip >> one.root >> one.mount;
    back >> type >> source >> options;
    one.unified = type == "cgroup2";
    if (one.unified || (type == "cgroup" && has_word(options, "cpu"))) found.push_back(std::move(one));
  }
  return found;
}

/// The caller's folder in a hierarchy, of /proc/PID/cgroup: "ID:CONTROLLERS:FOLDER", "0::FOLDER" for the unified one.
std::optional<std::string> own_folder(const std::string& list, bool unified) {
  std::istringstream lines(list);
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (unified ? controllers.empty() : has_word(controllers, "cpu")) return line.substr(second + 1);
  }
  return {};
}

bool is_bounded(const std::string& folder, bool unified) {
  const auto text = read_file(folder + (unified ? "/cpu.max" : "/cpu.cfs_quota_us"));
  return text && !text->empty() && (unified ? text->rfind("max", 0) != 0 : text->front() != '-');
}

}  // namespace

bool has_processor_quota(const std::string& proc) {
  const std::string list = read_file(proc + "/cgroup").value_or("");
  for (const Hierarchy& one : hierarchies(read_file(proc + "/mountinfo").value_or(""))) {
    std::string below = own_folder(list, one.unified).value_or("/");
    // A container's mount shows its own folder as the top, which the list may name in full.
    if (one.root != "/" && below.rfind(one.root, 0) == 0) below = below.substr(one.root.size());
    while (!below.empty() && below.back() == '/') below.pop_back();
    for (;;) {
      if (is_bounded(one.mount + below, one.unified)) return true;
      if (below.empty()) break;
      below.resize(below.rfind('/') == std::string::npos ? 0 : below.rfind('/'));
    }
  }
  return false;
}

}  // namespace withstand::os
