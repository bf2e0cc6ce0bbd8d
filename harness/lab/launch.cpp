#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "lab/local_lab_impl.hpp"
#include "spec/units.hpp"

namespace withstand::lab {
namespace {

constexpr auto before_start_timeout = std::chrono::minutes(2);
constexpr auto far_away = std::chrono::hours(24);

std::string first_line(const core::CommandResult& result) {
  const std::string& text = result.error.empty() ? result.output : result.error;
  return text.substr(0, text.find('\n'));
}

/// Brings every target up: each node as soon as all nodes of the kinds it starts after are ready.
class Launch : public std::enable_shared_from_this<Launch> {
 public:
  explicit Launch(LocalLab::Impl& lab) : lab_(lab) {
    for (const core::NodeId id : lab.topology.targets())
      (lab.topology.at(id).attached ? ready_ : waiting_).insert(id);  // what somebody else runs is taken as it is
  }
  void begin() { advance(); }

  [[nodiscard]] bool over() const { return failure_ || ready_.size() == lab_.topology.targets().size(); }
  [[nodiscard]] const std::optional<LaunchFailure>& failure() const { return failure_; }

 private:
  void advance() {
    const auto ripe = [this](core::NodeId id) {
      const auto& kinds = lab_.renderer.kind(id)->starts_after;
      return std::all_of(kinds.begin(), kinds.end(), [this](const std::string& kind) {
        const auto members = lab_.topology.of_kind(kind);
        return std::all_of(members.begin(), members.end(),
                           [this](core::NodeId each) { return ready_.count(each) > 0; });
      });
    };
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      const core::NodeId id = *it;
      if (!ripe(id)) {
        ++it;
        continue;
      }
      it = waiting_.erase(it);
      prepare(id);
    }
  }

  void prepare(core::NodeId id) {
    const auto& command = lab_.node(id).plan().before_start;
    if (command.empty()) return start(id);
    lab_.run(id, command, before_start_timeout, [self = weak_from_this(), id](const core::CommandResult& result) {
      if (const auto launch = self.lock()) launch->prepared(id, result);
    });
  }

  void prepared(core::NodeId id, const core::CommandResult& result) {
    if (failure_) return;
    if (result.exit_status == 0 && !result.timed_out) {
      if (lab_.disks) lab_.disks->settle(id);  // what set a system up is not what is tested
      return start(id);
    }
    const std::string how = result.timed_out ? "did not end within " + spec::to_text(before_start_timeout)
                                             : fmt::format("ended with status {}", result.exit_status);
    fail(id, fmt::format("before_start of {} {}: {}", lab_.topology.at(id).name, how, first_line(result)));
    failure_->detail += result.output + result.error;
  }

  void start(core::NodeId id) {
    lab_.start(id, [self = weak_from_this(), id](const std::string& why_not) {
      if (const auto launch = self.lock()) launch->started(id, why_not);
    });
  }

  void started(core::NodeId id, const std::string& why_not) {
    if (!why_not.empty()) return fail(id, why_not);
    ready_.insert(id);
    advance();
  }

  void fail(core::NodeId id, const std::string& reason) {
    if (!failure_) failure_ = lab_.failure(id, reason);
  }

  LocalLab::Impl& lab_;
  std::set<core::NodeId> waiting_, ready_;
  std::optional<LaunchFailure> failure_;
};

}  // namespace

std::optional<LaunchFailure> LocalLab::launch(const std::function<bool()>& interrupted) {
  const auto launch = std::make_shared<Launch>(*impl_);
  launch->begin();
  impl_->loop.run_until([&] { return launch->over() || (interrupted && interrupted()); }, core::now() + far_away);
  return launch->failure();
}

}  // namespace withstand::lab
