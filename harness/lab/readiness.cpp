#include "lab/readiness.hpp"

#include <memory>

#include <fmt/format.h>

#include "core/http_get.hpp"
#include "spec/pattern.hpp"
#include "spec/units.hpp"

namespace withstand::lab {
namespace {

constexpr auto interval = std::chrono::milliseconds(10);
constexpr auto late_interval = std::chrono::milliseconds(100);
constexpr auto one_try = std::chrono::seconds(1);

}  // namespace

struct Readiness::State {
  explicit State(core::Lab& its_lab, Question its_question) : lab(its_lab), question(std::move(its_question)) {}
  core::Lab& lab;
  Question question;
  std::function<void(std::string)> done;
  std::string objection = "it has not answered yet";
  bool over = false;
  core::Instant due{};  ///< when its time is over
  core::EventLoop::Registration next, deadline, log;
};

Readiness::Readiness(core::Lab& lab, Question question, std::function<void(std::string)> done)
    : state_(std::make_shared<State>(lab, std::move(question))) {
  auto& state = *state_;
  state.done = std::move(done);
  const auto& ready = state.question.ready;
  if (ready.source == spec::ReadySpec::Source::none) {
    lab.loop().post([shared = state_] { finish(shared, ""); });
    return;
  }
  state.due = core::now() + ready.timeout;
  if (state.question.gives_up)
    state.deadline = lab.loop().at(state.due, [shared = state_] {
      const auto& limit = shared->question.ready.timeout;
      finish(shared, fmt::format("{} was not ready within {}: {}", shared->question.name, spec::to_text(limit),
                                 shared->objection));
    });
  if (ready.source == spec::ReadySpec::Source::log) {
    state.objection = fmt::format("no line of its output matches /{}/", ready.text);
    state.log = lab.on_log(
        [shared = state_, pattern = std::make_shared<const spec::Pattern>(ready.text)](const core::LogLine& line) {
          if (line.node == shared->question.node && pattern->found_in(line.text)) finish(shared, "");
        });
    return;
  }
  ask(state_);
}

Readiness::~Readiness() {
  state_->over = true;
  state_->next.reset();
  state_->deadline.reset();
  state_->log.reset();
}

const std::string& Readiness::objection() const { return state_->objection; }

namespace {

/// Empty when the command said yes.
std::string complaint_about(const core::CommandResult& result) {
  if (result.exit_status == 0 && !result.timed_out) return "";
  const std::string said = result.error.empty() ? result.output : result.error;
  const std::string first = said.substr(0, said.find('\n'));
  const std::string how = result.timed_out ? "did not end within " + spec::to_text(spec::Duration(one_try))
                                           : fmt::format("ended with status {}", result.exit_status);
  return fmt::format("its command {}{}{}", how, first.empty() ? "" : ": ", first);
}

}  // namespace

void Readiness::ask(std::shared_ptr<State> state) {
  using Source = spec::ReadySpec::Source;
  if (state->over) return;
  auto& question = state->question;
  if (question.ready.source == Source::command) {
    state->lab.run_in(question.node, question.command, one_try,
                      [state](const core::CommandResult& result) { answered(state, complaint_about(result)); });
    return;
  }
  const bool http = question.ready.source == Source::http;
  const core::HttpUrl port{state->lab.topology().at(question.node).address, question.port, ""};
  const core::HttpUrl url = http ? core::parse_http_url(question.ready.text).value_or(core::HttpUrl{}) : port;
  const std::string what = http ? question.ready.text : fmt::format("tcp {}:{}", url.host, url.port);
  state->lab.connect(question.node, url.host, url.port, one_try, [=](os::Fd socket, const std::string& error) {
    if (!socket.valid()) return answered(state, fmt::format("{}: {}", what, error));
    if (!http) return answered(state, "");
    core::http_get(state->lab.loop(), std::move(socket), url, one_try, [=](const core::HttpAnswer& answer) {
      if (answer.status == state->question.ready.status) return answered(state, "");
      answered(state, answer.status == 0 ? fmt::format("{}: {}", what, answer.error)
                                         : fmt::format("{}: status {}", what, answer.status));
    });
  });
}

void Readiness::answered(std::shared_ptr<State> state, const std::string& objection) {
  if (state->over) return;
  if (objection.empty()) return finish(state, "");
  state->objection = objection;
  state->next = state->lab.loop().at(core::now() + (core::now() < state->due ? interval : late_interval),
                                     [state] { ask(state); });
}

void Readiness::finish(std::shared_ptr<State> state, const std::string& why_not) {
  if (state->over) return;
  state->over = true;
  state->next.reset();
  state->deadline.reset();
  state->log.reset();
  state->done(why_not);
}

}  // namespace withstand::lab
