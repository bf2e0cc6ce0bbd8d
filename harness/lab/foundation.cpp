#include "lab/foundation.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>

#include <fmt/format.h>
#include <sys/stat.h>

#include "os/check.hpp"
#include "os/files.hpp"
#include "os/passing_cgroup.hpp"

namespace withstand::lab {
namespace {

std::string checked_name(const std::string& run) {
  const auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
  };
  if (run.empty() || run.size() > 120 || run[0] == '.' || !std::all_of(run.begin(), run.end(), allowed))
    throw std::runtime_error(fmt::format("\"{}\" cannot name a run: letters, digits, - _ . only", run));
  return run;
}

}  // namespace

Foundation::Foundation(const std::string& run_directory, const std::string& run_name, bool keep)
    : run_(checked_name(run_name)),
      scratch_(os::real_path(run_directory) + "/lab"),
      guardian_(core::journal_path(run_)),
      journal_(run_) {
  try {
    core::UndoEntry entry;
    entry.kind = core::UndoEntry::Kind::directory;
    entry.path = scratch_;
    if (!keep) journal_.append(entry);
    os::check("make " + scratch_, ::mkdir(scratch_.c_str(), 0755));
    os::write_file(scratch_ + "/" + core::owner_tag, run_ + "\n", 0644);
    const auto place = os::own_cgroup();
    if (!place) {
      why_no_cgroup_ = "cgroup v2 is not mounted";
      return;
    }
    os::sweep_cgroups(*place, os::trial_cgroup_prefix, os::Members::killed);
    entry.kind = core::UndoEntry::Kind::cgroup;
    entry.path = *place + "/withstand-" + run_;
    journal_.append(entry);
    cgroup_ = os::try_cgroup(entry.path, &why_no_cgroup_);
  } catch (...) {
    remove();
    throw;
  }
}

Foundation::~Foundation() {
  try {
    remove();
  } catch (const std::exception&) {  // the guardian, still armed, does what is left
  }
}

std::optional<std::string> Foundation::cgroup() const {
  if (!cgroup_) return std::nullopt;
  return cgroup_->path();
}

std::string Foundation::announce_state_file() {
  core::UndoEntry entry;
  entry.kind = core::UndoEntry::Kind::file;
  entry.path = core::state_folder() + "/" + run_ + ".json";
  journal_.append(entry);
  return entry.path;
}

void Foundation::announce(const core::DetourTraces& traces) {
  core::UndoEntry entry;
  entry.kind = core::UndoEntry::Kind::detours;
  entry.detours = traces;
  journal_.append(entry);
}

std::vector<std::string> Foundation::remove() {
  if (removed_) return {};
  removed_ = true;
  cgroup_.reset();
  auto outcome = core::undo(journal_.path());
  if (outcome.failed.empty()) journal_.close();  // else it stays for `recover`
  guardian_.disarm();
  return std::move(outcome.failed);
}

}  // namespace withstand::lab
