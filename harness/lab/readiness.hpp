#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/lab.hpp"
#include "spec/target.hpp"

namespace withstand::lab {

/// Asks one start of a node again and again, every 10 ms, whether it is ready, until it is or the time is over; or for
/// ever, then every 100 ms once the time is over.
/// Everything goes through the lab's own doors: a socket or a command inside the node.
class Readiness {
 public:
  struct Question {
    core::NodeId node = 0;
    std::string name;
    spec::ReadySpec ready;             ///< text expanded; for tcp the address's port is in `port`
    std::int64_t port = 0;             ///< tcp
    std::vector<std::string> command;  ///< command, argv
    bool gives_up = true;              ///< when ready.timeout is over
  };
  /// `done` comes once, with an empty text when ready, else with why not.
  Readiness(core::Lab& lab, Question question, std::function<void(std::string why_not)> done);
  ~Readiness();
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  /// What the last answer lacked.
  [[nodiscard]] const std::string& objection() const;

 private:
  struct State;
  static void ask(std::shared_ptr<State> state);
  static void answered(std::shared_ptr<State> state, const std::string& objection);
  static void finish(std::shared_ptr<State> state, const std::string& why_not);
  std::shared_ptr<State> state_;
};

}  // namespace withstand::lab
