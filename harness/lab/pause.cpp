#include "lab/pause.hpp"

#include <signal.h>

#include <fmt/format.h>

namespace withstand::lab {

class PauseControl::Ticket final : public core::Pause {
 public:
  explicit Ticket(std::shared_ptr<PauseControl> control) : control_(control), mechanism_(control->tree_->mechanism()) {}
  ~Ticket() override {
    try {
      resume();
    } catch (const std::exception&) {  // the node's tear-down kills what cannot be resumed
    }
  }

  [[nodiscard]] std::string mechanism() const override { return mechanism_; }
  [[nodiscard]] Proof proof() override {
    const auto control = control_.lock();
    if (!control) return {false, "the pause has ended"};
    return control->proof();
  }
  void resume() override {
    const auto control = control_.lock();
    control_.reset();
    if (control) control->end_one();
  }

 private:
  std::weak_ptr<PauseControl> control_;  ///< empty once resumed
  std::string mechanism_;
};

std::unique_ptr<core::Pause> PauseControl::pause() {
  if (wanted_ == 0) {
    tree_->hold(true);
    ticks_.clear();
    for (const auto& each : tree_->processes()) ticks_[{each.pid, each.start_time}] = each.cpu_ticks;
  }
  ++wanted_;
  return std::make_unique<Ticket>(shared_from_this());
}

void PauseControl::end_one() {
  if (wanted_ > 0 && --wanted_ == 0) tree_->hold(false);
}

void PauseControl::joined(const os::Pidfd& process, bool born_stopped) {
  if (paused()) {
    tree_->hold(true);  // this pause may have begun after the start was asked for
  } else if (born_stopped) {
    process.send(SIGCONT);  // and the one that it was for has ended
  }
}

void PauseControl::release_all() {
  if (wanted_ > 0) tree_->hold(false);
  wanted_ = 0;
}

core::Pause::Proof PauseControl::proof() {
  const auto processes = tree_->processes();
  const auto stillness = tree_->stillness(processes);
  std::size_t idle = 0;
  for (const auto& each : processes) {
    // One that appeared since was started into the pause; from now on it may use no time either.
    const auto known = ticks_.try_emplace({each.pid, each.start_time}, each.cpu_ticks).first;
    if (known->second == each.cpu_ticks) ++idle;
  }
  return {wanted_ > 0 && stillness.holds && idle == processes.size() && !processes.empty(),
          fmt::format("{}; {} of {} processes show no CPU time since", stillness.text, idle, processes.size())};
}

}  // namespace withstand::lab
