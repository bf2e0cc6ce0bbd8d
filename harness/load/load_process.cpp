#include "load/load_process.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/timerfd.h>

#include "load/load_client.hpp"
#include "os/check.hpp"

namespace withstand::load {
namespace {

using Stream = boost::asio::posix::stream_descriptor;

/// The longest sleep when nothing is due: seconds without operations are told, and messages that did not fit are sent.
constexpr std::chrono::milliseconds longest_sleep{100};

timespec to_timespec(core::Instant when) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(when);
  return {seconds.count(), (when - seconds).count()};
}

}  // namespace

LoadProcess::LoadProcess(os::Fd control)
    : control_(std::move(control)),
      timer_(os::check("make a timer", ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC))),
      commands_(context_, control_.duplicate().release()),
      alarm_(context_, timer_.duplicate().release()) {
  wait_for_commands();
  wait_for_alarm();
}

LoadProcess::~LoadProcess() = default;

int LoadProcess::run() {
  try {
    while (!leaving_ && !broken_) {
      const bool more = turn();
      report();
      if (!more) {
        std::optional<core::Instant> wake;
        if (final_reader_) {
          wake = final_reader_->next_wake();
        } else if (generator_) {
          wake = generator_->next_wake();
        }
        sleep_until(wake);
      }
      context_.poll();
    }
  } catch (const std::exception& error) {
    break_down(error.what());
  }
  return broken_ ? 3 : 0;
}

bool LoadProcess::turn() {
  if (final_reader_) {
    final_reader_->advance();
    return false;
  }
  return generator_ && generator_->advance();
}

void LoadProcess::report() {
  flush_messages();
  if (!generator_) return;
  Message message;
  message.kind = Message::Kind::seconds;
  message.seconds = generator_->take_seconds();
  if (!message.seconds.empty()) tell(message);
  if (generator_->finished() && !std::exchange(told_finished_, true)) {
    history_->flush();
    message.kind = Message::Kind::finished;
    message.summary = generator_->summary();
    tell(message);
  }
  if (final_reader_ && final_reader_->finished()) {
    history_->flush();
    message.kind = Message::Kind::final_reads;
    message.final_reads = final_reader_->result();
    tell(message);
    next_id_ = final_reader_->next_id();
    final_reader_.reset();
  }
}

void LoadProcess::sleep_until(std::optional<core::Instant> wake) {
  const auto latest = core::now() + longest_sleep;
  const auto until = wake ? std::min(*wake, latest) : latest;
  if (until <= core::now()) return;
  itimerspec setting{};
  setting.it_value = to_timespec(until);
  os::check("arm the timer", ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &setting, nullptr));
  context_.run_one();
}

void LoadProcess::wait_for_alarm() {
  alarm_.async_wait(Stream::wait_read, [this](const boost::system::error_code& error) {
    if (error) return;
    std::uint64_t rung = 0;
    (void)os::retry([&] { return ::read(timer_.get(), &rung, sizeof rung); });  // armed anew meanwhile: nothing to read
    wait_for_alarm();
  });
}

void LoadProcess::wait_for_commands() {
  commands_.async_wait(Stream::wait_read, [this](const boost::system::error_code& error) {
    if (error) return;
    take_commands();
    if (!leaving_) wait_for_commands();
  });
}

void LoadProcess::take_commands() {
  std::string text;
  while (!leaving_) {
    const auto received = receive(control_.get(), text);
    if (received == Received::nothing) return;
    if (received == Received::hung_up) {
      leaving_ = true;
    } else {
      take(command_from(text));
    }
  }
}

void LoadProcess::take(const Command& command) {
  if (command.kind == Command::Kind::exit) {
    leaving_ = true;
  } else if (command.kind == Command::Kind::configure) {
    configure(command.config);
  } else if (!generator_) {
    throw std::runtime_error("the load was told to act before it was configured");
  } else if (command.kind == Command::Kind::start) {
    generator_->start(core::Instant(command.at));
  } else if (command.kind == Command::Kind::stop) {
    while (generator_->advance()) continue;  // what was due before the stop is not left out
    generator_->stop();
  } else {
    begin_final_reads(command);
  }
}

void LoadProcess::configure(const Config& config) {
  const auto wrong = objections(config);
  if (!wrong.empty()) throw std::runtime_error(wrong.front().message + ": " + wrong.front().help);
  config_ = config;
  history_ = std::make_unique<HistoryFile>(config.history);
  driver_ = make_driver(config, context_, [this](const std::string& why) { break_down(why); });
  generator_ = std::make_unique<Generator>(config, *driver_, *history_, [] { return core::now(); });
  Message message;
  message.kind = Message::Kind::ready;
  tell(message);
}

void LoadProcess::begin_final_reads(const Command& command) {
  if (!generator_->finished()) throw std::runtime_error("the load was told to read back before it had finished");
  auto nodes = command.nodes;
  if (config_.workload != "write-once") nodes = {""};
  final_reader_ = std::make_unique<FinalReader>(
      generator_->ledger(), [] { return core::now(); }, generator_->keys_to_read_back(), nodes,
      core::now() + core::Instant(command.within), next_id_.value_or(generator_->next_id()),
      static_cast<std::uint64_t>(config_.clients));
}

void LoadProcess::break_down(const std::string& why) {
  if (std::exchange(broken_, true)) return;
  Message message;
  message.text = why;
  tell(message);
}

void LoadProcess::tell(const Message& message) {
  unsent_.push_back(to_text(message));
  flush_messages();
}

void LoadProcess::flush_messages() {
  while (!unsent_.empty() && send(control_.get(), unsent_.front())) unsent_.pop_front();
}

int load_main() {
  os::Fd control(3);
  os::check("keep the control socket from programs", ::fcntl(control.get(), F_SETFD, FD_CLOEXEC));
  os::check("make timers precise", ::prctl(PR_SET_TIMERSLACK, 1UL));
  // A target that uses every core must not make its own clients late. Where it is not allowed, the lag shows it.
  (void)::setpriority(PRIO_PROCESS, 0, -10);
  return LoadProcess(std::move(control)).run();
}

}  // namespace withstand::load
