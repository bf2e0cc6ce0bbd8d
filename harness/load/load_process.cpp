#include "load/load_process.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <exception>
#include <fcntl.h>
#include <optional>
#include <signal.h>
#include <string>
#include <unistd.h>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/timerfd.h>

#include "load/driver.hpp"
#include "load/final_reader.hpp"
#include "load/generator.hpp"
#include "load/history_file.hpp"
#include "load/load_client.hpp"
#include "load/protocol.hpp"
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

struct LoadProcess::Impl {
  explicit Impl(os::Fd socket);

  int run();
  void wait_for_commands();
  void wait_for_alarm();
  void take_commands();
  void take(const Command& command);
  void configure(const Config& given);
  void begin_final_reads(const Command& command);
  bool turn();  ///< does what is due; true when more is due already
  void report();
  void tell(const Message& message);
  void flush_messages();
  void sleep_until(std::optional<core::Instant> wake);
  void break_down(const std::string& why);

  os::Fd control, timer;
  boost::asio::io_context context{1};
  boost::asio::posix::stream_descriptor commands, alarm;
  Config config;
  std::unique_ptr<HistoryFile> history;
  std::unique_ptr<Driver> driver;
  std::unique_ptr<Generator> generator;
  std::unique_ptr<FinalReader> final_reader;
  std::optional<std::uint64_t> next_id;  ///< for reading back
  std::deque<std::string> unsent;        ///< messages that the socket did not take yet
  bool told_finished = false, leaving = false, broken = false;
};

LoadProcess::Impl::Impl(os::Fd socket)
    : control(std::move(socket)),
      timer(os::check("make a timer", ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC))),
      commands(context, control.duplicate().release()),
      alarm(context, timer.duplicate().release()) {
  ::signal(SIGPIPE, SIG_IGN);  // an exec program that reads no more is told in words
  wait_for_commands();
  wait_for_alarm();
}

int LoadProcess::Impl::run() {
  try {
    while (!leaving && !broken) {
      const bool more = turn();
      report();
      if (!more) {
        std::optional<core::Instant> wake;
        if (final_reader) {
          wake = final_reader->next_wake();
        } else if (generator) {
          wake = generator->next_wake();
        }
        sleep_until(wake);
      }
      context.poll();
    }
  } catch (const std::exception& error) {
    break_down(error.what());
  }
  return broken ? 3 : 0;
}

bool LoadProcess::Impl::turn() {
  if (final_reader) {
    final_reader->advance();
    return false;
  }
  return generator && generator->advance();
}

void LoadProcess::Impl::report() {
  flush_messages();
  if (!generator) return;
  Message message;
  message.kind = Message::Kind::seconds;
  message.seconds = generator->take_seconds();
  if (!message.seconds.empty()) tell(message);
  if (generator->finished() && !std::exchange(told_finished, true)) {
    history->flush();
    message.kind = Message::Kind::finished;
    message.summary = generator->summary();
    tell(message);
  }
  if (final_reader && final_reader->finished()) {
    history->flush();
    message.kind = Message::Kind::final_reads;
    message.final_reads = final_reader->result();
    tell(message);
    next_id = final_reader->next_id();
    final_reader.reset();
  }
}

void LoadProcess::Impl::sleep_until(std::optional<core::Instant> wake) {
  const auto latest = core::now() + longest_sleep;
  const auto until = wake ? std::min(*wake, latest) : latest;
  if (until <= core::now()) return;
  itimerspec setting{};
  setting.it_value = to_timespec(until);
  os::check("arm the timer", ::timerfd_settime(timer.get(), TFD_TIMER_ABSTIME, &setting, nullptr));
  context.run_one();
}

void LoadProcess::Impl::wait_for_alarm() {
  alarm.async_wait(Stream::wait_read, [this](const boost::system::error_code& error) {
    if (error) return;
    std::uint64_t rung = 0;
    (void)os::retry([&] { return ::read(timer.get(), &rung, sizeof rung); });  // armed anew meanwhile: nothing to read
    wait_for_alarm();
  });
}

void LoadProcess::Impl::wait_for_commands() {
  commands.async_wait(Stream::wait_read, [this](const boost::system::error_code& error) {
    if (error) return;
    take_commands();
    if (!leaving) wait_for_commands();
  });
}

void LoadProcess::Impl::take_commands() {
  std::string text;
  while (!leaving) {
    const auto received = receive(control.get(), text);
    if (received == Received::nothing) return;
    if (received == Received::hung_up) {
      leaving = true;
    } else {
      take(command_from(text));
    }
  }
}

void LoadProcess::Impl::take(const Command& command) {
  if (command.kind == Command::Kind::exit) {
    leaving = true;
  } else if (command.kind == Command::Kind::configure) {
    configure(command.config);
  } else if (!generator) {
    throw std::runtime_error("the load was told to act before it was configured");
  } else if (command.kind == Command::Kind::start) {
    generator->start(core::Instant(command.at));
  } else if (command.kind == Command::Kind::stop) {
    generator->stop();
  } else {
    begin_final_reads(command);
  }
}

void LoadProcess::Impl::configure(const Config& given) {
  const auto wrong = objections(given);
  if (!wrong.empty()) throw std::runtime_error(wrong.front().message + ": " + wrong.front().help);
  config = given;
  history = std::make_unique<HistoryFile>(config.history);
  driver = make_driver(config, context, [this](const std::string& why) { break_down(why); });
  generator = std::make_unique<Generator>(config, *driver, *history, [] { return core::now(); });
  driver->when_ready([this] {
    Message message;
    message.kind = Message::Kind::ready;
    tell(message);
  });
}

void LoadProcess::Impl::begin_final_reads(const Command& command) {
  if (!generator->finished()) throw std::runtime_error("the load was told to read back before it had finished");
  auto nodes = command.nodes;
  if (config.workload != "write-once") nodes = {""};
  final_reader = std::make_unique<FinalReader>(
      generator->ledger(), [] { return core::now(); }, config.workload, generator->keys_to_read_back(), nodes,
      core::now() + core::Instant(command.within), next_id.value_or(generator->next_id()),
      static_cast<std::uint64_t>(config.clients));
}

void LoadProcess::Impl::break_down(const std::string& why) {
  if (std::exchange(broken, true)) return;
  Message message;
  message.text = why;
  tell(message);
}

void LoadProcess::Impl::tell(const Message& message) {
  unsent.push_back(to_text(message));
  flush_messages();
}

void LoadProcess::Impl::flush_messages() {
  while (!unsent.empty() && send(control.get(), unsent.front())) unsent.pop_front();
}

LoadProcess::LoadProcess(os::Fd control) : impl_(std::make_unique<Impl>(std::move(control))) {}
LoadProcess::~LoadProcess() = default;
int LoadProcess::run() { return impl_->run(); }

int load_main() {
  os::Fd control(3);
  os::check("keep the control socket from programs", ::fcntl(control.get(), F_SETFD, FD_CLOEXEC));
  os::check("make timers precise", ::prctl(PR_SET_TIMERSLACK, 1UL));
  // A target that uses every core must not make its own clients late. Where it is not allowed, the lag shows it.
  (void)::setpriority(PRIO_PROCESS, 0, -10);
  return LoadProcess(std::move(control)).run();
}

}  // namespace withstand::load
