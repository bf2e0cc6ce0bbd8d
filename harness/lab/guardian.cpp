#include "lab/guardian.hpp"

#include <optional>
#include <signal.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "core/undo_journal.hpp"
#include "os/ancillary.hpp"
#include "os/cgroup.hpp"
#include "os/check.hpp"
#include "os/passing_cgroup.hpp"
#include "os/process.hpp"

namespace withstand::lab {
namespace {

constexpr int control = 3;
constexpr char armed_word = 'A';
constexpr char disarm_word = 'D';

SpawnOptions guardian_options() {
  SpawnOptions options;
  options.args = {"__guardian"};
  options.dies_with_us = false;
  return options;
}

/// A place at the top of the cgroup tree, where whoever ends the orchestrator's whole cgroup (a service manager, a CI
/// runner) does not reach the guardian. Only root may have one.
class OwnCgroup {
 public:
  OwnCgroup() : before_(os::own_cgroup()) {
    const auto top = os::cgroup_mount();
    if (!top || !before_) return;
    top_ = *top;
    try {
      cgroup_.emplace(os::make_passing_cgroup(top_, os::guardian_cgroup_prefix, os::Members::spared));
      os::enter_cgroup(cgroup_->path());
    } catch (const os::SystemError&) {  // an ordinary user's guardian shares the orchestrator's cgroup
      leave();
    }
  }
  ~OwnCgroup() { leave(); }
  OwnCgroup(const OwnCgroup&) = delete;
  OwnCgroup& operator=(const OwnCgroup&) = delete;

 private:
  void leave() noexcept {
    if (!cgroup_) return;
    for (const std::string& place : {*before_, top_}) {  // the first may be gone with the orchestrator
      try {
        os::enter_cgroup(place);
        break;
      } catch (const os::SystemError&) {
        continue;
      }
    }
    cgroup_.reset();
  }
  std::optional<std::string> before_;
  std::string top_;
  std::optional<os::Cgroup> cgroup_;
};

}  // namespace

Guardian::Guardian(const std::string& journal_path) : process_(spawn_helper(guardian_options())) {
  os::send_message(process_.control().get(), journal_path);
  const auto word = os::receive_message(process_.control().get());  // it ignores signals from here on
  if (word->end) throw std::runtime_error("start the guardian: it " + process_.finish(1000).to_text());
}

void Guardian::disarm() {
  os::send_message(process_.control().get(), std::string_view(&disarm_word, 1));
  process_.finish(2000);
  if (const auto top = os::cgroup_mount())  // if it was killed
    os::sweep_cgroups(*top, os::guardian_cgroup_prefix, os::Members::spared);
}

int guardian_main() {
  for (const int ignored : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP}) ::signal(ignored, SIG_IGN);
  os::set_process_name("ws-guardian");
  os::check("enter /", ::chdir("/"));
  const auto journal = os::receive_message(control);
  if (journal->end || !os::send_message(control, std::string_view(&armed_word, 1))) return 0;  // nothing was done yet
  const OwnCgroup apart;
  const auto word = os::receive_message(control);
  if (!word->end) return 0;
  if (::access(journal->data.c_str(), F_OK) < 0) {  // it was killed before it wrote any
    core::remove_empty_state_folder(journal->data);
    return 0;
  }
  const auto outcome = core::undo(journal->data);
  for (const auto& failure : outcome.failed) fmt::print(stderr, "withstand guardian: left behind: {}\n", failure);
  return outcome.failed.empty() ? 0 : 6;
}

}  // namespace withstand::lab
