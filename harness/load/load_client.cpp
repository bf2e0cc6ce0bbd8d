#include "load/load_client.hpp"

#include <exception>
#include <stdexcept>
#include <utility>

#include "load/protocol.hpp"

namespace withstand::load {

struct LoadClient::Impl {
  core::EventLoop& loop;
  os::Fd control;
  Callbacks callbacks;
  core::EventLoop::Registration reading;
  bool leaving = false, dead = false;

  void tell(const Command& command) {
    // Commands are few and small: a socket that is full means a process that reads nothing any more.
    if (!dead && !send(control.get(), to_text(command))) die("the load process takes no commands any more");
  }

  void die(const std::string& why) {
    if (std::exchange(dead, true)) return;
    reading.reset();
    if (!leaving && callbacks.on_death) callbacks.on_death(why);
  }

  void read() {
    std::string text;
    while (!dead) {
      const auto received = receive(control.get(), text);
      if (received == Received::nothing) return;
      if (received == Received::hung_up) return die("the load process ended");
      take(message_from(text));
    }
  }

  void take(const Message& message) {
    switch (message.kind) {
      case Message::Kind::ready:
        if (callbacks.on_ready) callbacks.on_ready();
        break;
      case Message::Kind::seconds:
        if (callbacks.on_second) callbacks.on_second(message.seconds);
        break;
      case Message::Kind::finished:
        if (callbacks.on_finished) callbacks.on_finished(message.summary);
        break;
      case Message::Kind::final_reads:
        if (callbacks.on_final_reads) callbacks.on_final_reads(message.final_reads);
        break;
      case Message::Kind::broken:
        die(message.text);
        break;
    }
  }
};

LoadClient::LoadClient(core::EventLoop& loop, os::Fd control, const Config& config, Callbacks callbacks)
    : impl_(new Impl{loop, std::move(control), std::move(callbacks), {}}) {
  Command command;
  command.kind = Command::Kind::configure;
  command.config = config;
  impl_->reading = loop.on_readable(impl_->control.get(), [this] { impl_->read(); });
  impl_->tell(command);
}

LoadClient::~LoadClient() = default;

void LoadClient::start(core::Instant at) {
  Command command;
  command.kind = Command::Kind::start;
  command.at = at.count();
  impl_->tell(command);
}

void LoadClient::stop() {
  Command command;
  command.kind = Command::Kind::stop;
  impl_->tell(command);
}

void LoadClient::final_reads(const std::vector<std::string>& nodes, std::chrono::nanoseconds within) {
  Command command;
  command.kind = Command::Kind::final_reads;
  command.nodes = nodes;
  command.within = within.count();
  impl_->tell(command);
}

void LoadClient::exit() {
  impl_->leaving = true;
  impl_->tell({});
}

}  // namespace withstand::load
