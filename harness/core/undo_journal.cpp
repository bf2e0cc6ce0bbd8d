#include "core/undo_journal.hpp"

#include <algorithm>
#include <array>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <signal.h>
#include <sstream>
#include <stdexcept>
#include <stdlib.h>
#include <string_view>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <sys/stat.h>

#include "core/event_loop.hpp"
#include "os/cgroup.hpp"
#include "os/check.hpp"
#include "os/fd.hpp"
#include "os/files.hpp"
#include "os/passing_cgroup.hpp"
#include "os/pidfd.hpp"
#include "os/proc.hpp"

namespace withstand::core {
namespace {

constexpr const char* suffix = ".undo";
constexpr auto patience = std::chrono::seconds(5);

using Kind = UndoEntry::Kind;
constexpr std::array<std::pair<Kind, std::string_view>, 5> kind_names{{{Kind::cgroup, "cgroup"},
                                                                       {Kind::directory, "directory"},
                                                                       {Kind::process, "process"},
                                                                       {Kind::file, "file"},
                                                                       {Kind::detours, "detours"}}};

std::string_view name_of(Kind kind) {
  const auto* found =
      std::find_if(kind_names.begin(), kind_names.end(), [&](const auto& one) { return one.first == kind; });
  return found == kind_names.end() ? "" : found->second;
}

std::string to_line(const UndoEntry& entry) {
  nlohmann::json json{{"kind", name_of(entry.kind)},
                      {"path", entry.path},
                      {"pid", entry.pid},
                      {"start_time", entry.start_time},
                      {"boot_id", entry.boot_id}};
  if (entry.kind == Kind::detours)
    json["detours"] = {{"network", entry.detours.network},     {"identity", entry.detours.identity},
                       {"interface", entry.detours.interface}, {"index", entry.detours.index},
                       {"owner", entry.detours.owner},         {"made_hook", entry.detours.made_hook},
                       {"table", entry.detours.table}};
  return json.dump() + "\n";
}

struct Entries {
  std::vector<UndoEntry> all;
  std::string refused;  ///< why none of them may be undone; empty when they may
};

/// The fields of one line; throws nlohmann's exceptions when one has another type than here.
UndoEntry entry_from(const nlohmann::json& json, Kind kind) {
  UndoEntry entry;
  entry.kind = kind;
  entry.path = json.value("path", "");
  entry.pid = json.value("pid", 0);
  entry.start_time = json.value("start_time", std::uint64_t{0});
  entry.boot_id = json.value("boot_id", "");
  if (kind != Kind::detours) return entry;
  const auto& traces = json.at("detours");
  entry.detours = {traces.at("network"), traces.at("identity"),  traces.at("interface"),   traces.at("index"),
                   traces.at("owner"),   traces.at("made_hook"), traces.value("table", "")};
  return entry;
}

/// A line that was being written when the power went is no entry: what it would have announced was not done yet. One
/// that is whole and says what is not known here is another version's, and so are all the others: their order counts.
Entries read_entries(const std::string& path) {
  Entries entries;
  std::istringstream lines(os::read_file(path).value_or(""));
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object()) continue;
    const auto name = json.value("kind", nlohmann::json());
    const auto* kind = std::find_if(kind_names.begin(), kind_names.end(),
                                    [&](const auto& one) { return name == nlohmann::json(one.second); });
    try {
      if (kind == kind_names.end())
        throw std::runtime_error(fmt::format("the kind of entry {} is not known", name.dump()));
      entries.all.push_back(entry_from(json, kind->first));
    } catch (const std::exception& error) {
      entries.refused =
          fmt::format("{}, line {}: {}; another version of withstand wrote this journal, and only that one can undo it",
                      path, number, error.what());
      return entries;
    }
  }
  return entries;
}

/// Processes of the dying lab may still write into it: asked again until they are gone.
std::string undo_directory(const UndoEntry& entry) {
  struct stat info {};
  if (::lstat(entry.path.c_str(), &info) < 0) return "";
  const bool ours = ::access((entry.path + "/" + owner_tag).c_str(), F_OK) == 0;
  if (!ours) return ::rmdir(entry.path.c_str()) == 0 ? "" : "it does not carry our owner tag";
  // The tag goes last, so that this can be interrupted and done again.
  const auto deadline = now() + patience;
  for (;;) {
    std::string why;
    if (os::remove_tree(entry.path, &why, owner_tag)) return "";
    if (now() > deadline) return why;
    ::usleep(5000);
  }
}

std::string undo_process(const UndoEntry& entry) {
  if (!os::process_lives(entry.pid, entry.start_time)) return "";
  try {
    const os::Pidfd process = os::Pidfd::open(entry.pid);
    if (!os::process_lives(entry.pid, entry.start_time)) return "";  // it ended before it was opened
    process.send(SIGKILL);
    return process.wait_end(2000) ? "" : "it does not end";
  } catch (const os::SystemError& error) {
    return error.code().value() == ESRCH ? "" : error.what();
  }
}

std::string undo_cgroup(const std::string& path) {
  const auto slash = path.rfind('/');
  // Where a run has its own, what the same killed process had tried before may be left.
  if (slash != std::string::npos)
    os::sweep_cgroups(path.substr(0, slash), os::trial_cgroup_prefix, os::Members::killed);
  if (::access(path.c_str(), F_OK) < 0) return "";
  return os::remove_cgroup(path, 3000) ? "" : "processes in it do not end";
}

std::string what_of(const UndoEntry& entry) {
  if (entry.kind == Kind::process) return fmt::format("process {}", entry.pid);
  return entry.kind == Kind::detours ? fmt::format("{} in {}", entry.detours.interface, entry.detours.network)
                                     : entry.path;
}

/// Empty when it is undone, or was never done.
std::string undo_entry(const UndoEntry& entry) {
  const bool this_boot = entry.boot_id == os::boot_id();
  switch (entry.kind) {
    case UndoEntry::Kind::cgroup:
      return this_boot ? undo_cgroup(entry.path) : "";
    case UndoEntry::Kind::directory:
      return undo_directory(entry);
    case UndoEntry::Kind::process:
      return this_boot ? undo_process(entry) : "";
    case UndoEntry::Kind::file:
      return ::unlink(entry.path.c_str()) == 0 || errno == ENOENT ? "" : ::strerror(errno);
    case UndoEntry::Kind::detours:
      return this_boot ? undo_detours(entry.detours) : "";
  }
  return "unknown kind of entry";
}

/// What is still there of an entry, as what undoing it means; empty when nothing is.
std::string left_of(const UndoEntry& entry) {
  const bool this_boot = entry.boot_id == os::boot_id();
  struct stat info {};
  const bool there = ::lstat(entry.path.c_str(), &info) == 0;
  switch (entry.kind) {
    case UndoEntry::Kind::cgroup:
      return this_boot && there ? "end what runs in the cgroup " + entry.path + " and remove it" : "";
    case UndoEntry::Kind::directory:
      return there ? "remove the folder " + entry.path : "";
    case UndoEntry::Kind::process:
      return this_boot && os::process_lives(entry.pid, entry.start_time) ? fmt::format("kill process {}", entry.pid)
                                                                         : "";
    case UndoEntry::Kind::file:
      return there ? "remove the file " + entry.path : "";
    case UndoEntry::Kind::detours:
      return this_boot ? detours_left(entry.detours) : "";
  }
  return "";
}

/// A living orchestrator holds a lock on its journal.
bool is_held(const std::string& path) {
  const os::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return file.valid() && ::flock(file.get(), LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

}  // namespace

const char* const owner_tag = ".withstand-lab";

std::string state_folder() {
  std::string folder = "/run/withstand";
  if (::geteuid() != 0) {
    const char* runtime = ::getenv("XDG_RUNTIME_DIR");
    folder = runtime != nullptr && *runtime == '/' && ::access(runtime, W_OK) == 0
                 ? std::string(runtime) + "/withstand"
                 : fmt::format("/tmp/withstand-{}", ::geteuid());
  }
  struct stat info {};
  if (::lstat(folder.c_str(), &info) < 0 && errno == ENOENT) return folder;
  os::check("look at " + folder, ::lstat(folder.c_str(), &info));
  if (!S_ISDIR(info.st_mode) || info.st_uid != ::geteuid())
    throw os::SystemError(folder + " is somebody else's", EPERM);
  return folder;
}

void remove_empty_state_folder(const std::string& journal_path) {
  if (::geteuid() != 0) ::rmdir(os::parent_folder(journal_path).c_str());
}

std::string journal_path(const std::string& run) { return state_folder() + "/" + run + suffix; }

namespace {

/// Another run that ends just now may take the empty folder away again.
int create_journal(const std::string& path) {
  constexpr int most_tries = 100;
  for (int tries = 0;; ++tries) {
    try {
      os::make_folders(os::parent_folder(path), 0700);
      state_folder();  // it may be somebody else's
      return os::check("create " + path,
                       ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
    } catch (const os::SystemError& error) {
      if (error.code().value() != ENOENT || tries == most_tries) throw;
    }
  }
}

}  // namespace

UndoJournal::UndoJournal(const std::string& run) : path_(journal_path(run)) {
  os::Fd file(create_journal(path_));
  os::check("lock " + path_, ::flock(file.get(), LOCK_EX | LOCK_NB));
  fd_ = file.release();
}

UndoJournal::~UndoJournal() {
  if (fd_ >= 0) ::close(fd_);
}

void UndoJournal::append(UndoEntry entry) {
  entry.boot_id = os::boot_id();
  const std::string line = (torn_ ? "\n" : "") + to_line(entry);
  const auto before = os::check("look at " + path_, ::lseek(fd_, 0, SEEK_END));
  try {
    write_whole(line);
    os::check("sync " + path_, ::fdatasync(fd_));
    torn_ = false;
  } catch (const os::SystemError&) {
    torn_ = ::ftruncate(fd_, before) != 0 || torn_;
    throw;
  }
}

/// A disk that becomes full takes the beginning of a line first.
void UndoJournal::write_whole(std::string_view line) const {
  while (!line.empty())
    line.remove_prefix(static_cast<std::size_t>(
        os::check("write " + path_, os::retry([&] { return ::write(fd_, line.data(), line.size()); }))));
}

void UndoJournal::close() {
  if (fd_ < 0) return;
  ::unlink(path_.c_str());
  ::close(fd_);
  fd_ = -1;
}

UndoOutcome undo(const std::string& journal_path) {
  UndoOutcome outcome;
  const auto [entries, refused] = read_entries(journal_path);
  if (!refused.empty()) {
    outcome.failed.push_back(refused);
    return outcome;
  }
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    const std::string failure = undo_entry(*entry);
    if (failure.empty()) {
      ++outcome.undone;
    } else {
      outcome.failed.push_back(fmt::format("{}: {}", what_of(*entry), failure));
    }
  }
  if (!outcome.failed.empty()) return outcome;
  ::unlink(journal_path.c_str());
  remove_empty_state_folder(journal_path);
  return outcome;
}

std::vector<std::string> left_to_undo(const std::string& journal_path) {
  std::vector<std::string> left;
  const auto [entries, refused] = read_entries(journal_path);
  if (!refused.empty()) return {"do nothing: " + refused};
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry)
    if (auto words = left_of(*entry); !words.empty()) left.push_back(std::move(words));
  return left;
}

std::vector<std::string> stale_journals() {
  std::vector<std::string> found;
  const std::string folder = state_folder();
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir(folder.c_str()), &::closedir);
  while (const dirent* entry = list ? ::readdir(list.get()) : nullptr) {
    const std::string name = entry->d_name;
    if (name.size() <= std::string_view(suffix).size() || !name.ends_with(suffix)) continue;
    if (!is_held(folder + "/" + name)) found.push_back(folder + "/" + name);
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace withstand::core
